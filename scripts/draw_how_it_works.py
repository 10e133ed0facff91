"""Draw the figures of docs/how-it-works.md, from a run of the quick preset and the package's own functions.

    dcgan-tf train --preset quick --run-dir runs/quickstart
    python scripts/draw_how_it_works.py runs/quickstart

Nothing is drawn by hand: every number in them is computed by the function that the page speaks of. Their code
is in scripts/how_it_works/, a file for each subject.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import click
from matplotlib.figure import Figure
from PIL import Image

from dcgan_tf.cli import import_tensorflow

OUT = Path(__file__).parents[1] / "docs" / "how-it-works"
DPI = 125


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), default=OUT, help="Write to this folder.  [default: the page's]"
)
@click.option("--only", multiple=True, help="Draw only this figure; can be given several times.")
def main(run: Path, out: Path, only: tuple[str, ...]) -> None:
    """Draw the page's figures, with RUN for the examples."""
    import_tensorflow()
    out.mkdir(parents=True, exist_ok=True)
    for name, draw in figures(run).items():
        if not only or name in only:
            file = out / f"{name}.png"
            save(draw(), file)
            click.echo(f"{file}  {file.stat().st_size / 1000:.0f} kB")


def save(figure: Figure, file: Path) -> None:
    """Write a figure as a PNG of 256 colours, which is a third as large."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    with Image.open(drawn) as picture:
        few = picture.convert("RGB").quantize(256, kmeans=1, dither=Image.Dither.NONE)
        few.save(file, optimize=True)


def figures(path: Path) -> dict[str, Callable[[], Figure]]:
    """Return {name of the file: what draws it}.

    Args:
        path: the run directory.
    """
    from how_it_works import (
        averaging,
        curves,
        feature_maps,
        game,
        great_circles,
        loss_curves,
        normalisation,
        transposed,
    )

    from dcgan_tf.runs.run import Run

    return {
        "game": lambda: game.the_game(path),
        "generator-losses": loss_curves.generator_losses,
        "losses-from-logits": loss_curves.losses_from_logits,
        "feature-maps": lambda: feature_maps.feature_maps(Run.open(path)),
        "transposed-convolution": transposed.transposed_convolution,
        "checkerboards": transposed.checkerboards,
        "batch-norm": lambda: normalisation.batch_normalisation(Run.open(path)),
        "averaged-weights": lambda: averaging.averaged_weights(path),
        "great-circles": lambda: great_circles.great_circles(Run.open(path)),
        "curves": lambda: curves.training_curves(path),
    }


if __name__ == "__main__":
    main()
