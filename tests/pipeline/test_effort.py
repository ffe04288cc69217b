"""The table of effort: planted layers that add nothing or much, arithmetic of its rows, and what is told of them."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.pipeline.conftest import random_bank
from tests.probes.corpora import LayeredStates, exact_embedding
from treeprobe.extraction import Encoder
from treeprobe.parsing import paired_difference
from treeprobe.parsing.scores.intervals import micro
from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.pipeline.analyses import find_analysis
from treeprobe.pipeline.analysis import open_subject
from treeprobe.pipeline.effort.estimates import estimates, volume
from treeprobe.pipeline.effort.table import COLUMNS, VOLUMES, measures_of
from treeprobe.pipeline.effort.training import Training, baseline_states, family_of, probed_layers, ranks_of
from treeprobe.pipeline.effort.verdict import verdict_of
from treeprobe.pipeline.options import OptionsError
from treeprobe.pipeline.report.effort import effort_section
from treeprobe.pipeline.report.results import read_results
from treeprobe.pipeline.results.findings import Findings, read_record, write_record
from treeprobe.pipeline.results.scores import SIGNATURE
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.probes import ALONE, hypervolume
from treeprobe.signature import Signature

SMALL = Options(ranks=(4,), seeds=(0, 1), layers=(1,), epochs=1, norm_strengths=(1.0,), families=("linear", "kernel"))


@pytest.fixture(scope="module")
def run(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Findings, Path]:
    """The analysis of a small random model."""
    out = tmp_path_factory.mktemp("effort") / "out"
    return analyse("effort", Sources(model=checkpoint, **treebank_files), out, options=SMALL, progress=False), out


def test_every_layer_and_family_has_every_measure(run: tuple[Findings, Path]) -> None:
    table = run[0].tables["effort"]
    assert list(table.columns)[: len(COLUMNS) + 1] == [*COLUMNS, "verdict"]
    measures = {
        "uuas", "control_uuas", "joint_uuas", "selectivity_uuas", "conditional_uuas", "compression",
        "hypervolume_rank", "hypervolume_sentences",
    }  # fmt: skip
    for (family, layer), own in table.dropna(subset="layer").groupby(["family", "layer"]):
        assert set(own["measure"]) == measures | ({"hypervolume_norm"} if family == "linear" else set()), (
            family,
            layer,
        )
    assert sorted(table["layer"].dropna().unique()) == [0, 1]
    assert table[["value", "low", "high"]].notna().all(axis=None)
    assert (table["low"] <= table["high"]).all()
    # The chain, and the baseline alone by each family, have no layer.
    assert table.loc[table["layer"].isna(), "family"].tolist() == ["chain", "linear", "kernel"]


def test_each_row_has_a_signature_of_its_own(run: tuple[Findings, Path]) -> None:
    table, points = run[0].tables["effort"], run[0].tables["points"]
    said = [Signature.parse(text) for text in table[SIGNATURE]]
    assert len(set(said)) == len(table)
    assert [(one.metric, one.probe) for one in said] == list(zip(table["measure"], table["family"]))
    assert {one.average for one in said if one.metric.endswith("uuas")} == {"micro"}
    assert {one.punctuation for one in said if one.metric.endswith("uuas")} == {"xpos"}
    seeds = {one.metric: one.seeds for one in said if one.probe != "chain"}
    assert {seeds[name] for name in ("uuas", "control_uuas", "conditional_uuas", "baseline_uuas")} == {2}
    assert {seeds[name] for name in ("compression", "hypervolume_rank")} == {1}
    chain = next(one for one in said if one.probe == "chain")
    assert (chain.train, chain.seeds, chain.pooling) == (None, None, None)
    of_points = {(one.metric, one.cell) for one in map(Signature.parse, points[SIGNATURE])}
    assert of_points == {("uuas", f"axis={axis}") for axis in VOLUMES}


def test_differences_are_those_of_the_scores_beside_them(run: tuple[Findings, Path]) -> None:
    table = run[0].tables["effort"]
    values = table.set_index(["family", "layer", "measure"])["value"].sort_index()
    for family in SMALL.families:
        alone = table.loc[(table["family"] == family) & (table["measure"] == "baseline_uuas"), "value"].item()
        for layer in (0, 1):
            own = values[family, layer]
            assert own["selectivity_uuas"] == pytest.approx(own["uuas"] - own["control_uuas"])
            assert own["conditional_uuas"] == pytest.approx(own["joint_uuas"] - alone)
    gains = table[table["gain"].notna()]
    assert set(gains["layer"]) == {1}
    for row in gains.itertuples():
        assert row.gain == pytest.approx(row.value - values[row.family, 0, row.measure])
        assert row.gain_low <= row.gain_high


def test_hypervolumes_are_those_of_the_points(run: tuple[Findings, Path]) -> None:
    table, points = run[0].tables["effort"], run[0].tables["points"]
    values = table.set_index(["family", "layer", "measure"])["value"].sort_index()
    for (family, axis), own in points.groupby(["family", "axis"]):
        costs = np.log2(own["at"]) if axis != "nuclear norm" else own["at"]
        least = costs.min() if axis != "nuclear norm" else 0.0
        for layer, some in own.groupby("layer"):
            found = hypervolume(costs[some.index], some["value"], least=least, most=costs.max())
            assert values[family, layer, VOLUMES[axis]] == pytest.approx(float(found))
            assert some["on_front"].any()
    assert set(points.loc[points["axis"] == "rank", "at"]) == {1, 4}
    assert points.loc[points["axis"] == "sentences", "at"].max() == 40
    assert set(points.loc[points["strength"].notna(), "axis"]) == {"nuclear norm"}


def test_the_folder_is_whole_and_tells_the_verdict(run: tuple[Findings, Path]) -> None:
    found, out = run
    assert (out / "figures" / "effort.png").is_file()
    pd.testing.assert_frame_equal(
        pd.read_csv(out / "points.csv"), found.tables["points"], check_dtype=False, check_exact=False
    )
    best = found.details["best_layer"]
    assert f"what layer {best}, chosen on dev, adds to layer 0 in UUAS on test" in found.summary
    assert found.closing is not None
    assert all(len(line) <= 80 for line in f"{found.closing.text}\n{found.closing.full}".splitlines())
    section = effort_section(read_results(out))
    assert section is not None
    assert len(section.tables[0].rows) == 2
    assert "conditional_uuas" in section.pictures[0].description


@pytest.mark.parametrize(("count", "drawn", "folded"), [(2, 2, False), (3, 3, True), (9, 8, True)])
def test_a_report_of_several_has_a_line_for_each_and_figures_of_some(
    run: tuple[Findings, Path], tmp_path: Path, count: int, drawn: int, folded: bool
) -> None:
    SweepFolder.at(tmp_path).begin()
    for number in range(count):
        folder = tmp_path / "tasks" / f"model-{number}--toy--effort"
        shutil.copytree(run[1], folder)
        record = read_record(folder)
        write_record(folder, {**record, "checkpoint": {**record["checkpoint"], "name": f"model-{number}"}})
    section = effort_section(read_results(tmp_path))
    assert section is not None
    (table,) = section.tables
    names = [f"model-{number}" for number in range(count)]
    assert [row[0].text.partition(" on ")[0] for row in table.rows] == [name for name in names for _ in SMALL.families]
    assert [row[2].text for row in table.rows] == [*SMALL.families] * count
    assert (len(section.pictures), section.folded) == (drawn, folded)
    assert (f"Figures are of {drawn} of the {count}" in section.text) == (drawn < count)
    titles = [picture.title.partition(" on ")[0] for picture in section.pictures]
    assert (titles[0], titles[-1]) == ("model-0", f"model-{count - 1}")


def test_intervals_are_paired_and_fronts_are_held_on_samples() -> None:
    generator = np.random.default_rng(0)
    draws = generator.random((200, 10))
    tallies = [micro("uuas", (draws < level).sum(axis=1), np.full(200, 10)) for level in (0.3, 0.5, 0.49)]
    low, high, dominated = estimates(tallies)
    gap, expected = high - low, paired_difference(tallies[1], tallies[0])
    assert (gap.value, *gap.interval) == pytest.approx((expected.value, expected.low, expected.high))
    found = volume([0.0, 1.0, 1.5], [low, high, dominated], least=0.0, most=2.0)
    assert found.value == pytest.approx((low.value + high.value) / 2)
    np.testing.assert_allclose(found.samples, (low.samples + high.samples) / 2)


def test_the_rule() -> None:
    assert verdict_of(0.01, 0.01) == "representation"
    assert verdict_of(0.01, -0.01) == "probe"
    assert verdict_of(0.0, 0.5) == "baseline"
    assert verdict_of(float("nan"), 0.5) == "baseline"


def test_ranks_families_and_layers_are_those_asked_for(checkpoint: Path) -> None:
    assert ranks_of(Options(ranks=(128,))) == [2, 8, 32, 128]
    assert ranks_of(Options(ranks=(64,))) == [1, 4, 16, 64]
    assert ranks_of(Options(ranks=(8, 2))) == [2, 8]
    with pytest.raises(OptionsError, match="families: found cubic; expected some of linear, "):
        family_of("cubic")
    encoder = Encoder.from_pretrained(checkpoint)
    assert probed_layers(Options(layers=(2,), baseline=1), encoder) == (1, 2)
    assert probed_layers(Options(layers=(2,), baseline=7, baseline_model="other"), encoder) == (2,)
    with pytest.raises(OptionsError, match="baseline: found layer 9; expected one of 0 to 2"):
        Options(baseline=9).fitted(dim=16, layers=encoder.layers)


def test_a_layer_of_another_encoder_is_a_baseline_and_one_that_it_lacks_is_named(
    checkpoint: Path, treebank_files: dict[str, Path]
) -> None:
    sources = Sources(model=checkpoint, **treebank_files)
    subject = open_subject(find_analysis("effort"), sources)
    for model in (str(checkpoint), "random weights"):
        options = Options(baseline=2, baseline_model=model)
        states = {split: subject.states(split, options) for split in ("train", "dev")}
        found = baseline_states(subject, states, options)
        same = np.allclose(found["dev"].read([0])[0], states["dev"].read([0], [2])[0])
        assert same == (model == str(checkpoint))
    with pytest.raises(OptionsError, match=r"baseline: found layer 3 of tiny-bert; expected one of 0 to 2"):
        baseline_states(subject, states, Options(baseline=3, baseline_model=str(checkpoint)))


@pytest.mark.slow
def test_a_layer_that_holds_the_tree_adds_it_and_the_baseline_nothing_to_itself(
    checkpoint: Path,
) -> None:
    """The verdicts of a subject whose states are planted: layer 1 holds the tree, layers 0 and 2 the same noise."""
    sizes = {"train": 80, "dev": 30, "test": 60}
    banks = {split: random_bank(size, seed=seed, name=split) for seed, (split, size) in enumerate(sizes.items())}
    generator = np.random.default_rng(0)
    states = {}
    for split, bank in banks.items():
        tree = [exact_embedding(np.array(sentence.heads), width=16) for sentence in bank]
        noise = [generator.normal(size=each.shape).astype(np.float32) for each in tree]
        states[split] = LayeredStates([noise, tree, noise])
    subject = open_subject(find_analysis("effort"), Sources(model=checkpoint, **banks))
    options = Options(ranks=(16,), seeds=(0,), families=("linear",), norm_strengths=(1.0,), punctuation="none")
    trained = Training(subject, states, options).found()
    measures = measures_of(trained, banks["train"]).values
    assert trained.best_layer == 1
    assert ("linear", ALONE) in trained.joint
    assert ("linear", ALONE) not in trained.plain
    verdicts = [
        verdict_of(*(measures["linear", layer, f"{name}_uuas"].interval[0] for name in ("conditional", "selectivity")))
        for layer in (0, 1, 2)
    ]
    assert verdicts == ["baseline", "representation", "baseline"]
    for layer in (0, 2):
        low, high = measures["linear", layer, "conditional_uuas"].interval
        assert low <= 0 <= high
    # Not by rank: the planted tree takes as many directions as its words, and low ranks find nothing of it.
    curve = measures["linear", 1, "hypervolume_sentences"] - measures["linear", 0, "hypervolume_sentences"]
    assert curve.interval[0] > 0.3
