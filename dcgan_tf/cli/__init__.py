"""The command line: each command makes a configuration, calls one function and says where the result is.

Nothing heavy is imported until a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import logging
import sys

import click

from dcgan_tf import __version__
from dcgan_tf.cli import (
    arithmetic,
    forgetting,
    neighbours,
    networks,
    walking,
)
from dcgan_tf.cli import (
    evaluate as evaluating,
)
from dcgan_tf.cli import (
    export as exporting,
)
from dcgan_tf.cli import (
    report as reporting,
)
from dcgan_tf.cli import (
    reproduce as reproducing,
)
from dcgan_tf.cli import (
    train as training,
)
from dcgan_tf.cli.frame import Frame, LogFormatter, debug_option, import_tensorflow

__all__ = ["import_tensorflow", "main"]


@click.group(cls=Frame, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="dcgan-tf")
def main() -> None:
    """Train, understand and ship DCGANs in TensorFlow and Keras."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter())
    logging.basicConfig(handlers=[handler])
    logging.getLogger("dcgan_tf").setLevel(logging.INFO)


main.params.append(debug_option())
for command in (
    training.inspect_data,
    training.train,
    training.sample,
    exporting.export,
    exporting.verify,
    *evaluating.COMMANDS,
    *arithmetic.COMMANDS,
    *forgetting.COMMANDS,
    *neighbours.COMMANDS,
    *networks.COMMANDS,
    *reporting.COMMANDS,
    *reproducing.COMMANDS,
    *walking.COMMANDS,
):
    main.add_command(command)
