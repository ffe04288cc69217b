"""The analysis of causes: what is read is found to be used, what is not read is not, and what may be left out."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from treeprobe.extraction import Encoder
from treeprobe.parsing import TreebankError, write_conllu
from treeprobe.parsing.stimuli import agreement_pairs
from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.pipeline.commands.main import app
from treeprobe.pipeline.effects.comparison import COLUMNS
from treeprobe.pipeline.options import OptionsError
from treeprobe.pipeline.report.causal import causal_section
from treeprobe.pipeline.report.results import read_results
from treeprobe.pipeline.results.scores import SIGNATURE
from treeprobe.pipeline.subjects.treebanks import Splits
from treeprobe.pipeline.sweeps import Plan, sweep
from treeprobe.training import READ_CONSTRUCTION, save_tree_reader

SMALL = Options(
    sentences=60,
    grammar_pairs=400,
    constructions=(READ_CONSTRUCTION,),
    seeds=(0,),
    layers=(1,),
    epochs=80,
    interventions=("probe", "counterfactual"),
)
QUICK = replace(SMALL, sentences=8, grammar_pairs=60, epochs=1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Agreement sentences as splits, a model that reads the tree, and one that holds it unread."""
    folder = tmp_path_factory.mktemp("causal")
    pairs = agreement_pairs(320, seed=7, construction=READ_CONSTRUCTION)
    write_conllu([pair.sentence for pair in pairs[:250]], folder / "train.conllu")
    write_conllu([pair.sentence for pair in pairs[250:]], folder / "dev.conllu")
    save_tree_reader(folder / "reads", by_tree=True)
    save_tree_reader(folder / "holds", by_tree=False)
    return {name: folder / name for name in ("reads", "holds", "train.conllu", "dev.conllu")}


@pytest.fixture(scope="module")
def folders(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The analysis of both models."""
    out = tmp_path_factory.mktemp("found")
    for name in ("reads", "holds"):
        analyse("causal", sources(files, files[name]), out / name, options=SMALL, figures=False, progress=False)
    return {name: out / name for name in ("reads", "holds")}


def sources(files: dict[str, Path], model: Path) -> Sources:
    return Sources(model=model, train=files["train.conllu"], dev=files["dev.conllu"])


def details_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "analysis.json").read_text())["details"]
    return found


def test_a_tree_that_is_read_is_used_and_one_that_is_not_read_is_not(folders: dict[str, Path]) -> None:
    found = {name: details_of(folder) for name, folder in folders.items()}
    assert {name: one["accuracy"] > 0.95 for name, one in found.items()} == {"reads": True, "holds": True}
    assert {name: one["present"]["trees"] for name, one in found.items()} == {"reads": [1], "holds": [1]}
    assert {name: one["verdicts"]["trees"] for name, one in found.items()} == {
        "reads": "used",
        "holds": "present, no evidence of use",
    }


def test_counterfactual_trees_turn_the_choice_round_where_the_tree_is_read(folders: dict[str, Path]) -> None:
    for name, falls in (("reads", True), ("holds", False)):
        table = pd.read_csv(folders[name] / "effects.csv").fillna({"control": ""})
        rows = table[(table["measure"] == "accuracy") & (table["intervention"] == "counterfactual")]
        by_control = rows.set_index("control")["value"]
        assert (by_control[""] < by_control["distance"] - 0.1) == falls


def test_the_table_has_every_measure_beside_every_control(folders: dict[str, Path]) -> None:
    table = pd.read_csv(folders["reads"] / "effects.csv").fillna({"control": ""})
    assert list(table.columns) == [*COLUMNS, SIGNATURE]
    controls = {name: set(rows["control"]) for name, rows in table.groupby("intervention")}
    assert controls == {"probe": {"", "rank", "variance"}, "counterfactual": {"", "distance"}}
    measures = {"accuracy", "score_difference", "loss", "uuas", "fresh_uuas", "relation", "upos", "word", "position"}
    for _, rows in table.groupby(["intervention", "control"]):
        assert set(rows["measure"]) == measures
        assert sorted(rows.loc[rows["measure"] == "uuas", "at"]) == [1, 2]
    unedited = (table["value"] - table["change"]).groupby([table["measure"], table["at"].fillna(-1)])
    assert unedited.std().max() < 1e-9
    assert (table["low"] <= table["value"] + 1e-9).all()
    assert (table["value"] <= table["high"] + 1e-9).all()
    compared = table[table["control"] != ""]
    assert (compared["p"] <= compared["p_holm"]).all()
    assert table.loc[table["control"] == "", "difference"].isna().all()


def test_the_section_tells_the_verdict_and_draws_each_intervention(folders: dict[str, Path]) -> None:
    section = causal_section(read_results(folders["reads"]))
    assert section is not None
    assert "trees: used" in section.text
    assert len(section.pictures) == 2
    verdicts, effects = section.tables
    (row,) = verdicts.rows
    assert [cell.text for cell in row[1:3]] == ["used", "not said"]
    assert {row[1].text for row in effects.rows} == {"probe", "counterfactual"}


def test_a_condition_costs_as_many_passes_as_the_model_as_it_is(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is read besides does not depend on how many conditions there are."""
    run, counts = Encoder.run, []

    def counted(encoder: Encoder, input_ids: Any, *given: Any, **options: Any) -> Any:
        counts[-1] += len(input_ids)
        return run(encoder, input_ids, *given, **options)

    monkeypatch.setattr(Encoder, "run", counted)
    for seeds in ((0,), (0, 1), (0, 1, 2)):
        counts.append(0)
        options = replace(QUICK, seeds=seeds, interventions=("relation",))
        out = tmp_path / str(len(seeds))
        analyse("causal", sources(files, files["reads"]), out, options=options, figures=False, progress=False)
    conditions = [1 + 2 * seeds for seeds in (1, 2, 3)]
    condition = (counts[2] - counts[0]) / (conditions[2] - conditions[0])
    assert counts[1] - counts[0] == 2 * condition
    besides = counts[0] - conditions[0] * condition
    # All layers of a model of six blocks, two erasures, three draws of two controls, behaviour and loss measured.
    every = 7 * 2 * (1 + 2 * 3)
    assert (besides + every * condition) / (every * condition) < 1.3


def test_a_checkpoint_without_a_head_is_told_what_can_be_measured(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    splits = {split: treebank_files[split] for split in ("train", "dev")}
    options = replace(QUICK, interventions=("probe", "relation", "roles"), constructions=None, layers=(0, 2))
    found = analyse("causal", Sources(model=checkpoint, **splits), tmp_path / "out", options=options, progress=False)
    assert {"accuracy", "score_difference", "loss"}.isdisjoint(found.tables["effects"]["measure"])
    assert {"uuas", "fresh_uuas", "word"} <= set(found.tables["effects"]["measure"])
    assert found.summary.count("has no masked-LM head") == 1
    assert found.closing is not None
    assert found.closing.text.count("Behaviour is not measured") == 1
    assert set(details_of(tmp_path / "out")["verdicts"].values()) <= {None, "absent"}
    assert (tmp_path / "out" / "figures" / "effects.pdf").exists()
    assert causal_section(read_results(tmp_path / "out")) is not None


def test_what_cannot_be_done_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    def run(**options: Any) -> None:
        chosen = replace(QUICK, **options)
        analyse("causal", sources(files, files["reads"]), tmp_path / "out", options=chosen, progress=False)

    with pytest.raises(OptionsError, match="interventions: found lobotomy; expected some of upos, relation"):
        run(interventions=("probe", "lobotomy"))
    with pytest.raises(OptionsError, match="found 0 interventions and 8 sentences"):
        run(interventions=())
    with pytest.raises(TreebankError, match=r"train\.conllu: 4 sentences of which reads reads every word"):
        run(sentences=1)
    assert not (tmp_path / "out").exists()


def test_the_command_and_the_sweep_run_it(files: dict[str, Path], tmp_path: Path) -> None:
    arguments = ["--model", files["reads"], "--train", files["train.conllu"], "--dev", files["dev.conllu"]]
    asked = ["--layers", "2", "--interventions", "upos,roles", "--sentences", "8", "--grammar-pairs", "40"]
    quick = ["--seeds", "1", "--epochs", "1", "--quiet", "--no-figures", "--out", tmp_path / "out"]
    result = CliRunner().invoke(app, ["causal", *map(str, [*arguments, *asked, *quick])])
    assert result.exit_code == 0, result.output
    effects = pd.read_csv(tmp_path / "out" / "effects.csv")
    assert list(effects["intervention"].unique()) == ["upos", "roles"]
    assert set(effects["layer"]) == {2}
    plan = Plan(
        models=[files["reads"]],
        treebanks=[Splits("grammar", files["train.conllu"], files["dev.conllu"])],
        out=tmp_path / "sweep",
        analyses=("structure", "behaviour", "causal"),
        options=replace(QUICK, ranks=(4,), random_baseline=False, control=False, samples=0),
    )
    sweep(plan, progress=False)
    found = read_results(tmp_path / "sweep")
    assert {one.analysis for one in found.finished} == {"structure", "behaviour", "causal"}
    assert not found.failed
