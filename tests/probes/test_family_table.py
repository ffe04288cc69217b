"""The table of families on the page on probes: no family is missing, and each has as many parameters as it says."""

import re
from pathlib import Path

import pytest
import torch

from treeprobe import probes
from treeprobe.attention import AttentionProbe
from treeprobe.probes.estimator import Probe

PAGE = Path(__file__).resolve().parents[2] / "docs" / "probes.md"
COLUMNS = ["class", "objective", "parameters", "cost", "what it can predict", "source"]


def table() -> dict[str, dict[str, str]]:
    """The rows by class."""
    text = PAGE.read_text(encoding="utf-8").partition("## The families")[2].partition("\n## ")[0]
    lines = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in text.splitlines() if line[:1] == "|"
    ]
    rows = [dict(zip(COLUMNS, line)) for line in lines if len(line) == len(COLUMNS)]
    assert list(rows[0].values()) == COLUMNS
    named = [row for row in rows if row["class"].startswith("`")]
    assert len({row["class"] for row in named}) == len(named)
    return {row["class"].strip("`"): row for row in named}


def families() -> dict[str, type[Probe]]:
    """Every public family."""
    public = {name: getattr(probes, name) for name in probes.__all__}
    return {name: each for name, each in public.items() if isinstance(each, type) and issubclass(each, Probe)}


def test_every_family_has_a_row_and_every_row_says_everything() -> None:
    rows = table()
    assert set(rows) == {*families(), "AttentionProbe"}
    assert "PolarProbe" in rows, "a set of nothing would equal another"
    for name, row in rows.items():
        for column, cell in row.items():
            assert cell or (name, column) == ("AttentionProbe", "cost"), f"{name}: no {column}"
    assert float(rows["DistanceProbe"]["cost"]) == 1
    assert all(0.5 < float(row["cost"]) < 10 for name, row in rows.items() if name != "AttentionProbe")


@pytest.mark.parametrize("name", families())
def test_a_family_has_as_many_parameters_as_its_row_says(name: str) -> None:
    sizes = {"dim": 11, "rank": 5, "relations": 7}
    probe = families()[name](rank=sizes["rank"])
    probe.relations_ = [*"abcdef", "root"]  # type: ignore[attr-defined]
    assert probe.parameter_count(sizes["dim"]) == evaluated(table()[name]["parameters"], sizes)  # type: ignore[attr-defined]


def test_the_probe_of_attention_too() -> None:
    probe = AttentionProbe()
    probe.weights_, probe.word_weights_, probe.root_bias_ = torch.zeros(2 * 6), torch.zeros(2, 0, 12), 0.0
    expected = evaluated(table()["AttentionProbe"]["parameters"], {"heads": 6})
    assert probe.weights_.numel() + probe.word_weights_.numel() + 1 == expected


def evaluated(formula: str, sizes: dict[str, int]) -> int:
    """A sum of products of sizes and numbers."""
    total = 0
    for term in formula.split("+"):
        product = 1
        for factor in term.split("·"):
            product *= sizes[factor.strip()] if factor.strip() in sizes else int(factor)
        total += product
    return total
