"""The structural analysis leaves everything it promises, and bad input leaves nothing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from treeprobe.extraction import Encoder, extract
from treeprobe.parsing import TreebankError, read_conllu
from treeprobe.parsing.decoding import minimum_spanning_edges
from treeprobe.pipeline import Findings, Options, Parser, Sources, analyse
from treeprobe.pipeline.closing_table import closing_table
from treeprobe.pipeline.options import OptionsError, RankLowered
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.scores import (
    COLUMNS,
    HEADLINE_METRICS,
    SIGNATURE,
    best_layer,
    read_scores,
    reported_split,
)
from treeprobe.pipeline.stopwatch import Stopwatch
from treeprobe.probes import DepthProbe, DistanceProbe, ProbeError
from treeprobe.reporting import merge_seeds

QUICK = Options(ranks=(4,), seeds=(0,), epochs=1, random_baseline=False, control=False)


def run(
    checkpoint: Path, files: dict[str, Path], out: Path, options: Options, *, figures: bool = False, **more: Any
) -> Findings:
    """A structural analysis of some splits' files; without figures, which take most of the time."""
    sources = Sources(model=checkpoint, **files, **more)
    return analyse("structure", sources, out, options=options, figures=figures, progress=False)


@pytest.fixture(scope="module")
def done(checkpoint: Path, treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one structural analysis."""
    out = tmp_path_factory.mktemp("run") / "out"
    run(checkpoint, treebank_files, out, Options(ranks=(4,), seeds=(0, 1), epochs=2), figures=True)
    return out


@pytest.fixture
def two(treebank_files: dict[str, Path]) -> dict[str, Path]:
    """The files of a train and a dev split."""
    return {split: treebank_files[split] for split in ("train", "dev")}


def test_scores_are_tidy_and_complete(done: Path) -> None:
    scores = read_scores(done / "scores.csv")
    assert tuple(scores.columns) == (*COLUMNS, SIGNATURE)
    assert set(scores["split"]) == {"dev", "test"}
    assert set(scores["checkpoint"]) == {"tiny-bert"}
    probes = scores[scores["probe"].isin(["distance", "depth"])]
    # 2 splits, 3 layers, 2 seeds: each metric once, of one kind of probe, and its selectivity.
    for metric in HEADLINE_METRICS:
        for name in (metric, f"selectivity_{metric}"):
            assert (probes["metric"] == name).sum() == 2 * 3 * 2, name
    assert {"chain", "random weights", "control", "untransformed"} <= set(scores["probe"])
    assert "concatenation" not in set(scores["probe"])
    assert (scores["low"] <= scores["value"] + 1e-9).all()
    assert (scores["value"] <= scores["high"] + 1e-9).all()


def test_the_interval_of_the_mean_over_seeds_stands_in_the_row_of_each(done: Path) -> None:
    scores = read_scores(done / "scores.csv")
    probes = scores[scores["seed"].notna() & (scores["split"] != "train")]
    keys = ["split", "probe", "layer", "rank", "metric"]
    merged = merge_seeds(scores).set_index(keys)
    for where, own in probes[probes["probe"] != "random weights"].groupby(keys):
        assert len(own) == 2
        assert own[["mean_low", "mean_high"]].nunique().tolist() == [1, 1]
        mean = merged.loc[where]
        assert mean["seeds"] == 2
        assert mean["value"] == pytest.approx(own["value"].mean())
        assert mean["seed_sd"] == pytest.approx(own["value"].std())
        assert mean["low"] - 1e-9 <= mean["value"] <= mean["high"] + 1e-9
        # The mean varies less over sentences than its parts do on the average.
        assert mean["high"] - mean["low"] <= (own["high"] - own["low"]).mean() + 0.02
    chain = scores[scores["probe"] == "chain"]
    assert chain["mean_low"].equals(chain["low"])
    assert set(scores["resampled"]) == {"sentences"}


def test_what_chose_the_layer_is_not_what_is_reported_where_there_is_a_test_split(
    done: Path, checkpoint: Path, two: dict[str, Path], tmp_path: Path
) -> None:
    def told(summary: str, scores: pd.DataFrame, split: str) -> str:
        layer = best_layer(scores)
        rows = scores.query("probe == 'distance' and metric == 'uuas' and layer == @layer and split == @split")
        assert f"distance probe of layer {layer}, " in summary
        assert f"finds {rows['value'].mean():.1%} of the edges of" in summary
        return summary

    scores = read_scores(done / "scores.csv")
    with_test = told(json.loads((done / "analysis.json").read_text())["summary"], scores, "test")
    assert reported_split(scores) == "test"
    assert ", chosen on dev, finds" in with_test
    assert "mean of 2 seeds" in with_test
    assert "in one network of random weights" in with_test
    assert closing_table(scores).text.startswith("test (treebank0): the best layer is chosen on dev\n")
    found = run(checkpoint, two, tmp_path / "out", replace(QUICK, layers=(0, 1)))
    alone = told(found.summary, found.tables["scores"], "dev")
    assert ", chosen on the same sentences, finds" in alone
    assert "seeds" not in alone
    assert "random weights" not in alone
    assert "): the best layer is chosen on the same sentences\n" in closing_table(found.tables["scores"]).text
    # Where one checkpoint of several has no test scores, dev is what they have in common.
    assert reported_split(pd.concat([scores, found.tables["scores"].assign(checkpoint="other")])) == "dev"


def test_untransformed_rows_are_the_distances_of_the_states_themselves(
    done: Path, checkpoint: Path, treebank_files: dict[str, Path]
) -> None:
    bank = read_conllu(treebank_files["dev"])
    states = extract(Encoder.from_pretrained(checkpoint), bank.words)
    scores = read_scores(done / "scores.csv").query("probe == 'untransformed' and split == 'dev'")
    assert len(scores) == len(states.layers) * 2
    assert set(scores["metric"]) == {"uuas", "dspr"}
    assert scores[["rank", "seed"]].isna().all(axis=None)
    for layer in states.layers:
        found, edges = 0, 0
        for number, sentence in enumerate(bank):
            vectors = states.sentence(number, layer)[:-1]  # without the full stop, which is punctuation
            distances = [[((one - other) ** 2).sum() for other in vectors] for one in vectors]
            tree = {tuple(sorted(edge)) for edge in minimum_spanning_edges(np.array(distances)).tolist()}
            gold = {tuple(sorted((head, word))) for word, head in enumerate(sentence.heads[:-1]) if head >= 0}
            found, edges = found + len(tree & gold), edges + len(gold)
        own = scores[scores["layer"] == layer].set_index("metric")["value"]
        assert own["uuas"] == pytest.approx(found / edges)


def test_joined_layers_are_probed_where_asked_for_and_one_alone_is_that_layer(
    checkpoint: Path, two: dict[str, Path], tmp_path: Path
) -> None:
    asked = replace(QUICK, concatenate=(1,))
    table = run(checkpoint, two, tmp_path / "one", asked).tables["scores"]
    joined, alone = table[table["probe"] == "concatenation"], table[table["layer"] == 1]
    assert joined["layer"].isna().all()
    for metric in HEADLINE_METRICS:
        own = alone[(alone["metric"] == metric) & alone["probe"].isin(["distance", "depth"])]
        assert joined.set_index("metric")["value"][metric] == pytest.approx(own["value"].item())
    assert "concatenation" in closing_table(table).text
    found = run(checkpoint, two, tmp_path / "two", replace(QUICK, concatenate=(0, 2)))
    assert (found.tables["scores"]["probe"] == "concatenation").sum() == len(HEADLINE_METRICS)
    (folder,) = (tmp_path / "two" / "concatenation").glob("distance-*")
    assert DistanceProbe.from_pretrained(folder).identity_["concatenated"] == [0, 2]
    with pytest.raises(OptionsError, match=r"concatenate: found \[3\]; expected some of 0 to 2"):
        run(checkpoint, two, tmp_path / "three", replace(QUICK, concatenate=(3,)))


def test_the_chain_row_is_the_chain(done: Path, treebank_files: dict[str, Path]) -> None:
    bank = read_conllu(treebank_files["dev"])
    edges = hits = 0
    for sentence in bank:
        words = len(sentence) - 1  # the full stop is left out; here it is never an inner node of the chain
        graph = sentence.graph.to_undirected()
        graph.remove_node(words)
        if graph.number_of_edges() == words - 1:
            edges += words - 1
            hits += sum(graph.has_edge(word, word + 1) for word in range(words - 1))
    scores = read_scores(done / "scores.csv")
    value = scores.query("probe == 'chain' and split == 'dev' and metric == 'uuas'")["value"].item()
    assert edges > 0
    assert value == pytest.approx(hits / edges, abs=0.05)


def test_selectivity_is_the_score_less_the_score_on_control_trees(done: Path) -> None:
    scores = read_scores(done / "scores.csv")
    keys = ["split", "layer", "rank", "seed", "metric"]
    probes = scores[scores["probe"].isin(["distance", "depth"])]
    value = probes.set_index(keys)["value"]
    control = scores[scores["probe"] == "control"].set_index(keys)["value"]
    assert set(control.index.get_level_values("metric")) >= set(HEADLINE_METRICS)
    assert control.groupby("metric").size().unique().tolist() == [2 * 3 * 2]
    for (*where, metric), on_control in control.items():
        expected = value[(*where, metric)] - on_control
        assert value[(*where, f"selectivity_{metric}")] == pytest.approx(expected, nan_ok=True)


def test_description_length_is_measured_when_asked(checkpoint: Path, two: dict[str, Path], tmp_path: Path) -> None:
    options = Options(ranks=(4,), seeds=(0,), epochs=1, random_baseline=False, control=False, description_length=True)
    scores = run(checkpoint, two, tmp_path / "out", options).tables["scores"]
    codes = scores[scores["split"] == "train"]
    assert set(codes["metric"]) == {"codelength", "compression"}
    assert (codes["n"] == len(read_conllu(two["train"]))).all()
    assert len(codes) == 2 * 3 * 2
    assert (codes["value"] > 0).all()
    closing = closing_table(scores)
    for text, layers in ((closing.text, len({0, best_layer(scores)})), (closing.full, 3)):
        assert text.count("\nlayer ") == layers
        assert "uniform code / online code" in text
        assert "selectivity" not in text


def test_several_ranks_are_told_apart(checkpoint: Path, two: dict[str, Path], tmp_path: Path) -> None:
    options = Options(ranks=(2, 4, 4096, 16), seeds=(0, 0), layers=(1, 1), epochs=1, random_baseline=False)
    with pytest.warns(RankLowered, match="tiny-bert: its states are 16 wide, so rank 4096 is lowered to 16"):
        scores = run(checkpoint, two, tmp_path / "out", options).tables["scores"]
    # States are 16 wide: a rank above that is lowered to it.
    assert set(scores["rank"].dropna()) == {2, 4, 16}
    # And what was asked for twice is done once.
    assert not scores.duplicated(["split", "layer", "probe", "rank", "seed", "metric"]).any()


def test_predictions_can_be_read_back_with_gold_beside(done: Path, treebank_files: dict[str, Path]) -> None:
    gold, recovered = read_conllu(treebank_files["test"]), read_conllu(done / "predictions.conllu")
    assert gold.words == recovered.words
    for left, right in zip(gold, recovered):
        kept = [dict(item.split("=") for item in cell.split("|")) for cell in right.misc]
        assert tuple(int(cell["GoldHead"]) - 1 for cell in kept) == left.heads
        assert tuple(cell["GoldDeprel"] for cell in kept) == left.relations


def test_the_record_says_what_was_run(done: Path) -> None:
    record = json.loads((done / "analysis.json").read_text())
    assert record["analysis"] == "structure"
    assert record["checkpoint"]["name"] == "tiny-bert"
    assert record["options"]["seeds"] == [0, 1]
    assert record["details"]["best_layer"] == best_layer(read_scores(done / "scores.csv"))
    assert {"train", "dev", "test"} == set(record["splits"])
    assert record["versions"]["torch"]
    assert f"layer {record['details']['best_layer']}" in record["summary"]


@pytest.mark.filterwarnings("ignore:training in bfloat16")  # most processors say that they are slow at it
def test_every_probe_is_trained_in_the_precision_asked_for(
    checkpoint: Path, two: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The probes of the checkpoint, of random weights, of control trees, and those of the code."""
    trained: list[str] = []
    keep = DistanceProbe.keep

    def note(probe: DistanceProbe, learned: Any) -> None:
        trained.append(probe.precision)
        keep(probe, learned)

    monkeypatch.setattr(DistanceProbe, "keep", note)
    options = replace(QUICK, layers=(1,), random_baseline=True, control=True, description_length=True, samples=0)
    for precision in ("float32", "bfloat16"):
        trained.clear()
        run(checkpoint, two, tmp_path / precision, replace(options, precision=precision))
        assert len(trained) > 3
        assert set(trained) == {precision}
    records = [json.loads((tmp_path / name / "analysis.json").read_text()) for name in ("float32", "bfloat16")]
    assert [record["options"]["precision"] for record in records] == ["float32", "bfloat16"]
    assert records[0]["options"]["digest"] != records[1]["options"]["digest"]
    (saved,) = (tmp_path / "bfloat16" / "probes").glob("distance-*")
    assert DistanceProbe.from_pretrained(saved).precision == "bfloat16"


def test_probes_and_figures_are_there(done: Path) -> None:
    for layer in range(3):
        assert DistanceProbe.from_pretrained(done / "probes" / f"distance-layer-{layer}-rank-4-seed-0").layer == layer
        assert DepthProbe.from_pretrained(done / "probes" / f"depth-layer-{layer}-rank-4-seed-1").seed == 1
    names = {path.name for path in (done / "figures").iterdir()}
    assert {"layers-uuas.pdf", "layers-nspr.png", "depths.png"} <= names
    for kind in ("arcs", "distances", "space"):
        assert sum(name.startswith(kind) and name.endswith(".pdf") for name in names) == 4


def test_a_run_is_repeatable(done: Path, checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path) -> None:
    options = Options(ranks=(4,), seeds=(0, 1), epochs=2)
    again = run(checkpoint, treebank_files, tmp_path / "again", options, cache=tmp_path / "cache")
    # States are in half precision, in the cache as in memory.
    pd.testing.assert_frame_equal(again.tables["scores"], read_scores(done / "scores.csv"), atol=1e-6)


def test_parse_uses_the_runs_best_layer(done: Path) -> None:
    parser = Parser.from_pretrained(done)
    assert parser.distance.layer == best_layer(read_scores(done / "scores.csv"))
    tree = parser.parse("the old man sees a dog.")
    assert tree.words == ("the", "old", "man", "sees", "a", "dog", ".")
    assert tree.relations[-1] == "punct"
    assert tree.text == "the old man sees a dog."


def test_parse_finds_the_checkpoint_from_any_folder(
    checkpoint: Path, two: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkpoint.parent)
    run(Path(checkpoint.name), two, tmp_path / "run", QUICK)
    monkeypatch.chdir(tmp_path)
    assert len(Parser.from_pretrained(tmp_path / "run").parse("The keys are here.")) == 5


def test_a_run_on_natural_text_is_parsed_as_it_was_read(
    checkpoint: Path, two: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = replace(QUICK, ranks=(400,), text="natural", pooling="first")
    run(checkpoint, two, tmp_path / "out", options)
    parser = Parser.from_pretrained(tmp_path / "out")
    identities = [parser.distance.identity_]

    def spy(*args: Any, **options: Any) -> Any:
        states = extract(*args, **options)
        identities.append(states.identity)
        return states

    monkeypatch.setattr("treeprobe.pipeline.parser.extract", spy)
    parser.parse("the old man sees a dog.")
    assert len(identities) == 2
    for identity in identities:
        assert (identity["text"]["form"], identity["settings"]["pooling"]) == ("natural", "first")
    record = json.loads((tmp_path / "out" / "analysis.json").read_text())
    assert record["options"]["text"] == "natural"
    # States are 16 wide, so that probes of a higher rank are of this one; the record says what was trained.
    assert record["options"]["ranks"] == [16]


def test_parse_refuses_another_checkpoint(done: Path, checkpoint: Path, tmp_path: Path) -> None:
    from treeprobe.extraction import Encoder

    Encoder.from_pretrained(checkpoint).with_random_weights(seed=7).model.save_pretrained(tmp_path)
    for file in checkpoint.glob("tokenizer*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ProbeError, match="digest"):
        Parser.from_pretrained(done, model=tmp_path)


def test_parse_refuses_a_folder_without_probes(tmp_path: Path) -> None:
    with pytest.raises(FindingsError, match=r"holds no analysis\.json"):
        Parser.from_pretrained(tmp_path)
    with pytest.raises(FindingsError, match="mistyped: there is no such folder"):
        Parser.from_pretrained(tmp_path / "mistyped")


def test_a_run_of_an_earlier_version_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(FindingsError, match=r"run\.json is of an earlier version of treeprobe; run the analysis again"):
        Parser.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("analysis", "again", "first"),
    [
        *(("structure", *pair) for pair in (("dev", "train"), ("test", "train"), ("test", "dev"))),
        ("heads", "dev", "train"),
        ("convolution", "dev", "train"),
    ],
)
def test_no_split_is_another_again(
    analysis: str, again: str, first: str, checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    copy = tmp_path / "copy.conllu"
    copy.write_bytes(treebank_files[first].read_bytes())
    sources = Sources(model=checkpoint, **{**treebank_files, again: copy})
    with pytest.raises(TreebankError, match=rf"copy\.conllu: the {again} treebank is the {first} treebank again"):
        analyse(analysis, sources, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_one_word_sentences_cannot_train(checkpoint: Path, two: dict[str, Path], tmp_path: Path) -> None:
    short = tmp_path / "short.conllu"
    short.write_text("1\tGo\t_\tVERB\tVB\t_\t0\troot\t_\t_\n\n")
    with pytest.raises(TreebankError, match=r"short\.conllu: the train split has 1 sentences, none of two words"):
        run(checkpoint, {**two, "train": short}, tmp_path / "out", QUICK)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"layers": (7,)}, r"layers: found \[7\]; expected some of 0 to 2"), ({"ranks": (0,)}, r"ranks: found \[0\]")],
)
def test_options_that_cannot_be_followed_are_refused(
    options: dict[str, Any], message: str, checkpoint: Path, two: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(OptionsError, match=message):
        run(checkpoint, two, tmp_path / "out", Options(**options))
    assert not (tmp_path / "out").exists()


def test_what_an_analysis_needs_is_named(checkpoint: Path, two: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(OptionsError, match="structure needs a train treebank"):
        run(checkpoint, {"dev": two["dev"]}, tmp_path / "out", QUICK)
    with pytest.raises(OptionsError, match="transfer needs the folder of a structural analysis"):
        analyse("transfer", Sources(model=checkpoint, dev=two["dev"]), tmp_path / "out", progress=False)
    with pytest.raises(OptionsError, match="unknown analysis structures; expected one of structure, labelled_trees"):
        analyse("structures", Sources(model=checkpoint, dev=two["dev"]), tmp_path / "out", progress=False)


def test_stages_are_named_while_they_last(capsys: pytest.CaptureFixture[str]) -> None:
    quiet, told = Stopwatch(), Stopwatch(progress=True)
    for stopwatch in (quiet, told, told):
        with stopwatch.stage("predict dev"):
            pass
    assert capsys.readouterr().err == "predict dev …\n"
    assert list(quiet.seconds) == list(told.seconds) == ["predict dev"]
