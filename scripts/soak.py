"""Tries faults for hours: kills, full disks, damaged files; other moments, sizes and contents each round.

    .venv/bin/python scripts/soak.py --hours 8 --out soak.jsonl

Each round runs tests/faults with a seed of its own; one that failed is tried again by
`DCGAN_TF_FAULTS_SEED=SEED .venv/bin/python -m pytest tests/faults`. docs/reliability.md has the figures of
the longest run. It is not part of the tests.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]


@click.command()
@click.option("--hours", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True)
@click.option(
    "--first-seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Seed the first round with this number.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("soak.jsonl"),
    show_default=True,
    help="Add a JSON line for each round to this file.",
)
def main(hours: float, first_seed: int, out: Path) -> None:
    """Run rounds of tests/faults until the time is over; exit with 1 if any of them failed."""
    end, seed, failed = time.monotonic() + hours * 3600, first_seed, 0
    while time.monotonic() < end:
        record = _round(seed)
        failed += bool(record["failed"])
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        click.echo(
            f"seed {seed}: {record['passed']} passed, {record['failed']} failed, {record['seconds']} s"
        )
        seed += 1
    click.echo(f"{seed - first_seed} rounds, {failed} with failures -> {out}")
    sys.exit(bool(failed))


def _round(seed: int) -> dict[str, object]:
    """Run all tests of faults with one seed; return what came out."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/faults"],
        cwd=ROOT,
        env={**os.environ, "DCGAN_TF_FAULTS_SEED": str(seed)},
        capture_output=True,
        text=True,
        check=False,
    )
    counts = {
        what: int(number) for number, what in re.findall(r"(\d+) (passed|failed|skipped|error)", done.stdout)
    }
    return {
        "seed": seed,
        "passed": counts.get("passed", 0),
        # A round that pytest itself could not finish counts as failed.
        "failed": counts.get("failed", 0) + counts.get("error", 0) or int(done.returncode != 0),
        "skipped": counts.get("skipped", 0),
        "seconds": round(time.monotonic() - started),
        "failures": re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE),
        "said": (done.stdout + done.stderr)[-4000:] if done.returncode else "",
    }


if __name__ == "__main__":
    main()
