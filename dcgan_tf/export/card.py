"""Show the figures of an export to people: a line on the terminal, and MODEL_CARD.md."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dcgan_tf.export.evaluated import evaluation_section
from dcgan_tf.export.folder import BY_DEFAULT, NAIVE_WAYS
from dcgan_tf.export.front_matter import front_matter
from dcgan_tf.printable import printable

Record = Mapping[str, Any]

_PURPOSES = {
    "saved_model": "TensorFlow, TensorFlow Serving; any number of images at once",
    "model.keras": "Keras",
    "generator-fp32.tflite": "LiteRT, float32",
    "generator-fp16.tflite": "LiteRT, float16 weights; computed in float16 where the processor can",
    "generator-dynamic.tflite": "LiteRT, 8-bit weights: the usual choice",
    "generator-int8.tflite": "LiteRT, 8-bit weights and feature maps, for hardware made for them",
    "generator.onnx": "ONNX Runtime, Windows ML, Unity; float32, any number of images at once",
    "web/index.html": "a page that draws by itself, offline; 8-bit weights",
}

_SOURCES = {
    "portraits": "drawn by dcgan_tf, they show no real people",
    "digits": "handwritten, from scikit-learn",
    "tfds": "from TensorFlow Datasets",
    "hf": "from the Hugging Face Hub",
    "folder": "from a folder of that name",
}

_CARD = """\
{front_matter}
# {name}

![64 images that this generator draws](samples.png)

A generator of {size} {colours} images, trained on {data} with dcgan_tf {version}.

| | |
|---|---|
| takes | `z`: {latent_dim} numbers, each drawn from {distribution}{label} |
| gives | `image`: {size}, {colours} |
| architecture | {architecture} |
| trained on | {data}{count}{source} |
| trained with | {command}, in {precision} |
| exported at | step {step:,}{checkpoint} of the run with seed {seed} |

## Files

{files}

Each file has been loaded by the runtime that it is made for, and has drawn 64 fixed latents; of the page, the
weights were read back and computed with TensorFlow. The largest difference from what the trained generator
draws is in units of [-1, 1], as far as rounding to 8 bits does not explain it; PSNR is that of the 64 images
together, and of the image that differs most. `dcgan-tf verify` checks the SHA-256 of every file and measures
this again, beside what the SavedModel or model.keras draws; where neither is, beside the 8-bit pictures of
`samples.png`.
`export.json` has these figures in full (null: equal) and the SHA-256.
{latencies}{evaluation}
## Use

    dcgan-tf sample {folder} --num-images 64 --seed 1 --out samples.png{one_class}

{signatures}
## Limits

It draws what it was trained on: what was rare there is rare here, or missing. Latents that are drawn in
another way than above give pictures that it was not trained for.

This card names no licence, because an export does not know one. Whoever trained the generator may give it
one, as far as that of the images allows: `license:` in the first lines of this file.
"""

_LATENCIES = """
## Speed

Milliseconds for one image, medians of rounds in which all files took turns, on {cores} cores of
{processor}; "Keras' own" is {naive} of the same generator, timed in the same
rounds.
{ways}
{table}
{operators}"""

_OPERATORS = """
XNNPACK, LiteRT's fast kernels for CPUs, takes every operator but those named:

{table}
"""


def model_card(record: Record, *, folder: Path) -> str:
    """Return the text of MODEL_CARD.md.

    Args:
        record: the content of export.json.
        folder: the folder of the export; its place is shown only if that is saved_models.
    """
    model = record["model"]
    height, width, channels = model["image_shape"]
    names = model.get("class_names", [])
    quoted = printable(shlex.quote(str(folder if folder.parent == Path(BY_DEFAULT) else folder.name)))
    return _CARD.format(
        front_matter=front_matter(record),
        name=_plain(model["name"]),
        folder=quoted,
        size=f"{height}x{width}",
        colours="RGB" if channels == 3 else "grey",
        data=_plain(model["data"]),
        version=model["dcgan_tf"],
        latent_dim=model["latent_dim"],
        distribution="N(0, 1)" if model["latent_distribution"] == "normal" else "U(-1, 1)",
        label=f"; and `label`: {_classes(names)}" if names else "",
        one_class=f"\n    dcgan-tf sample {quoted} --label 0    # a class, by name or number"
        if names
        else "",
        architecture=_architecture(model["architecture"]),
        count=f", {model['num_images']:,} images" if model["num_images"] else "",
        source=f"; {_SOURCES[record['images_from']]}" if "images_from" in record else "",
        command=_code(record["trained_by"]) if record["trained_by"] else "dcgan_tf, from Python",
        precision=model["precision"],
        step=model["step"],
        checkpoint=f" (the {record['checkpoint']})" if record.get("checkpoint") else "",
        seed=model["seed"],
        files=_files_table(record["artefacts"]),
        latencies=_latencies(record),
        evaluation=evaluation_section(record),
        signatures=_signatures(record),
    )


def artefact_line(name: str, artefact: Record) -> str:
    """Return an artefact's name, size and largest difference in a line of at most 80 characters."""
    return (
        f"{name:<24}{size_of(artefact['bytes']):>9}  differs {artefact['max_abs']:<7.1g}"
        f"PSNR {decibels(artefact['psnr_mean_db'])}, worst {decibels(artefact['psnr_worst_db'])}"
    )


def _files_table(artefacts: Mapping[str, Record]) -> str:
    rows = ["| file | for | size | largest difference | PSNR | worst image |", "|---|---|---|---|---|---|"]
    for name, artefact in artefacts.items():
        rows.append(
            f"| `{name}` | {_PURPOSES[name]} | {size_of(artefact['bytes'])} | {artefact['max_abs']:.1g} "
            f"| {decibels(artefact['psnr_mean_db'])} | {decibels(artefact['psnr_worst_db'])} |"
        )
    return "\n".join(rows)


def _latencies(record: Record) -> str:
    timed = {name: a for name, a in record["artefacts"].items() if "milliseconds" in a}
    if not timed:
        return ""
    rows = [
        "| file | 1 thread | Keras' own | times as fast | 2 threads | Keras' own | times as fast | needs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, artefact in timed.items():
        cells = []
        for threads, ours in artefact["milliseconds"].items():
            naive = artefact["naive_milliseconds"][threads]
            cells += [f"{ours:.2f}", f"{naive:.2f}", f"{naive / ours:.1f}"]
        runtime = "TFLite" if name.endswith(".tflite") else "ONNX Runtime"
        rows.append(f"| `{name}` | {' | '.join(cells)} | {runtime} {artefact['minimum_runtime']} |")
    measured = record["measured_on"]
    return _LATENCIES.format(
        cores=measured["cores"],
        processor=measured["processor"],
        naive="the faster conversion" if "naive" in record else f"`{NAIVE_WAYS[0]}`",
        ways=_naive(record.get("naive", {})),
        table="\n".join(rows),
        operators=_operators({name: a for name, a in timed.items() if name.endswith(".tflite")}),
    )


def _naive(ways: Mapping[str, Record]) -> str:
    """Return a table of Keras' own conversions; earlier exports were timed beside one of them."""
    if not ways:
        return ""
    rows = ["| Keras' own | size | 1 thread | 2 threads |", "|---|---|---|---|"]
    for way, found in ways.items():
        times = " | ".join(f"{value:.2f}" for value in found["milliseconds"].values())
        rows.append(f"| `{way}` | {size_of(found['bytes'])} | {times} |")
    return "\n" + "\n".join(rows) + "\n"


def _operators(artefacts: Mapping[str, Record]) -> str:
    if not artefacts:
        return ""
    rows = ["| file | operators | not XNNPACK's |", "|---|---|---|"]
    for name, artefact in artefacts.items():
        counts = ", ".join(f"{count} {operator}" for operator, count in artefact["operators"].items())
        rows.append(f"| `{name}` | {counts} | {', '.join(artefact['not_delegated']) or 'none'} |")
    return _OPERATORS.format(table="\n".join(rows))


def _signatures(record: Record) -> str:
    """Return how each exported file is called from a program."""
    model, names = record["model"], record["artefacts"]
    height, width, channels = model["image_shape"]
    latent_dim, image = model["latent_dim"], f"{height}, {width}, {channels}]"
    num_classes = len(model.get("class_names", []))
    label, labels = (" and `label` int32 [1]", " and `label` int32 [n]") if num_classes else ("", "")
    said = []
    if any(name.endswith(".tflite") for name in names):
        kind = "float32 in [-1, 1]," if record["float_output"] else "uint8"
        said.append(
            "The `.tflite` files have one signature, `serving_default`:\n"
            f"`z` float32 [1, {latent_dim}]{label} to `image` {kind} [1, {image}.\n"
        )
    if "generator.onnx" in names:
        kind = "float32 in [-1, 1]," if record["float_output"] else "uint8"
        said.append(
            f"`generator.onnx` takes `z` float32 [n, {latent_dim}]{labels}, and gives `image`\n"
            f"{kind} [n, {image}; its operators are those of ONNX's set 12.\n"
        )
    if "saved_model" in names:
        said.append(
            "The SavedModel has three:\n\n"
            f"- `serving_default`: `z` float32 [n, {latent_dim}]{labels} to `image` uint8 [n, {image};\n"
            f"- `float_images`: the same to `image` float32 in [-1, 1];\n"
            f"- `sample`: `seed` and `n`, int64, to `image` uint8 [n, {image} and `z`"
            f"{', and `label`: the classes in turn' if num_classes else ''}.\n"
        )
    if "model.keras" in names:
        taken = f"[n, {latent_dim + num_classes}]" + (
            f" (the latent, then {num_classes} numbers for the classes: 1 for its own, 0 for the others)"
            if num_classes
            else ""
        )
        said.append(f"`model.keras` takes float32 {taken} and gives float32 in [-1, 1].\n")
    return "\n".join(said)


def _classes(names: Sequence[str]) -> str:
    """Return the number of each class, for the first dozen of many classes."""
    more = ", … (all in `export.json`)" if len(names) > 12 else ""
    return f"0 to {len(names) - 1}, for {', '.join(map(_plain, names[:12]))}{more}"


def _architecture(name: str) -> str:
    return {"dcgan": "DCGAN (Radford, Metz, Chintala 2015)", "gan": "fully connected GAN"}[name]


def _plain(text: str) -> str:
    """Return a name that is not read as Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", printable(" ".join(str(text).split())))


def _code(text: str) -> str:
    """Return a code span that fits into a table's cell."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{printable(' '.join(text.split())).replace('|', chr(92) + '|')}{fence}"


def size_of(count: int) -> str:
    """Return a number of bytes for people, such as "1.0 MB"."""
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def decibels(value: float | None) -> str:
    """Return a PSNR for people; None is that of equal images."""
    return "equal" if value is None else f"{value:.1f} dB"
