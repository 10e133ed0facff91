"""What the page offers besides samples: sliders of attributes, and switches that forget an object.

The analyses `turn` and `forget` find them and write them into the run directory. Here they are read and held
against the generator.
"""

from __future__ import annotations

import shlex
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from dcgan_tf.export.network.folding import FoldedGenerator
from dcgan_tf.printable import printable
from dcgan_tf.runs import (
    Direction,
    ForgottenMaps,
    Run,
    RunPaths,
    read_config,
    read_data,
    read_directions,
    read_forgotten,
)

Adjustments = dict[str, list[dict[str, Any]]]


def page_adjustments(run: Run, folded: FoldedGenerator) -> tuple[Adjustments, list[str]]:
    """Read what analyses found in a run for the sliders and switches of its page.

    Args:
        run: the opened run; what was found at another step, or of other weights, is not taken.
        folded: its generator.

    Returns:
        `directions` and `forgettable` for `write_page`, those first that keep the rest best; and for each of
        the two that is missing, although the run's data have attributes, a sentence with the command that
        brings it.
    """
    paths, adjustments, remarks = RunPaths(run.path), Adjustments(), []
    turned, forgotten = _commands(run, folded)
    for key, found, what, command in (
        ("directions", read_directions(paths.directions, run), "sliders", turned),
        ("forgettable", _switches(paths.forgotten, run, folded), "switches that forget", forgotten),
    ):
        if isinstance(found, str) and command:
            file = (paths.directions if key == "directions" else paths.forgotten).relative_to(run.path)
            remarks.append(f"the page has no {what}: {file} {found}; {command} finds some for it")
        elif found and not isinstance(found, str):
            adjustments[key] = [_entry(one) for one in sorted(found, key=_worth, reverse=True)]
    return adjustments, remarks


def _switches(path: Path, run: Run, folded: FoldedGenerator) -> list[ForgottenMaps] | str:
    """Return the maps to drop, with the place of their layer among the page's, or why there are none."""
    found = read_forgotten(path, run)
    if isinstance(found, str):
        return found
    first, maps = len(folded.dense) - 1, [folded.first_map[2]]
    maps += [layer.bias.size for layer in folded.upsamples[:-1]]
    switches = []
    for one in found:
        place = len(folded.upsamples) - one.layer
        if place < 0 or any(number >= maps[place] for number in one.maps):
            return "is damaged"
        switches.append(replace(one, layer=first + place))
    return switches


def _entry(found: Direction | ForgottenMaps) -> dict[str, Any]:
    """Return what stands in the page, whose names of classes are printable ones."""
    shown_class = None if found.shown_class is None else printable(found.shown_class)
    return {**asdict(found), "name": printable(found.name), "shown_class": shown_class}


def _worth(found: Direction | ForgottenMaps) -> float:
    if isinstance(found, ForgottenMaps):
        return found.left_by_chance - found.left - found.changed
    return found.kept or 0.0


def _commands(run: Run, folded: FoldedGenerator) -> tuple[str, str]:
    """Return the commands that find sliders and switches; "" for what no command finds for these weights."""
    if run.config.training.averages and not run.ema:  # commands read the averaged weights
        return "", ""
    data = read_data(RunPaths(run.path)) or {}
    attributes, labels = data.get("attribute_names", []), data.get("label_names", [])
    binary = data.get("binary_attributes", attributes)
    names = attributes or (labels if len(labels) > 1 and not run.takes_labels else [])
    if not names and not binary:
        return "", ""
    which_run = [*_checkpoint_and_data(run), *(["--label", run.class_names[0]] if run.takes_labels else [])]
    turn, forget = "", ""
    if names:
        which = [] if "turn" in names else ["--attribute", names[0]]
        turn = shlex.join(["dcgan-tf", "turn", str(run.path), *which, *which_run])
    if binary and folded.upsamples:
        which = ["--attribute", "crown" if "crown" in binary else binary[0]]
        forget = shlex.join(["dcgan-tf", "forget", str(run.path), *which, *which_run])
    return turn, forget


def _checkpoint_and_data(run: Run) -> list[str]:
    """Return the options that open the same checkpoint of the run, and find its images, as it was opened."""
    words = []
    if "last" not in run.standing:
        words += ["--checkpoint", run.standing or str(run.step)]
    if run.config.data.spec != read_config(run.path).data.spec:
        words += ["--data", run.config.data.spec]
    return words
