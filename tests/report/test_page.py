"""The page on a run: what is on it, in which order, that it needs nothing else and that nothing breaks it."""

from __future__ import annotations

import base64
import io
import itertools
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.analysis import finding_kinds
from dcgan_tf.config import Config, all_settings, from_json, replace, to_json
from dcgan_tf.errors import RunError
from dcgan_tf.images import save_gif, save_png
from dcgan_tf.report.page import write_report
from dcgan_tf.report.reported_run import ReportedRun
from dcgan_tf.runs import read_config
from exports import export_record

VOID = {"meta", "img", "br", "line", "path"}


class Outline(HTMLParser):
    """Checks that tags are closed, and collects what is asked for below."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str]] = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        self.images += [found] if tag == "img" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def outline(path: Path) -> Outline:
    parser = Outline()
    parser.feed(path.read_text(encoding="utf-8"))
    assert parser.open == []
    return parser


def section(path: Path, anchor: str) -> str:
    """Return the HTML of one section."""
    (found,) = re.findall(rf'<section id="{anchor}".*?</section>', path.read_text(encoding="utf-8"), re.S)
    return found


# The whole


def test_sections_are_in_the_order_in_which_questions_come_up(run_dir, write_finding):
    write_finding("walk")
    page = outline(write_report(run_dir))
    expected = ["glance", "epochs", "evaluation", *finding_kinds(), "curves", "export", "settings"]
    assert page.ids == expected
    assert [f"#{name}" for name in expected[1:]] == page.links[: len(expected) - 1]
    assert list(finding_kinds())[:3] == ["neighbours", "walk", "turn"]


EVALUATION = {
    "step": 30,
    "frechet_distance": {
        "name": "Fréchet distance",
        "value": 20.5,
        "other_real_images": 0.5,
        "pixels_without_form": 96.5,
    },
    "warnings": ["the pictures are far more alike than real images"],
    "protocol": {"space": "classifier"},
}


def test_the_first_section_has_the_newest_pictures_the_evaluation_and_the_outcomes(run_dir, write_finding):
    write_finding("walk")
    (run_dir / "metrics.jsonl").write_text(json.dumps(EVALUATION) + "\n")
    page = write_report(run_dir)
    text = page.read_text(encoding="utf-8")
    first = section(page, "glance")
    assert text.index('id="glance"') < text.index("<section", text.index('id="glance"') + 1)
    assert "after 6 epochs (step 30)" in first
    assert first.count("<img") == 1
    told = "Fréchet distance <strong>20.5</strong> (other real images 0.5, pixels without form 96.5)."
    assert told in first
    assert '<span class="warning">the pictures are far more alike than real images</span>' in first
    assert "the outcome of walk" in first


def test_the_first_section_tells_no_score_that_may_rank_noise_above_photographs(run_dir):
    unguarded = {"precision": {"name": "precision", "value": 0.997, "other_real_images": 0.863}}
    (run_dir / "metrics.jsonl").write_text(json.dumps({"step": 30, **unguarded, **EVALUATION}) + "\n")
    first = section(write_report(run_dir), "glance")
    assert "0.997" not in first
    assert "20.5" in first


def test_an_evaluation_of_something_else_is_not_the_run_s_own(run_dir):
    """Somebody may look at one class, at other data, or at the raw weights, after everything else."""
    spec = read_config(run_dir).data.spec
    own = {"step": 30, **EVALUATION, "protocol": {"against": spec, "generator": "averaged weights (EMA)"}}
    others = [
        {"step": 30, "kernel_distance": {"name": "KID", "value": 9999}, "protocol": own["protocol"] | odd}
        for odd in ({"class": "7"}, {"against": "other"}, {"generator": "raw weights"})
    ]

    def shown(*records):
        (run_dir / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        page = write_report(run_dir)
        return section(page, "glance"), section(page, "evaluation")

    first, whole = shown(own, *others)
    assert "20.5" in first
    assert "9,999" not in first
    for note in ("class 7", "against other", "raw weights"):
        assert f"step 30, last, {note}</th>" in whole or f", {note}</th>" in whole
    for record, note in zip(others, ("class 7", "against other", "raw weights"), strict=True):
        assert f"({note})" in shown(record)[0]
    moved = own["protocol"] | {"against": "/new/place", "own_images": True}
    assert "against" not in shown({**own, "protocol": moved})[0]
    assert f"(against {spec})" in shown({**own, "protocol": own["protocol"] | {"own_images": False}})[0]


def test_without_an_evaluation_the_first_section_has_the_command(run_dir):
    assert f"Not evaluated yet: <code>dcgan-tf evaluate {run_dir}</code>" in section(
        write_report(run_dir), "glance"
    )


def test_settings_of_the_networks_are_told_where_they_are_not_the_usual_ones(run_dir):
    assert "DCGAN, 32 filters, kernels 4×4<" in section(write_report(run_dir), "settings")
    other = {"discriminator_norm": "spectral", "generator_norm": "none", "discriminator_depth": 2}
    config = replace(from_json((run_dir / "config.json").read_text()), discriminator_filters=48, **other)
    (run_dir / "config.json").write_text(to_json(config))
    told = (
        "DCGAN, 32 filters (48 in the discriminator), kernels 4×4, 2 convolutions at each size in the "
        "discriminator, no norm in the generator, spectral norm in the discriminator<"
    )
    assert told in section(write_report(run_dir), "settings")


def test_headings_go_down_one_level_at_a_time(run_dir, tmp_path, write_finding, monkeypatch):
    monkeypatch.chdir(tmp_path)
    export_of("mine", tmp_path / "saved_models" / "phone")
    write_finding("walk")
    text = write_report(run_dir).read_text(encoding="utf-8")
    levels = [int(level) for level in re.findall(r"<h([1-6])", text)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert 3 in levels
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_arithmetic_by_numbers_stands_in_the_place_of_arithmetic(run_dir, write_finding):
    write_finding("sample-arithmetic")
    page = write_report(run_dir)
    assert "the outcome of sample-arithmetic" in section(page, "arithmetic")
    assert "sample-arithmetic" not in outline(page).ids
    write_finding("arithmetic")
    page = write_report(run_dir)
    assert "the outcome of arithmetic" in section(page, "arithmetic")
    assert "the outcome of sample-arithmetic" in section(page, "sample-arithmetic")


def test_commands_of_a_conditional_run_choose_a_class_where_one_must_be_chosen(run_dir):
    tree = json.loads((run_dir / "config.json").read_text())
    tree["model"]["conditional"] = True
    (run_dir / "config.json").write_text(json.dumps(tree))
    facts = {"label_names": ["big cat", "dog"], "attribute_names": []}
    (run_dir / "data.json").write_text(json.dumps(facts))
    page = write_report(run_dir)
    assert f"dcgan-tf walk {run_dir} --label 'big cat'</code>" in unescape(section(page, "walk"))
    assert f"dcgan-tf neighbours {run_dir}</code>" in section(page, "neighbours")


def test_large_pictures_are_packed_anew_and_small_ones_are_taken_as_they_are(run_dir, write_finding):
    grain = np.random.default_rng(0).integers(0, 256, (24, 60, 3), np.uint8).repeat(40, 0).repeat(40, 1)
    folder = write_finding("walk", files=["figure.png", "walk.gif"])
    fine = grain // 2 + np.random.default_rng(1).integers(0, 9, grain.shape, np.uint8)
    save_png(folder / "figure.png", fine)
    save_gif(folder / "walk.gif", [fine[:400, :400], fine[400:800, :400]], milliseconds=70)
    page = write_report(run_dir)
    assert page.stat().st_size < (folder / "figure.png").stat().st_size / 3
    figure, animation = re.findall(r'<img src="data:(.*?);base64,(.*?)" .*?>', section(page, "walk"))
    assert figure[0] == animation[0] == "image/webp"
    with Image.open(io.BytesIO(base64.b64decode(figure[1]))) as picture:
        assert picture.size == (1600, 640)
    with Image.open(io.BytesIO(base64.b64decode(animation[1]))) as picture:
        assert picture.n_frames == 2


def test_a_picture_too_tall_to_be_packed_is_taken_as_it_is(run_dir, write_finding):
    folder = write_finding("walk")
    grain = np.random.default_rng(0).integers(0, 256, (20_000, 4, 3), np.uint8)
    save_png(folder / "figure.png", grain)
    walk = section(write_report(run_dir), "walk")
    assert 'src="data:image/png;base64' in walk
    assert 'width="4" height="20000"' in walk


def test_a_picture_of_too_many_pixels_is_not_said_to_be_damaged(run_dir, write_finding, monkeypatch, recwarn):
    write_finding("walk")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)  # the figure has 400
    assert "The figure is missing." not in section(write_report(run_dir), "walk")
    assert not recwarn.list
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert "left out: it has too many pixels" in section(write_report(run_dir), "problems")


def test_it_is_written_into_the_run_or_where_it_is_asked_for(run_dir, tmp_path):
    assert write_report(run_dir) == run_dir / "report.html"
    assert write_report(run_dir, out=tmp_path / "new" / "a.html") == tmp_path / "new" / "a.html"
    assert (tmp_path / "new" / "a.html").read_bytes() == (run_dir / "report.html").read_bytes()


def test_everything_is_inside_the_page(run_dir, write_finding):
    write_finding("walk")
    text = write_report(run_dir).read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    assert not re.search(r"url\(|@import|<script|<link", text)
    pictures = [image["src"] for image in outline(run_dir / "report.html").images]
    contents = {base64.b64decode(source.partition("base64,")[2]) for source in pictures}
    names = ("step-000005.png", "step-000025.png", "step-000030.png", "real.png", "progress.gif")
    expected = {(run_dir / "samples" / name).read_bytes() for name in names}
    assert contents == expected | {(run_dir / "analysis" / "walk" / "figure.png").read_bytes()}


def test_what_comes_from_files_cannot_become_html(run_dir, write_finding):
    evil = '<script>alert("1")</script>&'
    measure = {"name": evil, "value": 1, "unit": evil, "controls": {evil: 2}, "meaning": evil}
    write_finding("walk", summary=evil, protocol={evil: evil}, measures=[measure], warnings=[evil])
    (run_dir / "data.json").write_text(json.dumps({"name": evil, "num_images": 20}))
    (run_dir / "metrics.jsonl").write_text(json.dumps({"step": 1, evil: evil, "protocol": {evil: evil}}))
    page = write_report(run_dir)
    assert "<script" not in page.read_text(encoding="utf-8")
    assert outline(page).text.count(evil) >= 9


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="is not a run directory"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_has_only_begun_has_a_page(run_dir):
    for path in sorted((run_dir / "samples").iterdir()):
        path.unlink()
    (run_dir / "stats.jsonl").unlink()
    (run_dir / "environment.json").write_text("{")
    (run_dir / "data.json").unlink()
    text = outline(write_report(run_dir)).text
    assert "There are no sample grids yet" in text
    assert "There is no stats.jsonl yet" in text


# The head and training


def test_a_run_of_which_the_settings_were_chosen_says_why(run_dir):
    assert "Why these settings" not in section(write_report(run_dir), "settings")
    lines = [["batch_size 4", "many small steps draw better"], ["short"]]
    choice = {"about": "auto: 20 images", "lines": lines, "notes": ["Expect <variations>."]}
    (run_dir / "choice.json").write_text(json.dumps(choice))
    page = section(write_report(run_dir), "settings")
    for told in ("Why these settings", "batch size 4", "many small steps draw better", "auto: 20 images"):
        assert told in page
    assert "Expect &lt;variations&gt;." in page


def test_a_run_that_began_with_another_one_says_which(run_dir):
    assert "began with" not in section(write_report(run_dir), "settings")
    (run_dir / "origin.json").write_text(json.dumps({"run": "/runs/<cats>", "checkpoint": 12000}))
    page = section(write_report(run_dir), "settings")
    assert "began with" in page
    assert "the networks of /runs/&lt;cats&gt; at step 12,000" in page


def test_the_head_says_what_the_run_is_and_every_setting(run_dir):
    text = outline(write_report(run_dir)).text
    assert "learnt to draw from 20 pictures of portraits" in text
    assert "30 steps of 4, 6 epochs" in text
    assert "Adam 0.0004, non-saturating loss, label smoothing 0.1" in text
    for setting in all_settings():
        assert setting.name.replace("_", " ") in text
    assert "4   (default: 64)" in text
    assert "32×32   (default: 64×64)" in text


def test_grids_after_one_epoch_after_five_and_at_the_end_are_side_by_side(run_dir):
    found = re.findall(r"<figcaption>(.*?)</figcaption>", section(write_report(run_dir), "epochs"))
    assert found == [
        "after 1 epoch (step 5)",
        "after 5 epochs (step 25)",
        "after 6 epochs (step 30)",
        "the whole way",
        "real pictures it learns from",
    ]


def test_the_grids_of_a_conditional_run_have_as_many_of_each_class(run_dir):
    config = from_json((run_dir / "config.json").read_text())
    (run_dir / "config.json").write_text(to_json(replace(config, conditional=True)))
    facts = {"name": "digits", "num_images": 20, "label_names": [*map(str, range(10))]}
    (run_dir / "data.json").write_text(json.dumps(facts))
    page = write_report(run_dir)
    epochs = unescape(section(page, "epochs"))
    assert "the same 60 random latents" in epochs
    assert "none: all 60 are shown" in epochs
    assert 'alt="60 samples after' in section(page, "glance")
    assert "64" not in re.sub('src="[^"]*"', "", epochs)


def test_a_grid_far_from_the_epoch_is_not_passed_off_as_it(run_dir):
    for step in (5, 25):
        (run_dir / "samples" / f"step-{step:06d}.png").unlink()
    found = re.findall(r"<figcaption>(.*?)</figcaption>", section(write_report(run_dir), "epochs"))
    assert found[:2] == ["after 6 epochs (step 30)", "the whole way"]


def test_losses_that_were_not_finite_are_gaps(run_dir):
    record = {"step": 31, "epoch": 6.2, "discriminator_loss": None, "generator_loss": None}
    with (run_dir / "stats.jsonl").open("a") as file:
        file.write(json.dumps(record) + "\n")
    curves = section(write_report(run_dir), "curves")
    assert curves.count("<svg") == 2
    assert "nan" not in curves
    assert "None" not in curves


def test_distances_that_are_no_numbers_are_left_out(run_dir):
    for value in ("NaN", "null", "Infinity"):
        (run_dir / "distances.jsonl").write_text(f'{{"step": 10, "pyramid_distance": {value}}}\n')
        assert "Distance to training images" not in section(write_report(run_dir), "curves")
    with (run_dir / "distances.jsonl").open("a") as file:
        file.write('{"step": 20, "pyramid_distance": 0.5}\n')
    curves = section(write_report(run_dir), "curves")
    assert "Distance to training images" in curves
    assert "nan" not in curves


def test_the_best_checkpoint_alone_is_no_mistake(run_dir):
    (run_dir / "distances.jsonl").write_text('{"step": 20, "pyramid_distance": 0.5}\n')
    (run_dir / "best").mkdir()
    (run_dir / "best" / "ckpt-20.index").touch()
    assert "is that of step 20" in section(write_report(run_dir), "curves")


def test_what_went_wrong_is_said_at_a_glance_and_above_the_curves(run_dir):
    assert "What went wrong?" not in write_report(run_dir).read_text(encoding="utf-8")
    found = {"step": 1200, "title": "D <wins>", "seen": "D is right.", "advice": "Try more."}
    (run_dir / "diagnosis.jsonl").write_text(json.dumps(found) + "\n")
    page = write_report(run_dir)
    assert "D &lt;wins&gt; (from step 1,200 on)" in section(page, "glance")
    assert '<a href="#curves">What went wrong?</a>' in section(page, "glance")
    curves = section(page, "curves")
    warning = "<strong>D &lt;wins&gt;</strong>, from step 1,200 on: D is right. Try more."
    assert f'<p class="warning">{warning}</p>' in curves
    assert curves.index(warning) < curves.index("<svg")


@pytest.mark.parametrize(("smoothing", "level"), [(0.0, "0.5"), (0.2, "0.4")])
def test_the_curves_show_what_a_perfect_generator_would_bring_d_to(run_dir, smoothing, level):
    config = json.loads((run_dir / "config.json").read_text())
    config["training"]["label_smoothing"] = smoothing
    (run_dir / "config.json").write_text(json.dumps(config))
    curves = section(write_report(run_dir), "curves")
    assert f"would bring both to {level} (dashed)" in curves
    assert "compares" not in curves


def test_the_page_says_what_the_discriminator_learnt_from(run_dir):
    config = json.loads((run_dir / "config.json").read_text())
    config["model"]["discriminator_norm"] = "none"
    config["training"] |= {"loss": "relativistic", "label_smoothing": 0, "r1_gamma": 2.5, "r2_gamma": 1}
    config["training"] |= {"diffaugment": 0.5, "discriminator_steps": 2}
    (run_dir / "config.json").write_text(json.dumps(config))
    text = outline(write_report(run_dir)).text
    assert "30 steps of 8, 15 epochs" in text
    words = "relativistic loss, R1 2.5, R2 1, DiffAugment 0.5, 2 updates of the discriminator in a step"
    assert f"Adam 0.0004, {words}" in text
    assert "This discriminator compares" in text


# Analyses


def test_a_number_never_stands_without_what_it_is_and_how_it_was_measured(run_dir, write_finding):
    write_finding("walk")
    found = section(write_report(run_dir), "walk")
    for said in ("82.5 %", "25.0 %", "random latents", "more is better", "How this was measured"):
        assert said in found
    assert "<dt>num images</dt><dd>4,096</dd>" in found
    assert "<dt>held out accuracy</dt><dd>crown 0.99</dd>" in found
    kind, _ = finding_kinds()["walk"]
    assert kind.see in found
    assert kind.look_for in found


def test_missing_analyses_are_a_line_with_the_command(run_dir, monkeypatch):
    monkeypatch.chdir(run_dir.parent.parent)
    page = write_report(Path("runs/mine"))
    assert "Not made yet: <code>dcgan-tf walk runs/mine</code>" in section(page, "walk")
    formula = "--plus man+crown --minus man --plus woman"
    assert f"<code>dcgan-tf arithmetic runs/mine {formula}</code>" in section(page, "arithmetic")


@pytest.mark.parametrize(
    ("facts", "commands"),
    [
        (
            {"attribute_names": ["woman", "crown", "turn"]},
            {
                "turn": "turn RUN",
                "forget": "forget RUN --attribute crown",
                "analogies": "arithmetic RUN --all",
                "probe": "probe RUN",
                "embed": "embed RUN",
            },
        ),
        (
            {"attribute_names": ["tilt", "red hat", "beard"], "binary_attributes": ["red hat", "beard"]},
            {
                "turn": "turn RUN --attribute tilt",
                "forget": "forget RUN --attribute 'red hat'",
                "arithmetic": "arithmetic RUN --plus 'red hat+beard' --minus 'red hat' --plus 'no-red hat'",
                "analogies": "arithmetic RUN --all",
            },
        ),
        (
            {"attribute_names": ["hat"]},
            {
                "turn": "turn RUN --attribute hat",
                "forget": "forget RUN --attribute hat",
                "arithmetic": "arithmetic RUN --plus 0,1,2 --minus 3,4,5 --plus 6,7,8",
                "analogies": None,
            },
        ),
        (
            {"attribute_names": ["tilt"], "binary_attributes": []},
            {"turn": "turn RUN --attribute tilt", "forget": None, "analogies": None, "probe": None},
        ),
        (
            {"attribute_names": [], "label_names": ["0", "1"]},
            {"turn": "turn RUN --attribute 0", "forget": None, "analogies": None, "probe": "probe RUN"},
        ),
        ({}, {"turn": None, "forget": None, "probe": None, "walk": "walk RUN", "filters": "filters RUN"}),
    ],
)
def test_the_command_of_a_missing_analysis_is_one_that_works(facts, commands, run_dir):
    (run_dir / "data.json").write_text(json.dumps(facts))
    page = write_report(run_dir)
    for name, command in commands.items():
        found = unescape(section(page, name))
        if command is None:
            assert "This run cannot have it: " in found
            assert "dcgan-tf" not in found
        else:
            assert f"<code>dcgan-tf {command.replace('RUN', str(run_dir))}</code>" in found


@pytest.mark.parametrize(("unseen", "there"), [(0, False), (1, False), (2, True), (12, True)])
def test_what_needs_images_that_training_never_saw_is_offered_where_there_are_any(unseen, there, run_dir):
    facts = {"attribute_names": ["hat"], "binary_attributes": ["hat"], "num_unseen": unseen}
    (run_dir / "data.json").write_text(json.dumps(facts))
    page = write_report(run_dir)
    for name in ("neighbours", "embed", "probe"):
        found = unescape(section(page, name))
        assert (f"Not made yet: <code>dcgan-tf {name} {run_dir}</code>" in found) == there
        assert (f"training never saw, and there are {unseen}; a new run has some" in found) != there
    assert f"<code>dcgan-tf walk {run_dir}</code>" in section(page, "walk")


def test_of_early_runs_of_a_folder_what_is_not_recorded_is_a_condition(run_dir):
    """Their data.json tells neither which attributes are yes-or-no nor whether images were kept aside."""
    config = json.loads((run_dir / "config.json").read_text())
    config["data"]["spec"] = "pets"
    (run_dir / "config.json").write_text(json.dumps(config))
    (run_dir / "data.json").write_text(json.dumps({"attribute_names": ["age", "hat"]}))
    page = write_report(run_dir)
    unseen, to_be_had = "there are images that training never saw", "Not made yet; this is possible if"
    run = f"{run_dir}"
    for name, told in {
        "forget": f"{to_be_had} age is a yes-or-no attribute: <code>dcgan-tf forget {run} --attribute age<",
        "neighbours": f"{to_be_had} {unseen}: <code>dcgan-tf neighbours {run_dir}<",
        "probe": f"{to_be_had} {unseen} and an attribute is a yes-or-no one: <code>dcgan-tf probe {run_dir}<",
        "analogies": f"{to_be_had} two attributes are yes-or-no ones: <code>dcgan-tf arithmetic {run} --all<",
        "arithmetic": f"Not made yet: <code>dcgan-tf arithmetic {run_dir} --plus 0,1,2 --minus 3,4,5",
        "turn": f"Not made yet: <code>dcgan-tf turn {run_dir} --attribute age<",
    }.items():
        assert told in unescape(section(page, name))


def test_a_command_can_be_pasted_even_if_the_folder_has_a_space(run_dir):
    moved = run_dir.rename(run_dir.with_name("my run & more"))
    text = outline(write_report(moved)).text
    assert f"dcgan-tf walk '{moved}'" in text


def test_a_fully_connected_network_is_not_told_to_show_filters(run_dir):
    tree = json.loads((run_dir / "config.json").read_text())
    tree["model"]["architecture"] = "gan"
    (run_dir / "config.json").write_text(json.dumps(tree))
    page = write_report(run_dir)
    for name in ("filters", "forget", "probe", "embed"):
        assert "Needs convolutional layers" in section(page, name)
    assert "dcgan-tf walk" in section(page, "walk")


def test_warnings_are_seen_and_so_is_a_result_of_another_step(run_dir, write_finding):
    write_finding("walk", warnings=["look twice"], protocol={"step": 20})
    found = section(write_report(run_dir), "walk")
    assert '<p class="warning">look twice</p>' in found
    assert "measured at step 20; the run has reached step 30" in found


def test_an_analysis_that_is_not_known_here_is_shown_after_the_others(run_dir, write_finding):
    write_finding("own_idea")
    page = outline(write_report(run_dir))
    last = list(finding_kinds())[-1]
    assert page.ids[page.ids.index(last) + 1] == "own_idea"
    assert "Own idea" in page.text
    assert "the outcome of own_idea" in page.text


def test_a_unit_that_is_not_a_share_stands_beside_the_name(run_dir, write_finding):
    measures = [
        {"name": name, "value": 0.5, "unit": unit, "controls": {}, "meaning": "m"}
        for name, unit in (("rank", "correlation"), ("mean AUC", "AUC"))
    ]
    write_finding("walk", measures=measures)
    found = section(write_report(run_dir), "walk")
    assert "rank <small>(correlation)</small>" in found
    assert ">mean AUC</th>" in found


def test_animations_are_shown_and_other_files_named(run_dir, write_finding):
    folder = write_finding("walk", files=["figure.png", "walk.gif", "sprite.png", "walk.npy"])
    (folder / "walk.gif").write_bytes((run_dir / "samples" / "progress.gif").read_bytes())
    for name in ("sprite.png", "walk.npy"):
        (folder / name).write_bytes(b"")
    found = section(write_report(run_dir), "walk")
    assert "data:image/gif;base64," in found
    assert f"Also in {folder}: sprite.png, walk.npy" in found


def test_a_file_outside_of_the_analysis_is_not_read(run_dir, write_finding):
    write_finding("turn")
    write_finding("walk", files=["../turn/figure.png", "../../samples/progress.gif"])
    found = section(write_report(run_dir), "walk")
    assert "<img" not in found
    assert "The figure is missing" in found


@pytest.mark.parametrize("content", ["{", "[]", "null"])
def test_a_damaged_result_is_said_to_be_one(content, run_dir, write_finding):
    (write_finding("walk") / "result.json").write_text(content)
    assert "The result cannot be used; this command makes it again" in section(write_report(run_dir), "walk")


def test_a_result_without_anything_in_it_says_what_is_missing(run_dir, write_finding):
    (write_finding("walk") / "result.json").write_text("{}")
    found = section(write_report(run_dir), "walk")
    assert "How this was measured is not recorded" in found
    assert "The figure is missing" in found


def test_a_meaning_is_told_once(run_dir, write_finding):
    measures = [
        {"name": f"n{i}", "value": i, "unit": "count", "controls": {}, "meaning": meaning}
        for i, meaning in enumerate(["less is better", "less is better", "more is better"])
    ]
    write_finding("walk", measures=measures)
    found = section(write_report(run_dir), "walk")
    assert re.findall("less is better|as above|more is better", found) == [
        "less is better",
        "as above",
        "more is better",
    ]


def test_many_kinds_of_controls_share_a_column_and_many_numbers_are_folded(run_dir, write_finding):
    measures = [
        {"name": f"n{i}", "value": i, "unit": "count", "controls": {f"c{i}": i + 0.5}, "meaning": "m"}
        for i in range(10)
    ]
    write_finding("walk", measures=measures)
    found = section(write_report(run_dir), "walk")
    assert "compared with" in found
    assert "<span>c9</span> <b>10</b>" in found
    assert "2 more numbers" in found


# Evaluation and exports


def test_evaluations_stand_side_by_side_with_their_protocols(run_dir):
    records = [
        {"step": step, "frechet_distance": distance, "protocol": {"space": "digits classifier"}}
        for step, distance in ((10, 20.5), (30, 4.25))
    ]
    (run_dir / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    found = section(write_report(run_dir), "evaluation")
    assert [found.index(said) for said in ("step 10", "step 30", "20.5", "4.25")] == sorted(
        found.index(said) for said in ("step 10", "step 30", "20.5", "4.25")
    )
    assert found.count("<dd>digits classifier</dd>") == 2


def test_what_an_evaluation_warns_of_stands_above_it_and_no_score_without_a_guard_is_called_precision(
    run_dir,
):
    precision = {"name": "precision", "value": 0.997, "error": None, "other_real_images": 0.863}
    guarded = {
        "name": "precision, guarded",
        "value": 0.0,
        "error": 0.0,
        "other_real_images": 0.82,
        "random_pixels": 0.25,
        "features_alone": {"value": 0.997, "other_real_images": 0.863},
    }
    records = [
        {"step": 10, "precision": precision, "protocol": {}},
        {"step": 30, "guarded_precision": guarded, "warnings": ["all are alike"], "protocol": {}},
    ]
    (run_dir / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    found = section(write_report(run_dir), "evaluation")
    assert found.index("all are alike") < found.index("<table")
    assert "precision, not guarded: not useful alone" in found
    assert ">precision<" not in found
    assert found.index("random pixels") < found.index("0.25")
    assert found.count("0.997") == 1  # that of the old record; what the features alone say is no score


def test_scores_stand_beside_both_ends_of_their_scale(run_dir):
    records = [
        {
            "step": step,
            "frechet_distance": {
                "name": "Fréchet distance",
                "value": distance,
                "error": 0.125,
                "other_real_images": 0.5,
                "pixels_without_form": 96.5,
            },
            "protocol": {"class": "7", "pixels_without_form": "each at its own place"},
        }
        for step, distance in ((10, 20.5), (30, 4.25))
    ]
    (run_dir / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    found = section(write_report(run_dir), "evaluation")
    told = (
        "step 10, class 7",
        "step 30, class 7",
        "other real images",
        "pixels without form",
        "Fréchet distance",
        "20.5",
        "4.25",
    )
    places = [found.index(said, found.index("<table")) for said in (*told, ">0.5<", "96.5")]
    assert places == sorted(places)
    assert "20.5 ± 0.12" in found
    assert "4.25 ± 0.12" in found
    assert "frechet distance" not in found
    assert "each at its own place" not in found[: found.index("</table>")]


def export_of(run: str, folder: Path, **model: object) -> Path:
    """Write an export.json as `dcgan-tf export` does."""
    folder.mkdir(parents=True)
    (folder / "export.json").write_text(json.dumps(export_record(run, **model)))
    return folder


def test_exports_of_this_run_are_found_and_those_of_others_are_not(run_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    export_of("mine", tmp_path / "saved_models" / "phone")
    export_of("other", tmp_path / "saved_models" / "another")
    export_of("mine", tmp_path / "saved_models" / "later", step=31)
    found = section(write_report(run_dir), "export")
    assert re.findall("<h3>(.*?)</h3>", found) == ["saved_models/phone"]
    for said in ("1.50 MB", "0.01", "equal", "41.3 dB", "0.50 ms", "2.00 ms", "cores 2"):
        assert said in found


def test_an_export_that_is_named_is_shown(run_dir, tmp_path):
    folder = export_of("other", tmp_path / "elsewhere")
    assert f"<h3>{folder}</h3>" in section(write_report(run_dir, exports=[folder]), "export")


@pytest.mark.parametrize(
    ("settings", "generator"),
    [
        ({}, "averaged generator (decay 0.999)"),
        ({"ema_images": 5000}, "averaged generator (half-life 5,000 images)"),
        ({"ema_decay": 0.0}, "generator as trained, not averaged"),
    ],
)
def test_the_page_says_how_the_generator_was_averaged(settings, generator, tmp_path) -> None:
    (tmp_path / "config.json").write_text(to_json(replace(Config(), **settings)))
    assert ReportedRun(tmp_path).generator == generator


def test_paths_may_be_text(run_dir, tmp_path):
    page = write_report(str(run_dir), out=str(tmp_path / "as-text.html"), exports=[str(tmp_path / "none")])
    assert page == tmp_path / "as-text.html"
    assert page.read_text() == write_report(run_dir, exports=[tmp_path / "none"]).read_text()
