"""Write the section on the run's exports (export.json), and find them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dcgan_tf.report.formats import EXPORT
from dcgan_tf.report.markup import NOTHING, facts, fold, table, text
from dcgan_tf.report.reading import read
from dcgan_tf.report.reported_run import ReportedRun, Section


def export_section(run: ReportedRun, exports: Sequence[Path]) -> Section:
    """Return the section on exports of this run.

    Args:
        run: the run.
        exports: export folders, each with an export.json.
    """
    title = "Exported files"
    records = [(folder, run.read(folder / "export.json", EXPORT)) for folder in exports]
    found = [(folder, record) for folder, record in records if record is not None]
    if not found:
        command = run.command("export")
        body = f'<p class="missing">Not exported yet: <code>{text(command)}</code></p>'
        return Section("export", title, body, present=False)
    body = (
        "<p>The generator as files that draw without this library: on a phone, on a server, in a browser. "
        "Look for small files whose largest difference from the trained generator, in units of [-1, 1], "
        "cannot be seen: 0.008 is one of 256 levels.</p>"
        + "".join(_export(folder, record) for folder, record in found)
    )
    return Section("export", title, body)


def find_exports(reported: ReportedRun) -> list[Path]:
    """Return the exports of a run in saved_models/, here and beside the run's parent folder."""
    places = dict.fromkeys(
        place.resolve()
        for place in (Path("saved_models"), reported.root.resolve().parent.parent / "saved_models")
    )
    found = sorted(record.parent for place in places for record in place.glob("*/export.json"))
    mine = [folder for folder in found if _belongs(read(folder / "export.json", EXPORT)[0], reported)]
    here = Path.cwd()
    return [folder.relative_to(here) if folder.is_relative_to(here) else folder for folder in mine]


def _belongs(record: Any, run: ReportedRun) -> bool:
    """Return whether an export.json seems to belong to this run.

    Args:
        record: content of export.json.
        run: the run.
    """
    model = record.get("model") if isinstance(record, dict) else None
    if not isinstance(model, dict):
        return False
    config = run.config
    ours = {
        "run": run.name,
        "data": run.data_name,
        "image_shape": [*config.data.image_size, config.data.channels],
        "architecture": config.model.architecture,
        "latent_dim": config.model.latent_dim,
        "seed": config.training.seed,
    }
    step = model.get("step") or 0
    alike = all(model.get(name) == value for name, value in ours.items())
    return alike and isinstance(step, int) and step <= run.step


def _export(folder: Path, record: dict[str, Any]) -> str:
    artefacts = record.get("artefacts") or {}
    timed = any("milliseconds" in artefact for artefact in artefacts.values())
    headings = ["file", "size", "largest difference", "mean PSNR", "worst image"]
    headings += ["one image, 1 thread", "Keras' own conversion"] if timed else []
    rows = []
    for name, artefact in artefacts.items():
        difference = artefact.get("max_abs")
        row = [
            f"<code>{text(name)}</code>",
            text(_size(artefact.get("bytes"))),
            text(NOTHING if difference is None else f"{difference:.1g}"),
            *(text(_decibels(artefact, key)) for key in ("psnr_mean_db", "psnr_worst_db")),
        ]
        if timed:
            times = ((artefact.get(key) or {}).get("1") for key in ("milliseconds", "naive_milliseconds"))
            row += [text(f"{ms:.2f} ms") if ms else NOTHING for ms in times]
        rows.append(row)
    model = record.get("model") or {}
    protocol = {
        "step": model.get("step"),
        "compared on": "64 fixed latents, with what the trained generator draws; rounding to 8 bits is not "
        "counted",
        "measured on": record.get("measured_on", {}),
        "trained by": record.get("trained_by"),
        "dcgan_tf": model.get("dcgan_tf"),
        "in full": folder / "export.json",
    }
    right = list(range(1, len(headings)))
    return (
        f"<h3>{text(folder)}</h3>"
        + table(headings, rows, numbers=right)
        + fold("How this was measured", facts(protocol))
    )


def _size(count: int | None) -> str:
    if count is None:
        return NOTHING
    return f"{count / 1e6:.2f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def _decibels(artefact: dict[str, Any], key: str) -> str:
    if key not in artefact:
        return NOTHING
    return "equal" if artefact[key] is None else f"{artefact[key]:.1f} dB"
