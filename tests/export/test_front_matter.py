"""The first lines of a model card, as the Hub's own package reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from dcgan_tf.export.card import model_card
from dcgan_tf.export.folder import FORMATS, PRECISIONS, ExportPaths
from dcgan_tf.export.front_matter import front_matter
from places import ROOT

RECORD = json.loads((ROOT / "saved_models" / "mnist" / "export.json").read_text())


def read(record) -> dict:
    return ModelCard(front_matter(record)).data.to_dict()


def record_of(**model):
    source = model.pop("images_from", "tfds")
    return {**RECORD, "images_from": source, "model": {**RECORD["model"], **model}}


def test_the_hub_reads_the_card_of_an_export():
    card = ModelCard(model_card(RECORD, folder=ROOT / "saved_models" / "mnist"))
    assert card.data.to_dict() == {
        "library_name": "dcgan_tf",
        "pipeline_tag": "unconditional-image-generation",
        "tags": [
            "gan",
            "dcgan",
            "image-generation",
            "tensorflow",
            "litert",
            "webassembly",
            "class-conditional",
        ],
        "datasets": ["ylecun/mnist"],
    }
    assert card.text.lstrip().startswith("# mnist\n\n![64 images that this generator draws](samples.png)")


@pytest.mark.parametrize("name", ["portraits", "mnist", "cifar10"])
def test_the_cards_of_the_repository(name):
    card = ModelCard.load(ROOT / "saved_models" / name / "MODEL_CARD.md")
    assert card.data.library_name == "dcgan_tf"
    assert card.data.license is None


@pytest.mark.parametrize(
    ("model", "datasets"),
    [
        ({"images_from": "hf", "data": "ada/faces"}, ["ada/faces"]),
        ({"images_from": "hf", "data": "ada/faces/large"}, ["ada/faces"]),
        ({"images_from": "tfds", "data": "celeb_a"}, None),
        ({"images_from": "folder", "data": "mnist"}, None),
        ({"images_from": "portraits", "data": "portraits"}, None),
    ],
)
def test_a_dataset_is_named_only_if_it_is_on_the_hub(model, datasets):
    assert read(record_of(**model)).get("datasets") == datasets


@pytest.mark.parametrize("name", ["a: b", "---", '"', "\u2028", "猫", "#", "[x", "no", "a\\b", "%"])
def test_no_name_breaks_the_lines(name):
    assert read(record_of(images_from="hf", data=f"ada/{name}"))["datasets"] == [f"ada/{name}"]


def test_a_generator_without_classes_has_no_tag_for_them():
    record = record_of(architecture="gan")
    del record["model"]["class_names"]
    assert read({**record, "artefacts": {"model.keras": {}}})["tags"] == ["gan", "image-generation", "keras"]


def test_every_format_has_a_tag():
    names = [path.name for path in ExportPaths(Path()).artefacts(FORMATS, PRECISIONS)]
    assert "generator.onnx" in names
    tags = read({**RECORD, "artefacts": {name: {} for name in ["web/index.html", *names]}})["tags"]
    assert {"tensorflow", "keras", "litert", "onnx", "webassembly"} <= set(tags)


@pytest.mark.parametrize("value", [5e-05, 1.5e-07, 1e16, -2e-09, 1.25e22, 0.0, 3.0, 12])
def test_numbers_stay_numbers(value):
    metric = {"name": "a 5e-05 \\", "value": value, "error": None}
    protocol = {"space": '1e-05 "2e-05", 3e-05', "reference": "4e-05"}
    found = read({**record_of(), "evaluated": {"protocol": protocol, "metrics": {"x": metric}}})
    (result,) = found["model-index"][0]["results"]
    assert result["metrics"][0]["value"] == value
    assert result["metrics"][0]["name"] == f"a 5e-05 \\ ({protocol['space']})"
    assert result["dataset"]["args"] == protocol


def test_an_evaluation_is_read_by_the_hub():
    metric = {"name": "recall", "value": 0.7681, "error": 0.0027, "other_real_images": 0.895}
    record = {
        **record_of(),
        "evaluated": {
            "protocol": {"space": "MNIST classifier", "generated_images": 2000, "seed": 0}
            | {
                "reference": "10,000 of 60,000 images of split train",
                "real_images": "2,000 images of split test (held out)",
            },
            "metrics": {"recall": {**metric, "pixels_without_form": 0.0}},
        },
    }
    card = ModelCard(model_card(record, folder=ROOT / "saved_models" / "mnist"))
    (result,) = card.data.eval_results
    assert (result.metric_type, result.metric_value) == ("recall", 0.7681)
    assert result.metric_name == "recall (MNIST classifier)"
    assert result.dataset_args["generated_images"] == 2000
    assert "| recall | 0.768 ± 0.0027 | 0.895 | 0 |" in card.text
    assert (
        "2,000 samples of seed 0, compared with 10,000 of 60,000 images of split train, in the" in card.text
    )
    assert "The other\nreal images are 2,000 images of split test (held out)." in card.text
