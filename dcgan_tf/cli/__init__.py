"""The command line. Each command makes a configuration, calls one function and prints where the result is.

Nothing heavy is imported until a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import logging
import sys

import click

from dcgan_tf import __version__
from dcgan_tf.cli import analyses, compare, evaluate, export, inspect_data, report, reproduce, sample, train
from dcgan_tf.cli.frame import Frame, LogFormatter, debug_option, import_tensorflow

__all__ = ["COMMANDS", "import_tensorflow", "main"]


@click.group(cls=Frame, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="dcgan-tf")
def main() -> None:
    """Train, understand and ship DCGANs in TensorFlow and Keras."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter())
    logging.basicConfig(handlers=[handler])
    logging.getLogger("dcgan_tf").setLevel(logging.INFO)


main.params.append(debug_option())
COMMANDS: dict[str, tuple[click.Command, ...]] = {
    "Train": (inspect_data.inspect_data, train.train),
    "Look": (sample.sample, report.report),
    "Understand": tuple(analyses.COMMANDS),
    "Judge": (evaluate.evaluate, compare.compare, reproduce.reproduce),
    "Ship": (export.export, export.verify, export.benchmark, export.push, export.pull),
}
"""Every command, under its heading in `dcgan-tf --help` and in the reference."""
for heading, commands in COMMANDS.items():
    for command in commands:
        main.add_command(command, heading=heading)
