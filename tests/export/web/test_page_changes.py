"""What is changed of a picture on the page is what Python computes; it can be undone, linked and saved."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from dcgan_tf.analysis.forget.generator_halves import split_generator
from dcgan_tf.analysis.turn.directions import along
from dcgan_tf.config import ModelConfig
from dcgan_tf.export.network.folding import FoldedGenerator, fold
from dcgan_tf.export.web.page_file import read_page
from dcgan_tf.latents import between, truncated, with_typical_norm
from open_pages import caption_of, latents, picture_of, pictures, pixels_of, press
from pages import CLASSES, fully_connected, random_generator

NORMAL = ModelConfig(latent_dim=12)


def direction(name: str, *, seed: int, shown_class: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a direction of 12 numbers, as it stands in a page."""
    vector = np.round(np.random.default_rng(seed).normal(size=12), 4).tolist()
    measured = {"changes": 1.2, "kept": 0.97, "kept_by_chance": 0.9, "num_images": 200}
    return {"name": name, "shown_class": shown_class, "vector": vector, **measured, **more}


def forgotten(name: str, *, layer: int, maps: list[int], shown_class: str | None = None) -> dict[str, Any]:
    """Return maps to drop, as they stand in a page."""
    measured = {"left": 0.05, "left_by_chance": 0.93, "changed": 0.04, "realistic": 0.91, "num_images": 1024}
    return {"name": name, "shown_class": shown_class, "layer": layer, "maps": maps, **measured}


ADJUSTMENTS = {
    "directions": [direction("smile", seed=1), direction("to", seed=2)],
    "forgettable": [forgotten("crown", layer=0, maps=[1, 4]), forgotten("glasses", layer=1, maps=[2])],
}


def without(folded: FoldedGenerator, layer: int, maps: list[int]) -> FoldedGenerator:
    """Return the generator without some feature maps behind a layer: no weights and no bias make them."""
    dense, upsamples = list(folded.dense), list(folded.upsamples)
    layers, place = (dense, layer) if layer < len(dense) else (upsamples, layer - len(dense))
    channels = folded.first_map[2] if layers is dense else layers[place].bias.size
    kept = ~np.isin(np.arange(layers[place].bias.size) % channels, maps)
    layers[place] = replace(layers[place], kernel=layers[place].kernel * kept, bias=layers[place].bias * kept)
    return replace(folded, dense=tuple(dense), upsamples=tuple(upsamples))


def slide(page: Any, name: str, far: float) -> None:
    """Move the slider of an attribute."""
    page.get_by_role("slider", name=name, exact=True).fill(str(far))


@pytest.fixture
def changing(open_page: Callable[..., Any]) -> Any:
    """Return a page with sliders and switches, whose samples are drawn."""
    page = open_page(random_generator(), adjustments=ADJUSTMENTS)
    page.wait_for_selector("#grid[aria-busy=false]")
    return page


@pytest.fixture
def weights(tmp_path: Path) -> Callable[[], FoldedGenerator]:
    """Return a function that reads the weights of the page."""
    return lambda: read_page(tmp_path / "index.html")


# The numbers are Python's


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_sliders_move_the_latent_as_python_does(open_page, weights, distribution):
    page = open_page(random_generator(), adjustments=ADJUSTMENTS, latent_distribution=distribution)
    model = ModelConfig(latent_dim=12, latent_distribution=distribution)
    z = latents(page, 2)
    page.fill("#share", "25")
    slide(page, "smile", 0.6)
    slide(page, "to", -0.4)
    start = between(z[:1], z[1:], 0.25, model)
    vectors = np.array([one["vector"] for one in ADJUSTMENTS["directions"]])
    both = 0.6 * vectors[:1] - 0.4 * vectors[1:]
    expected = along(start, both, np.ones((1, 1)))[:, 0]
    assert np.abs(expected - start).max() > 0.3
    drawn = picture_of(page).astype(int)
    np.testing.assert_allclose(page.evaluate("[...dcgan.shown()]"), expected[0], atol=1e-5)
    assert np.abs(drawn - pictures(weights(), expected)[0]).max() <= 1
    assert caption_of(page) == "25 % from sample 1 to 2, smile +0.60, to −0.40"


@pytest.mark.parametrize("layer", [3, 2, 1])
def test_a_switch_forgets_what_the_analysis_forgets(open_page, weights, run_unlike_at_first, layer):
    """Maps are counted from the image there, and from the latent here; batch norm is folded here."""
    run = run_unlike_at_first(image_size=(32, 32), channels=3)
    halves, folded = split_generator(run.generator, layer=layer), fold(run.generator)
    maps = np.arange(0, halves.shape[2], 2)
    place = len(folded.dense) - 1 + len(folded.upsamples) - layer
    adjustments = {"forgettable": [forgotten("crown", layer=place, maps=maps.tolist())]}
    page = open_page(folded, adjustments=adjustments, latent_dim=16)
    z = np.array(page.evaluate("[[...dcgan.latent(1)]]"), np.float32)
    before = picture_of(page).astype(int)
    page.get_by_label("Forget crown").check()
    drawn = picture_of(page).astype(int)
    assert np.abs(drawn - before).max() > 20
    assert np.abs(drawn - pictures(without(weights(), place, maps.tolist()), z)[0]).max() <= 1
    trained = halves.images_without(z, maps)[0].astype(int)
    assert np.abs(pictures(without(folded, place, maps.tolist()), z)[0] - trained).max() <= 1
    assert 10 * np.log10(255**2 / np.square(drawn - trained).mean()) > 35  # its weights have 8 bits
    page.get_by_label("Forget crown").uncheck()
    assert np.array_equal(picture_of(page), before)


def test_switches_change_all_pictures_and_add_up(changing, weights):
    z = latents(changing, 3)
    changing.get_by_label("Forget crown").check()
    changing.get_by_label("Forget glasses").check()
    assert caption_of(changing) == "sample 1, without crown, without glasses"
    changing.wait_for_selector("#grid[aria-busy=false]")
    expected = pictures(without(without(weights(), 0, [1, 4]), 1, [2]), z).astype(int)
    places = ["#picture", "[data-slot=to] canvas", "#grid button:nth-child(3) canvas"]
    for place, picture in zip(places, expected, strict=True):
        assert np.abs(pixels_of(changing, place) - picture).max() <= 1, place


def test_the_mean_of_three_is_that_of_python(changing, weights):
    changing.check("[value=arithmetic]")
    changing.check("#three")
    for sample in (4, 8, 6, 1, 2, 3, 10, 11, 12):
        changing.click(f"#grid button:nth-child({sample})")
    assert caption_of(changing) == "samples (4, 8, 6) − (1, 2, 3) + (10, 11, 12)"
    z = latents(changing, 12)
    a, b, c = (z[np.array(of) - 1].mean(axis=0) for of in ((4, 8, 6), (1, 2, 3), (10, 11, 12)))
    total = with_typical_norm((a - b + c)[None], NORMAL)
    np.testing.assert_allclose(changing.evaluate("[...dcgan.shown()]"), total[0], atol=1e-5)
    assert np.abs(picture_of(changing).astype(int) - pictures(weights(), total)[0]).max() <= 1
    mean = pictures(weights(), with_typical_norm(a[None], NORMAL))[0].astype(int)
    assert np.abs(pixels_of(changing, "[data-slot=a] canvas") - mean).max() <= 1
    changing.uncheck("#three")
    assert caption_of(changing) == "samples 4 − 1 + 10"


def test_means_of_different_numbers_weigh_the_same(open_page):
    page = open_page(random_generator(), address="#a=4,8,6&b=1&c=2,3")
    z = latents(page, 8)
    total = z[[3, 7, 5]].mean(axis=0) - z[0] + z[[1, 2]].mean(axis=0)
    expected = with_typical_norm(total[None], NORMAL)[0]
    np.testing.assert_allclose(page.evaluate("[...dcgan.shown()]"), expected, atol=1e-5)


def test_variety_is_the_truncation_of_python(changing, weights):
    z = latents(changing, 2)
    changing.click(".more summary")
    changing.fill("#truncation", "0.5")
    drawn = picture_of(changing).astype(int)
    assert np.abs(drawn - pictures(weights(), truncated(z, 0.5))[0]).max() <= 1
    second = pixels_of(changing, "[data-slot=to] canvas").astype(int)
    assert np.abs(second - pictures(weights(), truncated(z, 0.5))[1]).max() <= 1


# What is offered


def test_without_anything_found_nothing_of_it_is_shown(only_read):
    for part in ("#sliders", "#switches", "#all-sliders", "#real", "header [data-sliders]"):
        assert not only_read.is_visible(part), part
    assert only_read.is_visible("#undo")


def test_what_was_found_in_one_class_is_offered_and_used_there_only(open_page, weights):
    adjustments = {
        "directions": [direction("smile", seed=1, shown_class="dog")],
        "forgettable": [forgotten("crown", layer=0, maps=[1], shown_class="dog")],
    }
    page = open_page(random_generator(num_classes=3), class_names=CLASSES, adjustments=adjustments)
    assert page.get_by_role("slider", name="smile", exact=True).count() == 0
    assert not page.is_visible("#switch-0")
    page.select_option("#class", "dog")
    slide(page, "smile", 1)
    page.get_by_label("Forget crown").check()
    assert caption_of(page) == "sample 1, smile +1.00, without crown, class dog"
    page.select_option("#class", "cat")
    z = np.hstack([latents(page, 1), np.eye(3)[:1]])
    assert np.abs(picture_of(page).astype(int) - pictures(weights(), z)[0]).max() <= 1
    assert caption_of(page) == "sample 1, class cat"


def test_the_first_sliders_of_the_chosen_class_are_in_sight(open_page):
    names = {
        "cat": [f"of cats {i}" for i in range(7)],
        "dog": [f"of dogs {i}" for i in range(2)],
        CLASSES[2]: [],
    }
    found = [direction(name, seed=1, shown_class=one) for one, all_ in names.items() for name in all_]
    page = open_page(
        random_generator(num_classes=3),
        class_names=CLASSES,
        adjustments={"directions": found},
        address="#class=dog",
    )
    sliders = page.locator("#sliders input, #other-sliders input")

    def in_sight() -> list[str]:
        return [one.evaluate("(e) => e.labels[0].textContent") for one in sliders.all() if one.is_visible()]

    assert in_sight() == names["dog"]
    assert not page.is_visible("#all-sliders")
    page.select_option("#class", "cat")
    assert in_sight() == names["cat"][:6]
    page.click("text=More sliders")
    assert in_sight() == names["cat"]
    page.select_option("#class", CLASSES[2])
    assert in_sight() == []
    for part in ("#sliders", "#all-sliders", "#kept", "header [data-sliders]"):
        assert not page.is_visible(part), part


def test_a_fully_connected_generator_has_sliders_too(open_page, weights):
    page = open_page(fully_connected(), adjustments={"directions": ADJUSTMENTS["directions"][:1]})
    slide(page, "smile", 1)
    vector = np.array([ADJUSTMENTS["directions"][0]["vector"]])
    expected = along(latents(page, 1), vector, np.ones((1, 1)))[:, 0]
    assert np.abs(picture_of(page).astype(int) - pictures(weights(), expected)[0]).max() <= 1


def test_the_measured_shares_stand_beside_what_they_are_of(changing):
    assert changing.get_by_text("keeps 97 % of the rest (random: 90 %)").count() == 2
    notes = changing.get_by_text(
        "left in 5 % (random: 93 %), changes the rest in up to 4 %, 91 % still look real"
    )
    assert notes.count() == 2
    described = changing.get_by_role("slider", name="smile").get_attribute("aria-describedby")
    assert changing.inner_text(f"#{described}").startswith("keeps 97 %")


def test_a_slider_that_keeps_less_than_chance_says_so_and_one_that_was_not_measured_nothing(open_page):
    worse = direction("turn", seed=1, kept=0.82, kept_by_chance=0.85)
    page = open_page(random_generator(), adjustments={"directions": [direction("smile", seed=2), worse]})
    assert page.inner_text("#slider-note-0") == "keeps 97 % of the rest (random: 90 %)"
    assert page.inner_text("#slider-note-1") == (
        "keeps 82 % of the rest (random: 85 %): changes other things, too"
    )
    assert page.is_visible("#kept")
    unknown = direction("cat", seed=1, kept=None, kept_by_chance=None)
    page = open_page(random_generator(), adjustments={"directions": [unknown]})
    assert page.inner_text("#slider-note-0") == ""
    assert not page.is_visible("#kept")


def test_many_sliders_are_behind_one_more_click(open_page):
    names = [f"attribute {i}" for i in range(9)]
    page = open_page(
        random_generator(), adjustments={"directions": [direction(n, seed=i) for i, n in enumerate(names)]}
    )
    assert page.get_by_role("slider", name="attribute 5").is_visible()
    assert not page.get_by_role("slider", name="attribute 6").is_visible()
    page.click("text=More sliders")
    assert page.get_by_role("slider", name="attribute 8").is_visible()


def test_hostile_names_are_only_text(open_page):
    hostile = "</script><img src=x onerror=alert(1)>&seed=9"
    page = open_page(
        random_generator(),
        adjustments={
            "directions": [direction(hostile, seed=1)],
            "forgettable": [forgotten(hostile, layer=0, maps=[1])],
        },
    )
    slide(page, hostile, 0.5)
    page.get_by_label(f"Forget {hostile}").check()
    assert page.locator("img").count() == 0
    again = page.evaluate("location.hash")
    page.click("#reset")
    page.evaluate("(hash) => { location.hash = hash; }", again)
    page.wait_for_selector("#caption:has-text('without')")
    assert caption_of(page) == f"sample 1, {hostile} +0.50, without {hostile}"


# Links and undo


ADDRESS = "#seed=7&to=3&at=0.25&smile=0.6&to*=-0.4&forget=crown&truncation=0.8"


def test_a_link_holds_the_state(open_page):
    page = open_page(random_generator(), adjustments=ADJUSTMENTS, address=ADDRESS)
    assert caption_of(page) == "25 % from sample 7 to 3, smile +0.60, to −0.40, without crown"
    assert page.input_value("#truncation") == "0.8"
    drawn = picture_of(page)
    slide(page, "smile", 0.65)
    slide(page, "smile", 0.6)
    assert page.evaluate("decodeURIComponent(location.hash)") == ADDRESS
    page.reload()
    page.evaluate("dcgan.ready")
    assert np.array_equal(picture_of(page), drawn)


def test_a_link_holds_exemplars_and_the_class(open_page):
    page = open_page(
        random_generator(num_classes=3), class_names=CLASSES, address="#a=4,8,6&b=1&c=2,3&class=dog"
    )
    assert caption_of(page) == "samples (4, 8, 6) − 1 + (2, 3), class dog"
    assert page.is_checked("#three")
    assert page.is_checked("[value=arithmetic]")


def test_a_link_that_names_a_sample_twice_has_it_once(open_page):
    page = open_page(random_generator(), address="#a=1,1&b=12,12,3&c=32")
    assert caption_of(page) == "samples 1 − (12, 3) + 32"
    page.click("#grid button:nth-child(1)")
    assert caption_of(page) == "samples 1 − (12, 3) + 32"


@pytest.mark.parametrize(
    "address",
    [
        "#seed=-1&to=x&at=NaN&smile=&forget=nobody&truncation=abc&class=9",
        "#seed=1e99&to=1.5",
        "#%E0%A4%A&&&=",
        "#unknown",
    ],
)
def test_what_a_link_says_wrongly_is_left_out(open_page, address):
    page = open_page(random_generator(), adjustments=ADJUSTMENTS, address=address)
    assert caption_of(page) == "sample 1"


def test_numbers_beyond_the_ends_are_the_ends(open_page):
    address = "#seed=2&smile=7&at=-3&truncation=0"
    page = open_page(random_generator(), adjustments=ADJUSTMENTS, address=address)
    assert caption_of(page) == "sample 2, smile +1.00"
    assert page.input_value("#truncation") == "0.3"


def test_everything_can_be_undone_and_done_again(changing):
    done = [caption_of(changing)]
    slide(changing, "smile", 0.5)
    done.append(caption_of(changing))
    changing.get_by_label("Forget crown").check()
    done.append(caption_of(changing))
    changing.click("#grid button:nth-child(5)")
    done.append(caption_of(changing))
    changing.check("[value=arithmetic]")
    done.append(caption_of(changing))
    changing.check("#three")
    done.append(caption_of(changing))
    assert len(set(done)) == 6
    for expected in reversed(done[:-1]):
        changing.click("#undo")
        assert caption_of(changing) == expected
    assert changing.get_attribute("#undo", "aria-disabled") == "true"
    changing.click("#undo", force=True)
    assert caption_of(changing) == done[0]
    for expected in done[1:]:
        press(changing, "Control+Shift+Z")
        assert caption_of(changing) == expected
    press(changing, "Control+z")
    assert caption_of(changing) == done[-2]
    changing.click("#renew")
    changing.check("[value=walk]")
    assert changing.get_attribute("#redo", "aria-disabled") == "true"


def test_undo_and_redo_keep_what_the_other_mode_had_chosen(changing):
    changing.check("[value=arithmetic]")
    for sample in (7, 8, 9):
        changing.click(f"#grid button:nth-child({sample})")
    changing.check("[value=walk]")
    changing.click("#grid button:nth-child(5)")
    slide(changing, "smile", 0.5)
    changing.click("#undo")
    changing.check("[value=arithmetic]")
    assert caption_of(changing) == "samples 7 − 8 + 9"
    slide(changing, "smile", 0.5)
    changing.click("#undo")
    changing.click("#undo")
    changing.click("#redo")
    changing.check("[value=walk]")
    assert caption_of(changing) == "sample 5"


def test_buttons_out_of_use_do_nothing(changing):
    """Those of aria-disabled can be pressed still; a walk goes on."""
    changing.click("#play")
    for button in ("undo", "redo", "reset"):
        changing.click(f"#{button}", force=True)
        assert changing.get_attribute("#play", "aria-pressed") == "true", button
        assert changing.get_attribute("#undo", "aria-disabled") == "true", button
    changing.click("#play")


@pytest.mark.parametrize("name", ["constructor", "toString", "__proto__"])
def test_an_attribute_may_be_called_as_what_every_object_has(open_page, name):
    page = open_page(random_generator(), adjustments={"directions": [direction(name, seed=1)]})
    slide(page, name, 0.5)
    assert caption_of(page) == f"sample 1, {name} +0.50"
    page.click("#reset")
    assert caption_of(page) == "sample 1"
    page.click("#undo")
    assert caption_of(page) == f"sample 1, {name} +0.50"


def test_reset_puts_back_what_was_changed_and_keeps_the_samples(changing):
    changing.click("#grid button:nth-child(5)")
    slide(changing, "smile", 0.5)
    changing.get_by_label("Forget crown").check()
    changing.click("#reset")
    assert caption_of(changing) == "sample 5"
    assert not changing.get_by_label("Forget crown").is_checked()
    changing.click("#undo")
    assert caption_of(changing) == "sample 5, smile +0.50, without crown"


def test_a_walk_that_starts_by_itself_is_nothing_to_undo(open_page):
    page = open_page(random_generator(), reduced_motion="no-preference")
    page.wait_for_selector("#play[aria-pressed=false]")
    assert caption_of(page) == "sample 2"
    assert page.get_attribute("#undo", "aria-disabled") == "true"
    assert page.evaluate("location.hash") == ""


def test_the_link_can_be_copied(changing):
    changing.context.grant_permissions(["clipboard-read", "clipboard-write"])
    slide(changing, "smile", 0.5)
    changing.click("text=Share")
    changing.click("#link")
    changing.wait_for_selector("#said:has-text('The link is copied')")
    assert changing.evaluate("navigator.clipboard.readText()").endswith("#seed=1&to=2&smile=0.5")
    assert changing.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert not changing.is_visible("#link")


def test_a_page_without_an_address_of_its_own_says_what_to_add_to_one(open_page, broken_tab, tmp_path):
    open_page(random_generator(), adjustments=ADJUSTMENTS)
    text = html.escape((tmp_path / "index.html").read_text())
    errors: list[str] = []
    broken_tab.on("pageerror", lambda error: errors.append(str(error)))
    broken_tab.emulate_media(reduced_motion="reduce")
    broken_tab.set_content(f'<iframe srcdoc="{text}" width="1200" height="700"></iframe>')
    frame = broken_tab.frame_locator("iframe")
    frame.get_by_role("slider", name="smile", exact=True).fill("0.5")
    frame.get_by_text("Share").click()
    frame.locator("#link").click()
    frame.locator("#said:has-text('#seed=1&to=2&smile=0.5')").wait_for()
    assert errors == []


# What can be taken away


def enlarged(page: Any, canvas: str) -> np.ndarray:
    """Read a canvas as the browser enlarges it to 256 pixels, float [256, 256, 3]."""
    url = page.eval_on_selector(
        canvas,
        """(canvas) => {
          const large = document.createElement("canvas");
          Object.assign(large, { width: 256, height: 256 });
          const context = large.getContext("2d");
          context.imageSmoothingQuality = "high";
          context.drawImage(canvas, 0, 0, 256, 256);
          return large.toDataURL();
        }""",
    )
    picture = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1])))
    return np.asarray(picture.convert("RGB"), float)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_walk_is_saved_as_a_gif_there_and_back(open_page, channels):
    page = open_page(random_generator(channels=channels))
    ends = [enlarged(page, f"[data-slot={slot}] canvas") for slot in ("from", "to")]
    page.click("text=Share")
    with page.expect_download() as download:
        page.click("#gif")
    assert download.value.suggested_filename == "faces-from-sample-1-to-2.gif"
    with Image.open(io.BytesIO(Path(download.value.path()).read_bytes())) as film:
        assert (film.format, film.n_frames, film.size, film.info["loop"]) == ("GIF", 46, (256, 256), 0)
        assert film.info["duration"] == 80
        frames = [np.asarray(frame.convert("RGB"), float) for frame in ImageSequence.Iterator(film)]
    for place, end in ((0, ends[0]), (23, ends[1])):
        difference = np.abs(frames[place] - end)
        # 256 greys are all that there are; of a picture of noise, 256 colours are the nearest of 32,768.
        assert (difference.max() == 0) if channels == 1 else (difference.mean() < 8), place
    assert np.array_equal(frames[1], frames[45])
    assert np.abs(np.subtract(frames[0], frames[12])).mean() > 5


def test_a_gif_stays_as_it_was_begun(open_page):
    adjustments = {"directions": [direction("smile", seed=1, shown_class="dog")]}
    files = []
    for meanwhile in ("", "Object.assign(select, { value: '0' }).dispatchEvent(new Event('input'))"):
        page = open_page(
            random_generator(num_classes=3),
            class_names=CLASSES,
            adjustments=adjustments,
            address="#class=dog&smile=1",
        )
        with page.expect_download() as download:
            page.evaluate(
                f"""() => {{
                  const select = document.getElementById("class");
                  document.getElementById("gif").click();
                  {meanwhile};
                }}"""
            )
        assert ("cat" in caption_of(page)) == bool(meanwhile)
        files.append(Path(download.value.path()).read_bytes())
    assert files[0] == files[1]


def test_a_print_has_the_picture_and_the_samples_and_no_buttons(changing):
    changing.emulate_media(media="print")
    assert changing.is_visible("#picture")
    assert changing.is_visible("#caption")
    assert changing.is_visible("#facts")
    for part in ("#save", "#undo", "#share", "#renew", "[value=walk]", "#sliders"):
        assert not changing.is_visible(part), part
    changing.emulate_media(media="screen")


# Real neighbours


def grid_of(images: np.ndarray, *, of: int) -> dict[str, Any]:
    """Return images uint8 [N, 8, 8, 3] as they stand in a page, in rows of four."""
    rows = [np.concatenate(list(row), axis=1) for row in images.reshape(-1, 4, 8, 8, 3)]
    file = io.BytesIO()
    Image.fromarray(np.concatenate(rows)).save(file, format="jpeg", quality=95, subsampling=0)
    jpeg = base64.b64encode(file.getvalue()).decode()
    return {"jpeg": jpeg, "count": len(images), "columns": 4, "height": 8, "width": 8, "of": of}


def test_real_neighbours_are_those_that_differ_least(open_page, weights):
    numbers = np.random.default_rng(0)
    page = open_page(random_generator())
    small = np.asarray(Image.fromarray(picture_of(page)).resize((8, 8), Image.Resampling.BOX), int)
    far = [120, 60, 8, 90, 30, 2, 150, 45, 75, 100, 20, 140]  # how far each is from the picture, in levels
    noise = numbers.uniform(-1, 1, (len(far), 8, 8, 3)) * np.reshape(far, (-1, 1, 1, 1))
    page = open_page(
        random_generator(), real_images=grid_of(np.clip(small + noise, 0, 255).astype(np.uint8), of=5000)
    )
    page.click("#real summary")
    page.wait_for_selector("#real-images figure")
    shown = [float(text) for text in page.locator("#real-images figcaption").all_inner_texts()]
    expected = sorted(np.abs(np.clip(small + noise, 0, 255) - small).mean(axis=(1, 2, 3)))[:6]
    assert shown == sorted(shown)
    np.testing.assert_allclose(shown, expected, atol=3)  # JPEG, and another filter
    assert "nearest of 12 training images" in page.inner_text("#real-note")
    assert "It learnt from 5,000" in page.inner_text("#real-note")
    page.click("#grid button:nth-child(9)")
    page.wait_for_function(
        "(before) => document.querySelector('#real-images figcaption').textContent !== before",
        arg=str(shown[0]),
    )


# For everybody


def test_every_part_has_a_name_and_is_large_enough_to_be_touched(changing):
    for width in (320, 1280):
        changing.set_viewport_size({"width": width, "height": 800})
        changing.evaluate("document.querySelector('.more').open = true")
        sizes = changing.evaluate(
            "[...document.querySelectorAll('input, button, summary, select')].filter((e) => e.offsetWidth)"
            ".map((e) => [e.id || e.textContent, Math.min(e.offsetWidth, e.offsetHeight)])"
        )
        assert [one for one in sizes if one[1] < 24] == []
        assert changing.evaluate("document.documentElement.scrollWidth") <= width
    names = changing.evaluate(
        "[...document.querySelectorAll('input')].map((e) => e.labels[0]?.textContent || e.ariaLabel || '')"
    )
    assert all(name.strip() for name in names)


def test_the_keyboard_moves_sliders_and_switches(changing):
    changing.focus("#slider-0")
    press(changing, "ArrowRight", "ArrowRight")
    assert caption_of(changing) == "sample 1, smile +0.10"
    changing.focus("#switch-0")
    press(changing, " ")
    assert caption_of(changing) == "sample 1, smile +0.10, without crown"
    assert changing.get_attribute("#play", "aria-pressed") == "false"
