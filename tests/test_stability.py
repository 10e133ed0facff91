"""The table that says how often each recipe succeeds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import recipe_table  # noqa: E402
import stability  # noqa: E402
import stability_table  # noqa: E402


def rows(recipe: str, successes: int, runs: int, *, data: str = "mnist", conditions: str = "none") -> list:
    """Return rows as they stand in the table: the first runs succeed, at distances of 2, 3 and so on."""
    return [
        {
            "data": data,
            "recipe": recipe,
            "success": str(i < successes),
            "final_distance": f"{2 + i}",
            "best_distance": f"{1 + i}",
            "recall": f"{i / 10}",
            "minutes": "1.5",
            "conditions": conditions if i >= successes else "none",
        }
        for i in range(runs)
    ]


def cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.splitlines()]


def test_shares_have_the_interval_of_wilson():
    # 9 of 10: (p + z²/2n ± z sqrt(p(1 - p)/n + z²/4n²)) / (1 + z²/n) with z = 1.96
    table = cells(stability_table.markdown(rows("auto", 9, 10, conditions="mode_collapse at 500")))
    assert table[2] == ["auto", "9 of 10", "60–98 %", "1.5", "0 of 9", "1 of 1"]
    assert table[6] == ["mnist", "auto", "9 of 10", "60–98 %", "6.5 (2–11)", "5.5 (1–10)", "0.45 (0–0.9)"]


def test_an_alarm_in_a_run_that_succeeds_is_a_false_one():
    some = rows("default", 2, 3)
    some[0]["conditions"] = "oscillation at 400"
    assert cells(stability_table.markdown(some))[2][4:] == ["1 of 2", "0 of 1"]


def test_minutes_are_those_of_the_runs_that_were_not_stopped():
    some = rows("auto", 2, 2)
    some[0]["minutes"] = ""
    assert cells(stability_table.markdown(some))[2][3] == "1.5"
    some[1]["minutes"] = ""
    assert cells(stability_table.markdown(some))[2][3] == "-"


def test_the_shares_of_all_data_sets_come_first():
    some = rows("gan", 0, 2) + rows("auto", 2, 2) + rows("auto", 1, 2, data="cifar10")
    lines = cells(stability_table.markdown(some))
    assert [line[:2] for line in lines[2:4]] == [["gan", "0 of 2"], ["auto", "3 of 4"]]
    assert [line[:3] for line in lines[7:]] == [
        ["mnist", "gan", "0 of 2"],
        ["mnist", "auto", "2 of 2"],
        ["cifar10", "auto", "1 of 2"],
    ]
    assert len({len(line) for line in stability_table.summary(some).splitlines()}) == 1


@pytest.mark.parametrize("recipe", stability.COMPARED)
def test_every_run_can_be_planned(recipe: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    planned: list = []
    monkeypatch.setattr(
        stability, "rows_of", lambda found, *_, **__: planned.extend(found) or rows("gan", 1, 1)
    )
    done = CliRunner().invoke(stability.main, ["--seeds", "2", "--data", "portraits"])
    assert done.exit_code == 0
    found = [cell for cell in planned if cell.recipe == recipe]
    assert [cell.seed for cell in found] == [0, 1]
    assert {cell.config.data.image_size for cell in found} == {(24, 24)}
    assert {cell.steps * cell.config.training.images_per_step for cell in found} == {96_000}


def test_the_committed_rows_are_those_of_the_script():
    table = ROOT / "results" / "stability.csv"
    for line in recipe_table.read_table(table):
        assert line["recipe"] in stability.COMPARED
        assert line["options"].endswith(stability.SIZE)
        assert line["conditions"]


def test_runs_with_rollback_stand_beside_those_without():
    failed = [{**row, "settings": f"{i}", "seed": "0"} for i, row in enumerate(rows("quick", 0, 3))]
    again = [{**row, "settings": f"{i}", "seed": "0"} for i, row in enumerate(rows("quick-rollback", 1, 2))]
    again[0]["conditions"] = "discriminator_wins at 350 (back to 0); discriminator_wins at 900 (back to 500)"
    again[1]["conditions"] = "discriminator_wins at 350 (back to 0)"
    (_, _, line) = cells(stability_table.rollbacks(again, failed))
    assert line == ["mnist", "quick", "2", "2.5 (2–3)", "1 of 2", "2.5 (2–3)", "1–2"]


def test_runs_that_fail_by_name_are_trained_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    planned: list = []
    monkeypatch.setattr(stability, "rows_of", lambda found, *_, **__: planned.extend(found) or [])
    table = ROOT / "results" / "stability.csv"
    done = CliRunner().invoke(stability.main, ["--rollback", "--out", str(table)])
    assert done.exit_code == 0
    before = {(row["settings"], row["seed"]): row for row in recipe_table.read_table(table)}
    assert planned
    for cell in planned:
        row = before[cell.settings, str(cell.seed)]  # what is trained is the same
        assert (row["success"], cell.config.run.on_collapse) == ("False", "rollback")
        assert row["recipe"] != "gan"
