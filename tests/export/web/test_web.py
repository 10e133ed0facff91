"""The page is opened in a browser, from the disk, and its pixels are held against TensorFlow's."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.config import ModelConfig
from dcgan_tf.export.formats import litert
from dcgan_tf.export.formats.litert_file import LiteRTFile
from dcgan_tf.export.network.folding import FoldedGenerator, fold
from dcgan_tf.export.web.first_samples import page_latents
from dcgan_tf.export.web.page import write_page
from dcgan_tf.export.web.page_file import read_page
from dcgan_tf.latents import between, with_typical_norm
from open_pages import caption_of, latents, picture_of, pictures, pixels_of, press
from pages import CLASSES, FACTS, fully_connected, random_generator


@pytest.mark.parametrize("kernel_size", [4, 5])
def test_the_page_of_a_generator_draws_what_litert_draws(
    open_page, run_unlike_at_first, tmp_path, kernel_size
):
    """The same weights to a level; the network's own to the bound of 8-bit weights, 45 and 35 dB."""
    run = run_unlike_at_first(image_size=(48, 64), channels=3, kernel_size=kernel_size)
    folded, z = fold(run.generator), run.latents(8, seed=3)
    page = open_page(folded, latent_dim=16)
    page.wait_for_selector("#grid[aria-busy=false]")
    drawn = []
    for latent in z.tolist():
        page.evaluate("(z) => dcgan.show(z)", latent)
        drawn.append(picture_of(page).astype(float))
    same_weights = interpreted(read_page(tmp_path / "index.html"), z, tmp_path)
    assert same_weights.std() > 10
    assert np.abs(drawn - same_weights).max() <= 1
    errors = np.square(drawn - interpreted(folded, z, tmp_path)).mean(axis=(1, 2, 3))
    assert 10 * np.log10(255**2 / errors.mean()) >= 45
    assert 10 * np.log10(255**2 / errors.max()) >= 35


def interpreted(folded: FoldedGenerator, z: np.ndarray, folder: Path) -> np.ndarray:
    """Draw with LiteRT's interpreter from a float32 file, as levels."""
    path = folder / "fp32.tflite"
    path.write_bytes(litert.convert(folded, "fp32", calibration=z))
    return LiteRTFile(path).generate(z).astype(float)


GENERATORS = {
    **{f"kernel {size}": {"kernel_size": size} for size in (2, 3, 4, 5, 6, 7)},
    "grey": {"channels": 1, "kernel_size": 5},
    "wide": {"first": (2, 5), "filters": 5},
    "tall, three upsamplings": {"first": (3, 1), "filters": 3, "upsamples": 3, "channels": 1},
    "one upsampling": {"upsamples": 1, "kernel_size": 3},
}


@pytest.mark.parametrize("name", [*GENERATORS, "fully connected"])
def test_pixels_are_those_of_the_same_weights_in_tensorflow(open_page, tmp_path, name):
    folded = random_generator(**GENERATORS[name]) if name in GENERATORS else fully_connected()
    page = open_page(folded)
    numbers = np.random.default_rng(1)
    z = np.float32([numbers.normal(size=12), numbers.uniform(-1, 1, size=12)])
    expected = pictures(read_page(tmp_path / "index.html"), z)
    assert np.ptp(expected) > 200
    for latent, levels in zip(z, expected, strict=True):
        page.evaluate("(z) => dcgan.show(z)", latent.tolist())
        drawn = picture_of(page)
        assert drawn.shape == (*folded.image_shape[:2], 3)
        assert np.abs(drawn.astype(int) - levels).max() <= 1


def test_generate_returns_what_show_draws(page):
    z = np.linspace(-1, 1, 12).tolist()
    page.evaluate("(z) => dcgan.show(z)", z)
    rgba = page.evaluate("(z) => [...dcgan.generate(z)]", z)
    assert np.array_equal(np.reshape(rgba, (16, 16, 4))[..., :3], picture_of(page))
    assert page.inner_text("#caption") == "a latent of your own"


def test_another_latent_length_is_refused(only_read):
    message = only_read.evaluate(
        "() => { try { dcgan.generate([1, 2]); } catch (error) { return error.message; } }"
    )
    assert message == "expected 12 numbers, received 2"


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_latents_are_as_distributed_and_the_path_keeps_them_so(open_page, distribution):
    page = open_page(random_generator(), latent_distribution=distribution)
    z = latents(page, 400)
    assert z.shape == (400, 12)
    assert abs(z.mean()) < 0.06  # four standard errors of 4,800 numbers: 0.058 and 0.033
    assert z.std() == pytest.approx(1 if distribution == "normal" else 3**-0.5, abs=0.045)
    assert (np.abs(z).max() > 3) == (distribution == "normal")
    model = ModelConfig(latent_dim=12, latent_distribution=distribution)
    np.testing.assert_allclose(z, page_latents(range(1, 401), 12, distribution=distribution), atol=1e-6)
    middle = page.evaluate("[...dcgan.between(1, 2, 0.5)]")
    np.testing.assert_allclose(middle, between(z[0], z[1], 0.5, model), atol=1e-5)
    total = page.evaluate("[...dcgan.arithmetic(1, 2, 3)]")
    np.testing.assert_allclose(total, with_typical_norm(z[:1] - z[1:2] + z[2:3], model)[0], atol=1e-5)


def test_the_slider_walks_from_one_sample_to_the_other(page):
    shown = {}
    for share in ("0", "50", "100"):
        page.fill("#share", share)
        shown[share] = picture_of(page), caption_of(page)
    assert [caption for _, caption in shown.values()] == ["sample 1", "50 % from sample 1 to 2", "sample 2"]
    assert not np.array_equal(shown["0"][0], shown["50"][0])
    assert np.array_equal(shown["0"][0], pixels_of(page, "[data-slot=from] canvas"))
    assert np.array_equal(shown["100"][0], pixels_of(page, "#grid button:nth-child(2) canvas"))


def test_dragging_the_picture_walks(page):
    page.fill("#share", "50")
    box = page.locator("#picture").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, y)
    page.mouse.up()
    assert caption_of(page) == "75 % from sample 1 to 2"
    page.mouse.move(box["x"] + 5, y)
    assert caption_of(page) == "75 % from sample 1 to 2"


def test_a_click_fills_the_active_slot_and_activates_the_next(page):
    page.click("#grid button:nth-child(7)")
    assert caption_of(page) == "sample 7"
    page.click("#grid button:nth-child(9)")
    assert caption_of(page) == "sample 9"
    page.click("[data-slot=to]")
    page.click("#grid button:nth-child(3)")
    page.fill("#share", "40")
    assert caption_of(page) == "40 % from sample 7 to 3"
    assert page.get_attribute("[data-slot=from]", "aria-pressed") == "true"
    assert page.get_attribute("#grid button:nth-child(7)", "aria-label") == "sample 7, From"


def test_arithmetic_adds_and_subtracts_latents(page):
    page.check("[value=arithmetic]")
    for sample in (4, 8, 6):
        page.click(f"#grid button:nth-child({sample})")
    assert caption_of(page) == "samples 4 − 8 + 6"
    drawn = picture_of(page)
    z = latents(page, 8)
    model = ModelConfig(latent_dim=12)
    page.evaluate("(z) => dcgan.show(z)", with_typical_norm(z[3:4] - z[7:8] + z[5:6], model)[0].tolist())
    assert np.abs(picture_of(page).astype(int) - drawn).max() <= 1


def test_the_keyboard_does_everything(page):
    press(page, "n")
    page.wait_for_selector("#grid[aria-busy=false] [aria-label='sample 25']")
    page.focus("#grid button")
    columns = page.evaluate("getComputedStyle(grid).gridTemplateColumns.split(' ').length")
    press(page, "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowDown", "ArrowUp", "Enter")
    assert caption_of(page) == f"sample {25 + columns}"
    press(page, "End", "Enter")
    assert caption_of(page) == "sample 48"
    press(page, "Home", "ArrowLeft", "ArrowUp")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "sample 25"
    assert page.locator("#grid [tabindex='0']").count() == 1
    page.focus("#share")
    press(page, "Home", "PageUp")
    assert re.fullmatch(r"\d+ % from sample \d+ to 48", caption_of(page))
    page.focus("[value=walk]")
    press(page, "ArrowRight")
    assert caption_of(page) == "samples 1 − 2 + 3"


def test_the_keys_that_are_told_are_those_of_the_mode(page):
    page.check("[value=arithmetic]")
    expected = "N new samples, B back, S save, ← → move among the samples, Enter choose the sample"
    assert page.inner_text(".keys") == expected
    page.check("[value=walk]")
    assert page.inner_text(".keys") == (
        "N new samples, B back, S save, Space play or pause, ← → walk on the slider or move among the "
        "samples, Enter choose the sample"
    )


def test_it_says_that_the_picture_can_be_dragged(only_read):
    assert "drag the picture or the slider to walk" in only_read.inner_text("header")


def test_space_plays_and_pauses(page):
    before = caption_of(page)
    press(page, " ")
    assert page.get_attribute("#play", "aria-pressed") == "true"
    assert page.get_attribute("#caption", "aria-live") == "off"
    page.wait_for_function(
        "(before) => document.getElementById('caption').textContent !== before", arg=before
    )
    press(page, " ")
    assert page.get_attribute("#play", "aria-pressed") == "false"
    after = caption_of(page)
    page.wait_for_timeout(150)
    assert caption_of(page) == after


@pytest.mark.parametrize(("reduced_motion", "playing"), [("reduce", "false"), ("no-preference", "true")])
def test_it_moves_by_itself_only_for_those_who_do_not_mind(open_page, reduced_motion, playing):
    page = open_page(random_generator(), reduced_motion=reduced_motion)
    assert page.get_attribute("#play", "aria-pressed") == playing


def test_samples_are_the_same_ones_every_time(page):
    first = [pixels_of(page, f"#grid button:nth-child({i})  canvas") for i in (1, 5, 24)]
    assert not np.array_equal(first[0], first[1])
    page.reload()
    page.wait_for_selector("#grid[aria-busy=false]")
    again = [pixels_of(page, f"#grid button:nth-child({i}) canvas") for i in (1, 5, 24)]
    assert np.array_equal(first, again)


@pytest.mark.parametrize("by", ["button", "key"])
def test_the_saved_png_is_as_large_and_as_smooth_as_the_picture_on_the_page(page, by):
    page.fill("#share", "50")
    drawn = picture_of(page)  # what is saved is what one sees: the frame that is due comes first
    with page.expect_download() as download:
        page.click("#save") if by == "button" else press(page, "s")
    assert download.value.suggested_filename == "faces-50-from-sample-1-to-2.png"
    image = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert (image.format, image.size) == ("PNG", (768, 768))
    pixels = np.asarray(image.convert("RGBA"))
    assert (pixels[..., 3] == 255).all()
    smooth = Image.fromarray(drawn).resize((768, 768), Image.Resampling.BILINEAR)
    assert np.abs(pixels[..., :3] - np.asarray(smooth, float)).mean() < 4
    blocks = drawn.astype(int).repeat(48, axis=0).repeat(48, axis=1)
    assert (
        np.abs(np.diff(pixels[..., :3].astype(int), axis=0)).max() < np.abs(np.diff(blocks, axis=0)).max() / 8
    )


def test_a_picture_that_is_large_already_is_saved_as_it_is(open_page):
    page = open_page(random_generator(first=(400, 2), upsamples=1, channels=1))
    with page.expect_download() as download:
        press(page, "s")
    image = Image.open(Path(download.value.path()))
    assert np.array_equal(np.asarray(image.convert("RGB")), picture_of(page))


# Which samples are shown


def shown_samples(page: Any) -> list[int]:
    """Return the numbers of the samples in the grid."""
    page.wait_for_selector("#grid[aria-busy=false]")
    labels = page.evaluate("[...document.querySelectorAll('#grid button')].map((b) => b.ariaLabel)")
    return [int(re.findall(r"\d+", label)[0]) for label in labels]


def test_the_page_opens_on_the_samples_that_were_chosen_and_then_shows_all_others(open_page, tmp_path):
    chosen = [40, 3, 7, 96, *range(50, 70)]
    page = open_page(random_generator(), first_samples={"numbers": chosen, "of": 96})
    assert shown_samples(page) == chosen
    assert caption_of(page) == "sample 40"
    drawn = pictures(read_page(tmp_path / "index.html"), latents(page, 40)[-1:])[0].astype(int)
    assert np.abs(picture_of(page) - drawn).max() <= 1
    page.fill("#share", "100")
    assert caption_of(page) == "sample 3"
    page.check("[value=arithmetic]")
    assert caption_of(page) == "samples 40 − 3 + 7"
    seen = list(chosen)
    for _ in range(4):
        page.click("#renew")
        seen += shown_samples(page)
    assert seen[24:30] == [1, 2, 4, 5, 6, 8]
    assert sorted(seen) == list(range(1, 121))
    assert "shown first\nthe most realistic 24 of 96 samples" in page.inner_text("footer")


def test_without_a_choice_it_begins_with_sample_1(only_read):
    assert shown_samples(only_read) == list(range(1, 25))
    assert "shown first" not in only_read.inner_text("footer")


def test_there_is_a_way_back_after_new_samples(page):
    assert page.is_disabled("#back")
    press(page, "b")
    assert shown_samples(page)[0] == 1
    page.click("#renew")
    press(page, "n")
    assert shown_samples(page)[0] == 49
    press(page, "b")
    assert shown_samples(page)[0] == 25
    page.focus("#back")
    press(page, "Enter")
    assert shown_samples(page) == list(range(1, 25))
    assert page.get_attribute("#grid button", "aria-label") == "sample 1, From"
    assert page.is_disabled("#back")
    assert page.evaluate("document.activeElement.id") == "renew"


def test_the_name_of_a_button_has_the_words_that_are_seen_on_it(page):
    """WCAG 2.2, 2.5.3: whoever speaks to a machine says what stands there."""
    for mode in ("walk", "arithmetic"):
        page.check(f"[value={mode}]")
        names = page.evaluate(
            "[...document.querySelectorAll('button')].filter((b) => b.offsetWidth)"
            ".map((b) => [b.innerText.trim() + (b.dataset.uses ?? ''), b.ariaLabel ?? b.innerText])"
        )
        assert len(names) > 24
        assert [pair for pair in names if pair[0] not in pair[1]] == []
    assert page.get_attribute("[data-slot=b]", "aria-label") == "without b: sample 2"


def test_hostile_facts_are_only_text(open_page, tmp_path):
    hostile = (
        "</script><script>document.title='owned'</script><!--<script>{{weights}}<img src=x onerror=alert(1)>"
    )
    page = open_page(random_generator(), name=hostile, data=hostile, labels=[hostile])
    assert page.inner_text("h1") == hostile
    assert page.title() == f"{hostile}: latent explorer"
    assert hostile in page.inner_text("#facts")
    assert page.locator("img").count() == 0
    assert read_page(tmp_path / "index.html").latent_dim == 12


def test_the_footer_tells_the_facts(open_page):
    page = open_page(random_generator(), latent_distribution="uniform", num_images=20_000)
    lines = page.inner_text("footer").splitlines()
    weights = 12 * 4 * 4 * 16 + 4 * 4 * (16 * 8 + 8 * 3)
    assert lines == [
        *("trained on", "portraits, 20,000 images"),
        *("step", "1,234"),
        *("latent", "12 numbers, uniform"),
        *("picture", "16 × 16 pixels"),
        *("weights", f"{weights:,} of 8 bits"),
    ]


def with_classes(z: np.ndarray, label: int) -> np.ndarray:
    """Append the class of a picture, one-hot, to latents [N, 12]."""
    return np.hstack([z, np.repeat(np.eye(len(CLASSES))[[label]], len(z), axis=0)])


@pytest.fixture
def class_page(open_page: Callable[..., Any]) -> Any:
    page = open_page(random_generator(num_classes=3), class_names=CLASSES)
    page.wait_for_selector("#grid[aria-busy=false]")
    return page


@pytest.mark.parametrize("make", [random_generator, fully_connected])
def test_picking_a_class_draws_everything_in_that_class(open_page, tmp_path, make):
    page = open_page(make(num_classes=3), class_names=CLASSES)
    weights = read_page(tmp_path / "index.html")
    assert (weights.latent_dim, weights.num_classes) == (12, 3)
    z = latents(page, 3)
    places = {"[data-slot=from] canvas": 0, "[data-slot=to] canvas": 1, "#grid button:nth-child(3) canvas": 2}
    before = None
    for label, name in enumerate(CLASSES):
        page.select_option("#class", name)
        page.fill("#share", "0")
        assert caption_of(page) == f"sample 1, class {name}"
        page.wait_for_selector("#grid[aria-busy=false]")
        expected = pictures(weights, with_classes(z, label)).astype(int)
        for place, sample in {"#picture": 0, **places}.items():
            assert np.abs(pixels_of(page, place) - expected[sample]).max() <= 1, place
        assert before is None or np.abs(expected[0] - before).max() > 50
        before = expected[0]


def test_walks_and_arithmetic_stay_in_the_class(class_page, tmp_path):
    weights, z = read_page(tmp_path / "index.html"), latents(class_page, 3)
    class_page.select_option("#class", "dog")
    class_page.check("[value=arithmetic]")
    assert caption_of(class_page) == "samples 1 − 2 + 3, class dog"
    total = with_typical_norm(z[:1] - z[1:2] + z[2:], ModelConfig(latent_dim=12))
    expected = pictures(weights, with_classes(total, 1))[0]
    assert np.abs(picture_of(class_page).astype(int) - expected).max() <= 1
    class_page.check("[value=walk]")
    class_page.fill("#share", "50")
    assert caption_of(class_page) == "50 % from sample 1 to 2, class dog"


def test_programs_name_the_class_or_take_the_one_that_is_picked(class_page):
    z = np.linspace(-1, 1, 12).tolist()
    class_page.select_option("#class", "dog")
    drawn = {label: class_page.evaluate(f"(z) => [...dcgan.generate(z, {label})]", z) for label in range(3)}
    assert class_page.evaluate("(z) => [...dcgan.generate(z)]", z) == drawn[1] != drawn[0] != drawn[2]
    for label in (-1, 3):
        message = class_page.evaluate(
            "([z, label]) => { try { dcgan.generate(z, label); } catch (error) { return error.message; } }",
            [z, label],
        )
        assert message == f"there is no class {label}"


def test_the_class_is_picked_with_the_keyboard_whose_letters_look_for_it(class_page):
    assert class_page.get_by_role("combobox", name="Class", exact=True).input_value() == "0"
    class_page.focus("#class")
    press(class_page, "ArrowDown")
    assert caption_of(class_page).endswith(", class dog")
    press(class_page, "n", "s", "a")
    assert class_page.get_attribute("#grid button", "aria-label").startswith("sample 1")


def test_new_samples_are_of_the_class_even_if_it_changes_while_they_are_drawn(class_page, tmp_path):
    weights = read_page(tmp_path / "index.html")
    class_page.evaluate("""() => {
      document.getElementById("renew").click();
      document.getElementById("class").selectedIndex = 2;
      document.getElementById("class").dispatchEvent(new Event("input"));
    }""")
    class_page.wait_for_selector("#grid[aria-busy=false] [aria-label='sample 48']")
    z = latents(class_page, 48)[24:]
    for i, expected in enumerate(pictures(weights, with_classes(z, 2)).astype(int)):
        drawn = pixels_of(class_page, f"#grid button:nth-child({i + 1}) canvas")
        assert np.abs(drawn - expected).max() <= 1
    assert class_page.locator("#grid .waiting").count() == 0


def test_the_footer_counts_the_classes_and_their_names_are_text(class_page):
    lines = class_page.inner_text("footer").splitlines()
    assert lines[lines.index("classes") + 1] == "3"
    assert class_page.locator("#class option").all_inner_texts() == CLASSES
    assert "random numbers and the class that you pick" in " ".join(class_page.inner_text("header").split())


def test_without_classes_nothing_is_said_of_any(only_read):
    assert not only_read.is_visible("#class")
    assert "class" not in only_read.inner_text("body").lower()


@pytest.mark.parametrize("name", ["page", "class_page"])
def test_nothing_stands_over_the_side_and_everything_can_be_touched(request, name):
    page = request.getfixturevalue(name)
    if name == "class_page":
        page.select_option("#class", CLASSES[2])
    for width, mode in itertools.product((320, 390, 1280), ("walk", "arithmetic")):
        page.set_viewport_size({"width": width, "height": 800})
        page.check(f"[value={mode}]")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        sizes = page.evaluate(
            "[...document.querySelectorAll('main button, main select')].map((e) => e.getBoundingClientRect())"
            ".filter(({ width }) => width > 0).map(({ width, height }) => Math.min(width, height))"
        )
        assert min(sizes) >= 44, (width, mode)


def test_a_browser_without_what_it_needs_gets_a_sentence(browser, tmp_path):
    write_page(tmp_path / "index.html", random_generator(), FACTS)
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete globalThis.DecompressionStream")
    page.goto((tmp_path / "index.html").as_uri())
    page.wait_for_function(
        "document.getElementById('message').textContent.startsWith('The network cannot run here; it needs')"
    )
    assert page.is_visible("#message")
    assert not page.is_visible("#explorer")
    context.close()


@pytest.mark.parametrize("end", ['id="weights">H4sI', "const SAMPLES"])
def test_a_file_that_was_cut_short_says_what_to_do(broken_tab, tmp_path, end):
    file = tmp_path / "index.html"
    write_page(file, random_generator(), FACTS)
    file.write_text(file.read_text().split(end)[0] + end)
    broken_tab.goto(file.as_uri())
    assert broken_tab.inner_text("#message").endswith("the file is incomplete: copy or download it again.")
    assert not broken_tab.is_visible("#explorer")


def test_a_file_that_was_damaged_says_what_to_do(broken_tab, tmp_path):
    file = tmp_path / "index.html"
    write_page(file, random_generator(), FACTS)
    before, weights = file.read_text().split('id="weights">')
    file.write_text(f'{before}id="weights">{weights[:400]}{"A" * 40}{weights[440:]}')
    broken_tab.goto(file.as_uri())
    broken_tab.wait_for_function(
        "document.getElementById('message').textContent.includes('the file is damaged')"
    )
    assert not broken_tab.is_visible("#explorer")


def test_without_javascript_a_sentence_stands_there(browser, tmp_path):
    write_page(tmp_path / "index.html", random_generator(), FACTS)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "index.html").as_uri())
    assert "needs JavaScript" in page.inner_text("#message")
    context.close()


def test_the_page_forbids_itself_to_load_anything(broken_tab, tmp_path):
    write_page(tmp_path / "index.html", random_generator(), FACTS)
    broken_tab.goto((tmp_path / "index.html").as_uri())
    directive = broken_tab.evaluate("""new Promise((done) => {
      addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
      fetch("https://example.org/").catch(() => null);
    })""")
    assert directive == "connect-src"
