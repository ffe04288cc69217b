"""Which checkpoint a parser should start from: the one whose states hold the trees, and how sure that is."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from tests.pipeline.planted_ranking import NEITHER, TRUE, WRONG, write_planted
from treeprobe.parsing import TreebankError, read_conllu, write_conllu
from treeprobe.pipeline import Options, Plan, Sources, analyse, load_results, rank_checkpoints, splits_of, sweep
from treeprobe.pipeline.commands.main import app
from treeprobe.pipeline.comparisons.rankable import RankingError
from treeprobe.pipeline.comparisons.ranking import rank_finished, with_labelled_trees
from treeprobe.pipeline.report import write_report
from treeprobe.pipeline.results.scores import best_layer
from treeprobe.training.finetuning import FinetuningOptions, dependency_task, finetune

OPTIONS = Options(ranks=(32,), seeds=(0, 1), epochs=50, layers=(1,), random_baseline=False)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_planted(tmp_path_factory.mktemp("ranking") / "planted", train=160)


@pytest.fixture(scope="module")
def swept(planted: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep over the three checkpoints, the right one neither first nor last."""
    out = tmp_path_factory.mktemp("ranking") / "sweep"
    plan = Plan(
        models=[planted[name] for name in (WRONG, TRUE, NEITHER)],
        treebanks=[splits_of(planted["train"], planted["dev"])],
        out=out,
        analyses=("labelled_trees",),
        options=OPTIONS,
    )
    assert not sweep(plan, progress=False).failed
    return out


def test_the_checkpoint_whose_states_hold_the_trees_is_first(swept: Path) -> None:
    found = rank_checkpoints(swept)
    assert found.best == TRUE
    assert found.ranked.candidates == [TRUE]
    table = found.table.set_index("checkpoint")
    assert table.loc[TRUE, ["rank", "rank_low", "rank_high", "best", "seeds"]].tolist() == [1, 1, 1, 1.0, 2]
    assert found.first_two.low > 0
    assert found.statement.startswith(f"For a parser of planted, start from {TRUE}: DepProbe reads a LAS of ")
    assert found.statement.endswith("No other may be the best.")
    scores = load_results(swept)
    for name, row in table.iterrows():
        own = scores[(scores["checkpoint"] == name) & (scores["probe"] == "depprobe") & (scores["metric"] == "las")]
        assert row["value"] == pytest.approx(own["value"].mean())
        assert row["layer"] == best_layer(own, metric="las", probe="depprobe")
        assert row["low"] < row["value"] < row["high"]
    chain = scores.query("probe == 'chain' and metric == 'las'")["value"].max()
    assert table.loc[TRUE, "low"] > chain


def test_checkpoints_that_are_alike_are_not_told_apart(planted: dict[str, Path], tmp_path: Path) -> None:
    """Neither holds trees, and of two equal ones each may be the best."""
    for name in ("one", "other"):
        shutil.copytree(planted[NEITHER], tmp_path / name)
        sources = Sources(model=tmp_path / name, train=planted["train"], dev=planted["dev"])
        analyse(
            "labelled_trees",
            sources,
            tmp_path / f"run-{name}",
            options=replace(OPTIONS, epochs=3),
            figures=False,
            progress=False,
        )
    found = rank_checkpoints([tmp_path / "run-one", tmp_path / "run-other"], metric="uas")
    assert found.ranked.candidates == ["one", "other"]
    assert found.first_two.low <= 0 <= found.first_two.high
    assert found.statement.startswith(
        "For a parser of planted, one comes first, but not for sure: DepProbe reads a UAS"
    )
    assert found.statement.endswith("As good may be other.")


def test_the_parser_agrees(planted: dict[str, Path], tmp_path: Path) -> None:
    """Fine-tuned for a few steps, a parser finds nearly every head where the trees are there to read."""
    splits = {split: list(read_conllu(planted[split])) for split in ("train", "dev")}
    task = dependency_task(splits)
    small = replace(task, shape=replace(task.shape, arc_size=100, relation_size=32, dropout=0.1))
    options = FinetuningOptions(steps=120, learning_rate=5e-3, evaluations=1)
    uas = {}
    for name in (TRUE, NEITHER):
        found = finetune(small, planted[name], tmp_path / name, options=options, progress=False)
        uas[name] = found.scores.query("system == 'model' and metric == 'uas'")["value"].item()
    assert uas[TRUE] > 0.9
    assert uas[TRUE] > uas[NEITHER] + 0.05


def test_the_command_and_the_report_tell_it(swept: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    told = runner.invoke(app, ["rank", str(swept), "--figure", str(tmp_path / "ranking.png")])
    assert told.exit_code == 0, told.output
    assert rank_checkpoints(swept).statement in told.output
    assert (tmp_path / "ranking.png").stat().st_size > 1000
    rows = json.loads(runner.invoke(app, ["rank", str(swept), "--format", "json"]).output)
    assert [row["checkpoint"] for row in rows] == rank_checkpoints(swept).ranked.names
    printed = runner.invoke(app, ["rank", str(swept), "--format", "csv", "--metric", "uas"]).output
    assert printed.startswith("treebank,split,metric,rank")
    page = write_report(swept, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Which checkpoint to start a parser from" in page
    assert f"start from {TRUE}" in page
    assert "Labelled trees" in page


def test_a_run_writes_its_scores_and_its_baselines(planted: dict[str, Path], tmp_path: Path) -> None:
    sources = Sources(model=planted[TRUE], train=planted["train"], dev=planted["dev"])
    options = replace(OPTIONS, epochs=3, random_baseline=True, ranks=(4, 8), seeds=(0,))
    found = analyse("labelled_trees", sources, tmp_path / "run", options=options, progress=False)
    scores = found.tables["scores"]
    assert set(scores["probe"]) == {"depprobe", "chain", "random weights"}
    assert set(scores["metric"]) >= {"las", "uas"}
    assert {path.name for path in (tmp_path / "run" / "figures").glob("*.png")} == {
        "las-by-layer.png",
        "uas-by-layer.png",
    }
    assert found.closing is not None
    assert "depprobe" in found.closing.text
    scores = scores[scores["metric"].isin(["las", "uas"])]
    both = scores.pivot_table(index=["probe", "rank", "layer"], columns="metric", values="value", dropna=False).dropna()
    assert (both["las"] <= both["uas"]).all()
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert found.summary.split(",")[0] in page


def test_one_checkpoint_and_runs_that_differ_are_refused_by_name(planted: dict[str, Path], tmp_path: Path) -> None:
    quick = replace(OPTIONS, epochs=2, seeds=(0,))

    def run(model: str, name: str, options: Options = quick, dev: Path = planted["dev"]) -> Path:
        sources = Sources(model=planted[model], train=planted["train"], dev=dev, treebank="planted")
        analyse("labelled_trees", sources, tmp_path / name, options=options, figures=False, progress=False)
        return tmp_path / name

    first = run(TRUE, "first")
    with pytest.raises(RankingError, match="only true to rank; expected two checkpoints or more"):
        rank_checkpoints(first)
    with pytest.raises(RankingError, match="true: more than one run"):
        rank_checkpoints([first, first])
    other = run(NEITHER, "other", replace(quick, epochs=3))
    with pytest.raises(
        RankingError, match=r"true and neither were not analysed alike: epochs: 2 and 3; expected the same"
    ):
        rank_checkpoints([first, other])
    narrow = run(NEITHER, "narrow", replace(quick, ranks=(4,)))
    with pytest.raises(RankingError, match=r"true and neither were not analysed alike: ranks: \[16\] and \[4\]"):
        rank_checkpoints([first, narrow])
    write_conllu(list(read_conllu(planted["dev"]))[:-1], tmp_path / "dev.conllu")
    shorter = run(NEITHER, "shorter", dev=tmp_path / "dev.conllu")
    with pytest.raises(RankingError, match=r"true and neither were not analysed alike: dev treebank: \w+ and \w+;"):
        rank_checkpoints([first, shorter])
    alike = run(NEITHER, "alike")
    assert set(rank_checkpoints([first, alike]).layers) == {TRUE, NEITHER}, "the narrower one's rank was lowered"
    with pytest.raises(RankingError, match="no labelled trees of treebank french; found planted"):
        rank_checkpoints([first, alike], treebank="french")
    with pytest.raises(RankingError, match="no LAS on test"):
        rank_checkpoints([first, alike], split="test")
    refused = CliRunner().invoke(app, ["rank", str(first)])
    assert isinstance(refused.exception, RankingError)


def test_a_treebank_without_relations_is_refused(planted: dict[str, Path], tmp_path: Path) -> None:
    bare = [replace(one, relations=("_",) * len(one)) for one in read_conllu(planted["dev"])]
    write_conllu(bare, tmp_path / "bare.conllu")
    sources = Sources(model=planted[TRUE], train=planted["train"], dev=tmp_path / "bare.conllu")
    with pytest.raises(TreebankError, match=r"bare.conllu: a treebank without relations; found '_'"):
        analyse("labelled_trees", sources, tmp_path / "out", options=OPTIONS, progress=False)
    assert not (tmp_path / "out").exists()


def test_runs_that_probed_for_labelled_trees_too_count_where_there_is_nothing_else() -> None:
    def run(analysis: str, checkpoint: str, **options: bool) -> SimpleNamespace:
        return SimpleNamespace(analysis=analysis, checkpoint=checkpoint, treebank="t", record={"options": options})

    own, both = run("labelled_trees", "a"), run("structure", "a", labelled=True)
    other, plain, old = (
        run("structure", "b", labelled=True),
        run("structure", "c", labelled=False),
        run("structure", "d"),
    )
    assert with_labelled_trees([own, both, other, plain, old]) == [own, other]  # type: ignore[list-item]


def test_other_analyses_have_no_ranking() -> None:
    with pytest.raises(RankingError, match="expected a sweep with the analysis labelled_trees"):
        rank_finished([])
