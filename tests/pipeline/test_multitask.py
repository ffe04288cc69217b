"""The ladder of sharing: strengths and schemes are chosen on dev, compared on test, and told as they are."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from treeprobe.parsing import Tally
from treeprobe.parsing.scores.intervals import micro
from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.pipeline.analyses.multitask import sharing_sentence
from treeprobe.pipeline.multitask.comparison import gains_table, rungs_of, sharing_table
from treeprobe.pipeline.multitask.schemes import PENALISED_SEPARATE, SEPARATE, Scheme, schemes_of
from treeprobe.pipeline.multitask.training import HEADLINES, Fitted, Place, preferred, sizes_of
from treeprobe.pipeline.options import OptionsError
from treeprobe.pipeline.report.multitask import multitask_section
from treeprobe.pipeline.report.results import read_results
from treeprobe.probes import MultitaskProbe

TASKS = tuple(HEADLINES)
SENTENCES = 400


def tally(metric: str, level: float, *, seed: int = 0) -> Tally:
    """A score of about `level` over sentences of ten words; with one seed, the same words are right at one level."""
    draws = np.random.default_rng(seed).random((SENTENCES, 10))
    return micro(metric, (draws < level).sum(axis=1), np.full(SENTENCES, 10))


def fitted(scheme: Scheme, dev: dict[str, float], test: dict[str, float], *, place: Place) -> list[Fitted]:
    """The probes of a rung with given scores by task."""
    probes = scheme.probes(place.layer, place.rank, 0, weights=(1.0, 1.0, 1.0), epochs=None, device="cpu")
    return [
        Fitted(
            place,
            scheme,
            probe,
            {HEADLINES[task]: tally(HEADLINES[task], dev[task], seed=1) for task in probe.tasks},
            {HEADLINES[task]: tally(HEADLINES[task], test[task]) for task in probe.tasks},
        )
        for probe in probes
    ]


def same(level: float) -> dict[str, float]:
    return dict.fromkeys(TASKS, level)


SMALL, LARGE = Place(3, 8, 100), Place(3, 8, 1000)


def ladder() -> list[Fitted]:
    """Sharing helps relations at 100 sentences and hurts distances at 1,000; the trace norm helps alone as shared."""
    found: list[Fitted] = []
    for place in (SMALL, LARGE):
        found += fitted(Scheme(SEPARATE), same(0.5), same(0.5), place=place)
        found += fitted(Scheme(PENALISED_SEPARATE, strength=1.0), same(0.6), same(0.6), place=place)
        found += fitted(Scheme("cross-stitch", "equal"), same(0.3), same(0.9), place=place)
    found += fitted(Scheme("hard", "equal"), same(0.7), {**same(0.6), "relation": 0.7}, place=SMALL)
    found += fitted(Scheme("hard", "uncertainty"), same(0.4), same(0.4), place=SMALL)
    found += fitted(Scheme("hard", "equal"), same(0.7), {**same(0.6), "distance": 0.5}, place=LARGE)
    return found


def test_dev_chooses_and_test_tells() -> None:
    """Cross-stitch units are best on test and worst on dev, so they are not compared."""
    gains = gains_table(rungs_of(ladder()))
    assert set(zip(gains["sharing"], gains["weighting"])) == {("hard", "equal")}
    assert set(gains["against"]) == {PENALISED_SEPARATE}
    verdicts = {(row.sentences, row.task): row.verdict for row in gains.itertuples()}
    assert verdicts[100, "relation"] == "helps"
    assert verdicts[1000, "distance"] == "hurts"
    assert list(verdicts.values()).count("neither") == 4
    for row in gains.itertuples():
        assert row.shared - row.separate == pytest.approx(row.difference)
        assert row.low <= row.difference <= row.high


def test_the_sentence_says_where_sharing_helps_hurts_and_does_neither() -> None:
    said = sharing_sentence(gains_table(rungs_of(ladder())))
    assert re.search(r"helps relation in 1 of 2 comparisons \(100 sentences; most \+0\.\d+, .* by hard at 100\)", said)
    assert re.search(
        r"hurts distance in 1 of 2 comparisons \(1,000 sentences; most -0\.\d+, .* by hard at 1,000\)", said
    )
    assert "makes no difference to depth that is beyond chance (at most +0.000)" in said


def test_every_rung_is_beside_separate_probes_and_the_weighting_that_dev_prefers_is_marked() -> None:
    table = sharing_table(rungs_of(ladder()))
    assert table.loc[table["sharing"] == SEPARATE, "difference"].isna().all()
    own = table[table["sharing"] != SEPARATE]
    base = table[table["sharing"] == SEPARATE].set_index(["sentences", "metric"])["value"]
    np.testing.assert_allclose(
        own["difference"], [row.value - base[row.sentences, row.metric] for row in own.itertuples()]
    )
    hard = table[(table["sharing"] == "hard") & (table["sentences"] == 100)]
    assert set(zip(hard["weighting"], hard["chosen"])) == {("equal", True), ("uncertainty", False)}
    assert set(table.loc[table["sharing"] == PENALISED_SEPARATE, "strength"]) == {1.0}


def test_dev_prefers_a_strength_for_each_separate_task_and_one_for_tasks_that_share() -> None:
    weak, strong = ({"distance": 0.6, "depth": 0.5, "relation": 0.4}, {"distance": 0.3, "depth": 0.5, "relation": 0.5})
    found = []
    for strength, dev in ((1.0, weak), (3.0, strong)):
        for sharing in (PENALISED_SEPARATE, "l2"):
            found += fitted(Scheme(sharing, strength=strength), dev, same(0.5), place=SMALL)
    kept = {(one.scheme.sharing, tuple(one.probe.tasks)): one.scheme.strength for one in preferred(found)}
    assert kept == {
        (PENALISED_SEPARATE, ("distance",)): 1.0,
        (PENALISED_SEPARATE, ("depth",)): 1.0,
        (PENALISED_SEPARATE, ("relation",)): 3.0,
        ("l2", TASKS): 1.0,
    }


def test_a_separate_rung_is_a_probe_a_task_and_every_other_one_of_all() -> None:
    options = Options(sharing=("hard", "l2"), weighting=("equal", "fixed"), strengths=(0.5, 2.0))
    schemes = schemes_of(options)
    assert len(schemes) == len(set(schemes)) == 1 + 2 + 2 + 4
    for scheme in schemes:
        probes = scheme.probes(2, 8, 5, weights=(1.0, 2.0, 3.0), epochs=4, device="cpu")
        assert all(isinstance(probe, MultitaskProbe) and (probe.layer, probe.seed) == (2, 5) for probe in probes)
        assert len(probes) == (3 if scheme.sharing in (SEPARATE, PENALISED_SEPARATE) else 1)
        assert {probe.weights for probe in probes} == {(1.0, 2.0, 3.0) if scheme.weighting == "fixed" else None}
    with pytest.raises(OptionsError, match="sharing: found soft; expected some of hard, l2"):
        schemes_of(Options(sharing=("hard", "soft")))
    assert sizes_of(Options(train_sizes=(500, 20, 90)), available=60) == [20, 60]


def test_the_analysis_writes_a_row_a_rung_and_draws(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    options: Any = Options(
        ranks=(4,), seeds=(0, 1), layers=(1,), epochs=1, train_sizes=(10, 30), strengths=(1.0,),
        sharing=("hard", "trace-norm"), weighting=("equal", "uncertainty"),
    )  # fmt: skip
    sources = Sources(model=checkpoint, **treebank_files)
    found = analyse("multitask", sources, tmp_path / "out", options=options, progress=False)
    table = pd.read_csv(tmp_path / "out" / "sharing.csv")
    assert len(table) == 2 * (2 + 2 * 2) * 5
    assert (table["seed_sd"] > 0).any()
    assert table[["value", "low", "high"]].notna().all(axis=None)
    assert found.summary.startswith("tiny-bert on ")
    assert (tmp_path / "out" / "figures" / "sharing.png").is_file()
    section = multitask_section(read_results(tmp_path / "out"))
    assert section is not None
    [gains], gained = section.tables, found.tables["gains"]
    assert [cell.text for cell in gains.rows[0]][5:8] == [
        f"{gained['separate'][0]:.3f}", f"{gained['shared'][0]:.3f}", f"{gained['difference'][0]:+.3f}",
    ]  # fmt: skip
    assert len(gains.rows) == len(gained)
    assert "trace-norm" in section.pictures[0].description
