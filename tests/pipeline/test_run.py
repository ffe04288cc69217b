"""The main job leaves everything it promises, and bad input leaves nothing."""

import json
from pathlib import Path

import pandas as pd
import pytest

from treeprobe.extraction import extract
from treeprobe.parsing import Score, TreebankError, read_conllu
from treeprobe.pipeline.record import Stopwatch
from treeprobe.pipeline.score_table import COLUMNS, HEADLINE_METRICS, Setting, score_table
from treeprobe.pipeline.structural.analysis import ProbeOptions
from treeprobe.pipeline.structural.closing import closing_table
from treeprobe.pipeline.structural.parse import Parser, ProbeFolderError
from treeprobe.pipeline.structural.run import Run, run
from treeprobe.probes import DepthProbe, DistanceProbe, ProbeError


@pytest.fixture(scope="module")
def done(checkpoint: Path, treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run of the main job."""
    return run(
        checkpoint,
        treebank_files["train"],
        treebank_files["dev"],
        tmp_path_factory.mktemp("run") / "out",
        test=treebank_files["test"],
        options=ProbeOptions(rank=4, seeds=(0, 1), training={"epochs": 2}),
        progress=False,
    )


def test_scores_are_tidy_and_complete(done: Run) -> None:
    scores = pd.read_csv(done.out / "scores.csv")
    assert tuple(scores.columns) == COLUMNS
    assert set(scores["split"]) == {"dev", "test"}
    assert set(scores["checkpoint"]) == {"tiny-bert"}
    probes = scores[scores["probe"].isin(["distance", "depth"])]
    # 2 splits, 3 layers, 2 seeds: each metric once, of one kind of probe, and its selectivity.
    for metric in HEADLINE_METRICS:
        for name in (metric, f"selectivity_{metric}"):
            assert (probes["metric"] == name).sum() == 2 * 3 * 2, name
    assert {"chain", "random weights", "control"} <= set(scores["probe"])
    assert (scores["low"] <= scores["value"] + 1e-9).all()
    assert (scores["value"] <= scores["high"] + 1e-9).all()


def test_the_chain_row_is_the_chain(done: Run, treebank_files: dict[str, Path]) -> None:
    bank = read_conllu(treebank_files["dev"])
    edges = hits = 0
    for sentence in bank:
        words = len(sentence) - 1  # the full stop is left out; here it is never an inner node of the chain
        graph = sentence.graph.to_undirected()
        graph.remove_node(words)
        if graph.number_of_edges() == words - 1:
            edges += words - 1
            hits += sum(graph.has_edge(word, word + 1) for word in range(words - 1))
    scores = pd.read_csv(done.out / "scores.csv")
    value = scores.query("probe == 'chain' and split == 'dev' and metric == 'uuas'")["value"].item()
    assert edges > 0
    assert value == pytest.approx(hits / edges, abs=0.05)


def test_selectivity_is_the_score_less_the_score_on_control_trees(done: Run) -> None:
    scores = pd.read_csv(done.out / "scores.csv")
    keys = ["split", "layer", "rank", "seed", "metric"]
    probes = scores[scores["probe"].isin(["distance", "depth"])]
    value = probes.set_index(keys)["value"]
    control = scores[scores["probe"] == "control"].set_index(keys)["value"]
    assert set(control.index.get_level_values("metric")) >= set(HEADLINE_METRICS)
    assert control.groupby("metric").size().unique().tolist() == [2 * 3 * 2]
    for (*where, metric), on_control in control.items():
        expected = value[(*where, metric)] - on_control
        assert value[(*where, f"selectivity_{metric}")] == pytest.approx(expected, nan_ok=True)


def test_the_closing_table_shows_selectivity_in_brackets_and_no_row_of_controls(done: Run) -> None:
    text = closing_table(pd.read_csv(done.out / "scores.csv"))
    (line, *_) = [line for line in text.splitlines() if line.startswith("layer 1")]
    assert line.count("(") == 4
    assert "control, layer" not in text
    for name in ("UUAS: ", "DSpr.: ", "Root accuracy: ", "NSpr.: ", "Chain: "):
        assert sum(line.startswith(name) for line in text.splitlines()) == 1
    assert "selectivity" in text


def test_the_closing_table_shows_the_mean_of_several_seeds() -> None:
    def rows(seed: int, uuas: Score, selectivity: float) -> list[dict[str, object]]:
        gain = Score("selectivity_uuas", selectivity, 0.0, 0.0, 9)
        return Setting("a", "toy", "dev", "distance", layer=1, rank=4, seed=seed).rows([uuas, gain])

    first = rows(0, Score("uuas", 0.50, 0.40, 0.60, 9), 0.10)
    chain = Setting("a", "toy", "dev", "chain").rows([Score("uuas", 0.30, 0.25, 0.35, 9)])
    alone = closing_table(score_table([*first, *chain]))
    assert "0.500 ±0.100 (+0.100)" in alone
    assert "seeds" not in alone
    told = closing_table(score_table([*first, *rows(1, Score("uuas", 0.70, 0.60, 0.90, 9), 0.30), *chain]))
    assert "0.600 ±0.250 (+0.200)" in told
    assert "0.300 ±0.050" in told
    assert "means over 2 seeds" in told


def test_description_length_is_measured_when_asked(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    scores = run(
        checkpoint,
        treebank_files["train"],
        treebank_files["dev"],
        tmp_path / "out",
        options=ProbeOptions(rank=4, training={"epochs": 1}),
        random_baseline=False,
        control=False,
        description_length=True,
        progress=False,
    ).scores
    codes = scores[scores["split"] == "train"]
    assert set(codes["metric"]) == {"codelength", "compression"}
    assert (codes["n"] == len(read_conllu(treebank_files["train"]))).all()
    assert len(codes) == 2 * 3 * 2
    assert (codes["value"] > 0).all()
    assert "uniform code / online code" in closing_table(scores)
    assert "selectivity" not in closing_table(scores)


def test_predictions_can_be_read_back_with_gold_beside(done: Run, treebank_files: dict[str, Path]) -> None:
    gold, recovered = read_conllu(treebank_files["test"]), read_conllu(done.out / "predictions.conllu")
    assert gold.words == recovered.words
    for left, right in zip(gold, recovered):
        kept = [dict(item.split("=") for item in cell.split("|")) for cell in right.misc]
        assert tuple(int(cell["GoldHead"]) - 1 for cell in kept) == left.heads
        assert tuple(cell["GoldDeprel"] for cell in kept) == left.relations


def test_the_record_says_what_was_run(done: Run) -> None:
    record = json.loads((done.out / "run.json").read_text())
    assert record["checkpoint"]["name"] == "tiny-bert"
    assert record["options"]["seeds"] == [0, 1]
    assert record["best_layer"] == done.best_layer
    assert {"train", "dev", "test"} == set(record["treebanks"])
    assert record["versions"]["torch"]


def test_probes_and_figures_are_there(done: Run) -> None:
    for layer in range(3):
        assert DistanceProbe.from_pretrained(done.out / "probes" / f"distance-layer-{layer}").layer == layer
        assert DepthProbe.from_pretrained(done.out / "probes" / f"depth-layer-{layer}-seed-1").seed == 1
    names = {path.name for path in (done.out / "figures").iterdir()}
    assert {"layers-uuas.pdf", "layers-nspr.png", "depths.png"} <= names
    for kind in ("arcs", "distances", "space"):
        assert sum(name.startswith(kind) and name.endswith(".pdf") for name in names) == 4


def test_a_run_is_repeatable(done: Run, checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path) -> None:
    again = run(
        checkpoint,
        treebank_files["train"],
        treebank_files["dev"],
        tmp_path / "again",
        test=treebank_files["test"],
        options=ProbeOptions(rank=4, seeds=(0, 1), training={"epochs": 2}),
        cache=tmp_path / "cache",
        progress=False,
    )
    pd.testing.assert_frame_equal(again.scores, done.scores, atol=0.05)


def test_parse_uses_the_runs_best_layer(done: Run) -> None:
    parser = Parser.from_pretrained(done.out)
    assert parser.distance.layer == done.best_layer
    tree = parser.parse("the old man sees a dog.")
    assert tree.words == ("the", "old", "man", "sees", "a", "dog", ".")
    assert tree.relations[-1] == "punct"
    assert tree.text == "the old man sees a dog."


def test_parse_finds_the_checkpoint_from_any_folder(
    done: Run, checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkpoint.parent)
    options = ProbeOptions(rank=4, layers=(1,), training={"epochs": 1})
    run(checkpoint.name, treebank_files["train"], treebank_files["dev"], tmp_path / "run",
        options=options, random_baseline=False, progress=False)  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert len(Parser.from_pretrained(tmp_path / "run").parse("The keys are here.")) == 5


def test_a_run_on_natural_text_is_parsed_as_it_was_read(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(
        checkpoint,
        treebank_files["train"],
        treebank_files["dev"],
        tmp_path / "out",
        options=ProbeOptions(rank=400, training={"epochs": 1}, text="natural", pooling="first"),
        random_baseline=False,
        control=False,
        progress=False,
    )
    parser = Parser.from_pretrained(found.out)
    identities = [parser.distance.identity_]

    def spy(*args, **options):
        states = extract(*args, **options)
        identities.append(states.identity)
        return states

    monkeypatch.setattr("treeprobe.pipeline.structural.parse.extract", spy)
    parser.parse("the old man sees a dog.")
    assert len(identities) == 2
    for identity in identities:
        assert (identity["text"]["form"], identity["settings"]["pooling"]) == ("natural", "first")
    record = json.loads((found.out / "run.json").read_text())
    assert record["options"]["text"] == "natural"
    # States are 16 wide, so that probes of a higher rank are of this one; the record says what was trained.
    assert record["options"]["rank"] == 16


def test_parse_refuses_another_checkpoint(done: Run, checkpoint: Path, tmp_path: Path) -> None:
    from treeprobe.extraction import Encoder

    Encoder.from_pretrained(checkpoint).with_random_weights(seed=7).model.save_pretrained(tmp_path)
    for file in checkpoint.glob("tokenizer*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ProbeError, match="digest"):
        Parser.from_pretrained(done.out, model=tmp_path)


def test_parse_refuses_a_folder_without_probes(tmp_path: Path) -> None:
    with pytest.raises(ProbeFolderError, match=r"neither run\.json nor probe\.json"):
        Parser.from_pretrained(tmp_path)
    with pytest.raises(ProbeFolderError, match="mistyped: there is no such folder"):
        Parser.from_pretrained(tmp_path / "mistyped")


@pytest.mark.parametrize("again", ["dev", "test"])
def test_what_trains_is_not_scored(
    again: str, checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    copy = tmp_path / "copy.conllu"
    copy.write_bytes(treebank_files["train"].read_bytes())
    splits = {"dev": treebank_files["dev"], again: copy}
    with pytest.raises(TreebankError, match=rf"copy\.conllu: the {again} treebank is the one that probes train on"):
        run(checkpoint, treebank_files["train"], out=tmp_path / "out", progress=False, **splits)
    assert not (tmp_path / "out").exists()


def test_one_word_sentences_cannot_train(checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path) -> None:
    short = tmp_path / "short.conllu"
    short.write_text("1\tGo\t_\tVERB\tVB\t_\t0\troot\t_\t_\n\n")
    with pytest.raises(TreebankError, match=r"short\.conllu: all 1 sentences have a single word"):
        run(checkpoint, short, treebank_files["dev"], tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_stages_are_named_while_they_last(capsys: pytest.CaptureFixture[str]) -> None:
    quiet, told = Stopwatch(), Stopwatch(announce=True)
    for stopwatch in (quiet, told, told):
        with stopwatch.stage("predict dev"):
            pass
    assert capsys.readouterr().err == "predict dev …\n"
    assert list(quiet.seconds) == list(told.seconds) == ["predict dev"]
