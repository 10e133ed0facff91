"""The command `dcgan-tf inspect-data`: prints and shows what is in a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dcgan_tf.cli.frame import import_tensorflow, json_option, say, say_json
from dcgan_tf.cli.options import configured, setting_options
from dcgan_tf.cli.outputs import LOCAL_PATH, complete_path, default_file, lies_in_data
from dcgan_tf.errors import ArgumentError


@click.command("inspect-data", short_help="Count and show what is in a dataset.")
@click.argument("spec", shell_complete=complete_path)
@click.option("--out", type=LOCAL_PATH, help="Write the grid to FILE.png.  [default: NAME-images.png]")
@setting_options("data", exclude=("data", "flip", "max_bad_fraction"))
@json_option
def inspect_data(spec: str, out: Path | None, **changes: Any) -> None:
    """Print what is in SPEC (as for train --data) and save a grid of its images."""
    # Looking is for finding bad files, so they are no reason to refuse.
    config = configured("default", {**changes, "data": spec, "max_bad_fraction": 1.0})
    if out and (out.suffix.lower() != ".png" or out.is_dir()):  # others would not be a grid
        raise ArgumentError(f"the grid is written as FILE.png, received {str(out)!r}")
    if out and lies_in_data(out, spec):
        raise ArgumentError(f"{out} would be one of the images in {spec}; choose another place with --out")
    if spec.startswith("tfds:"):
        import_tensorflow()
    from dcgan_tf import cache, data, images

    image_set = data.load_data(config.data)
    say(data.data_summary(image_set))
    facts = data.data_facts(image_set)
    name = f"{cache.shortened(image_set.name)}-images.png"
    if not out and lies_in_data(Path(name), spec):
        say(
            f"no grid is saved, because it would be one of the images here; name another place: --out "
            f"../{name}"
        )
        say_json({**facts, "out": None})
        return
    target = out or default_file(name)
    images.save(target, data.example_images(image_set))
    say(f"grid -> {target}")
    say_json({**facts, "out": str(target)})
