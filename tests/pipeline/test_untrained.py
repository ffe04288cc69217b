"""Trees without training: which rows there are, who chose what, and that planted trees are found."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.behaviour.conftest import speaker
from tests.pipeline.conftest import random_bank
from tests.untrained.planted import neighbours, planted_encoder, planted_heads, tree_bank
from treeprobe.attention import head_tree_tallies
from treeprobe.extraction import Encoder, stream_attention
from treeprobe.parsing import Treebank, TreebankError, read_conllu, score_distances, write_conllu
from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.pipeline.analyses.untrained import MethodSkipped, _closing
from treeprobe.pipeline.closing_table import WIDTH
from treeprobe.pipeline.options import OptionsError
from treeprobe.pipeline.report.results import Results, read_results
from treeprobe.pipeline.report.untrained import untrained_section
from treeprobe.pipeline.results.scores import COLUMNS
from treeprobe.pipeline.untrained.methods import Candidate
from treeprobe.pipeline.untrained.scoring import DIRECTIONS, SplitScorer, choose
from treeprobe.training.models import save_checkpoint
from treeprobe.untrained import PerturbationError


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of a planted masked language model, and treebanks of its trees."""
    folder = tmp_path_factory.mktemp("planted")
    _, head = planted_encoder(neighbours(planted_heads()))
    save_checkpoint(head.model, head.tokenizer, folder / "model")
    for seed, split in enumerate(("dev", "test")):
        write_conllu(tree_bank(8 - 2 * seed, seed=seed), folder / f"{split}.conllu")
    return {"model": folder / "model", **{split: folder / f"{split}.conllu" for split in ("dev", "test")}}


@pytest.fixture(scope="module")
def folder(planted: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("untrained") / "out"
    analyse("untrained", Sources(**planted), out, options=Options(substitutes=2), figures=False, progress=False)
    return out


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "untrained.csv", keep_default_na=False, na_values={"value": "", "difference": ""})


def value(table: pd.DataFrame, trees: str, metric: str = "uuas", **others: str) -> float:
    found = table[(table["trees"] == trees) & (table["metric"] == metric) & table["chosen"]]
    for column, wanted in ({"split": "test"} | others).items():
        found = found[found[column] == wanted]
    (only,) = found["value"]
    return float(only)


def test_every_method_finds_the_tree_that_the_model_reads_by(table: pd.DataFrame) -> None:
    for trees in ("perturbed masking, Dist", "substitution, predicted", "best head"):
        assert value(table, trees, decoder="spanning tree") > 0.99, trees
        assert value(table, trees, decoder="arborescence") > 0.9, trees
        assert value(table, trees, decoder="projective") < 1  # the tree has crossing edges
    assert value(table, "chain", decoder="spanning tree") < 0.6
    assert value(table, "random trees") < 0.5


def test_dev_chooses_one_setting_of_each_method_and_the_splits_share_it(table: pd.DataFrame) -> None:
    undirected = table[(table["metric"] == "uuas") & table["decoder"].isin(["spanning tree", "brackets"])]
    for trees, own in undirected[undirected["setting"] != ""].groupby("trees"):
        dev, test = (own[own["split"] == split] for split in ("dev", "test"))
        assert dev["setting"].tolist() == test["setting"].tolist()
        assert dev.loc[dev["chosen"], "setting"].tolist() == test.loc[test["chosen"], "setting"].tolist()
        assert dev.loc[dev["chosen"], "value"].tolist() == [dev["value"].max()], trees


def test_differences_are_from_the_baseline_of_their_metric(table: pd.DataFrame) -> None:
    chain = value(table, "chain", decoder="spanning tree")
    row = table[(table["trees"] == "best head") & (table["decoder"] == "spanning tree") & (table["split"] == "test")]
    assert float(row["difference"].iloc[0]) == pytest.approx(float(row["value"].iloc[0]) - chain)
    assert set(table.loc[table["metric"] == "uuas", "over"]) == {"chain", ""}
    better = max(
        ("head before", "head after"), key=lambda setting: value(table, "chain", "uas", split="dev", setting=setting)
    )
    assert set(table.loc[table["metric"] == "uas", "over"]) == {f"chain {better}", ""}


def test_no_bracketing_is_better_than_the_best_binary_one(table: pd.DataFrame) -> None:
    spans = table[(table["metric"] == "bracket_f1") & (table["split"] == "test")]
    assert set(spans["trees"]) == {"tree projection", "branching", "random trees"}
    assert spans["value"].max() <= value(table, "best binary bracketing", "best_binary_f1")


def test_the_report_has_the_scores(folder: Path, table: pd.DataFrame) -> None:
    section = untrained_section(read_results(folder))
    assert section is not None
    trees, spans = section.tables
    assert {"perturbed masking, Dist", "chain", "random trees"} <= {row[1].text for row in trees.rows}
    assert f"{value(table, 'chain', decoder='spanning tree'):.3f}" in {row[4].text for row in trees.rows}
    assert {"tree projection", "branching"} <= {row[1].text for row in spans.rows}
    assert not any("nan" in picture.description for picture in section.pictures)
    nothing = Results(folder, pd.DataFrame(columns=COLUMNS), finished=[], failed=[])
    assert untrained_section(nothing) is None


def test_the_uuas_of_scores_is_that_of_the_greater_direction() -> None:
    bank = random_bank(6, seed=0, name="dev")
    scorer = SplitScorer(bank, "dev", punctuation="xpos")
    generator = np.random.default_rng(0)
    arcs = [generator.normal(size=(len(sentence), len(sentence))) for sentence in bank]
    expected = score_distances(bank, [9 - np.maximum(one, one.T) for one in arcs], punctuation="xpos")["uuas"]
    assert scorer.uuas(Candidate("", arcs=arcs)).value == expected.value


def test_the_direction_that_dev_likes_better_is_chosen() -> None:
    bank = random_bank(8, seed=0, name="dev")
    scorer = SplitScorer(bank, "dev", punctuation="none")
    gold = [np.zeros((len(sentence), len(sentence))) for sentence in bank]
    for arcs, sentence in zip(gold, bank):
        for dependent, head in enumerate(sentence.heads):
            arcs[head, dependent] += head >= 0
    for turned, direction in zip((False, True), DIRECTIONS):
        given = Candidate("right", arcs=[one.T if turned else one for one in gold])
        chosen, _ = choose([Candidate("wrong", arcs=[np.zeros_like(one) for one in gold]), given], scorer)
        assert chosen.setting == "right"
        assert chosen.directions["arborescence"] == direction
        assert scorer.directed(given, "arborescence", direction)["uas"].value == 1.0


def test_the_best_head_is_that_of_the_analysis_of_heads(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    sources, options = Sources(model=checkpoint, **without_train(treebank_files)), Options(methods=("heads",))
    found = analyse("untrained", sources, tmp_path / "out", options=options, figures=False, progress=False)
    encoder = Encoder.from_pretrained(checkpoint)
    values = {}
    for split in ("dev", "test"):
        bank = read_conllu(treebank_files[split])
        tallies = head_tree_tallies(stream_attention(encoder, bank.words), bank, punctuation="xpos")
        values[split] = np.array([[tally.value for tally in block] for block in tallies])
    block, head = np.unravel_index(values["dev"].argmax(), values["dev"].shape)
    rows = found.tables["untrained"]
    own = rows[(rows["trees"] == "best head") & (rows["decoder"] == "spanning tree")].set_index("split")
    for split in ("dev", "test"):
        assert own.loc[split, "value"] == pytest.approx(values[split][block, head])
    assert own.loc["test", "setting"] == f"{block + 1}-{head + 1}"


def without_train(files: dict[str, Path]) -> dict[str, Path]:
    return {split: path for split, path in files.items() if split != "train"}


def test_what_a_model_cannot_be_asked_is_left_out_and_said(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    sources = Sources(model=checkpoint, dev=treebank_files["dev"])  # its tokenizer has no mask token
    options = Options(sentences=5, substitutes=2)
    with pytest.warns(MethodSkipped, match="perturbed-masking is left out: the tokenizer of .* has no mask token"):
        found = analyse("untrained", sources, tmp_path / "out", options=options, figures=False, progress=False)
    table = found.tables["untrained"]
    assert not table["trees"].str.contains("masking").any()
    assert "substitution, same tags" in set(table["trees"])  # without a masked-LM head
    assert list(found.details["skipped"]) == ["perturbed-masking"]
    assert found.details["sentences"] == {"dev": 5}
    only = replace(options, methods=("perturbed-masking",))
    with pytest.warns(MethodSkipped), pytest.raises(PerturbationError, match="has no mask token"):
        analyse("untrained", sources, tmp_path / "other", options=only, figures=False, progress=False)
    assert not (tmp_path / "other").exists()


def test_a_decoder_is_read_by_what_makes_sense_of_it(treebank_files: dict[str, Path], tmp_path: Path) -> None:
    speaking = speaker("gpt2").encoder
    save_checkpoint(speaking.model, speaking.tokenizer, tmp_path / "gpt2")
    sources = Sources(model=tmp_path / "gpt2", dev=treebank_files["dev"])
    with pytest.warns(MethodSkipped, match="reads from left to right"):
        found = analyse(
            "untrained", sources, tmp_path / "out", options=Options(sentences=3), figures=False, progress=False
        )
    assert set(found.tables["untrained"]["trees"]) >= {"substitution, same tags", "tree projection", "best head"}


def test_sentences_that_do_not_fit_are_left_out_of_every_method(checkpoint: Path, tmp_path: Path) -> None:
    bank = random_bank(4, seed=0, name="dev")
    long = replace(
        bank[0], **{name: getattr(bank[0], name) * 9 for name in ("words", "relations", "upos", "xpos", "space_after")},
        heads=tuple(range(-1, 9 * len(bank[0]) - 1)), lemmas=(), features=(), misc=(), identifier="long",
    )  # fmt: skip
    sources = Sources(model=checkpoint, dev=Treebank([long, *bank], name="dev"))
    options = Options(methods=("projection", "heads"))
    found = analyse("untrained", sources, tmp_path / "out", options=options, figures=False, progress=False)
    assert found.details["sentences"] == {"dev": 4}
    assert found.details["sentences_left_out"] == {"dev": 1}
    with pytest.raises(TreebankError, match="can read none of its 1 sentences in one piece"):
        only = Sources(model=checkpoint, dev=Treebank([long], name="dev"))
        analyse("untrained", only, tmp_path / "none", options=options, figures=False, progress=False)


def test_unknown_methods_are_refused() -> None:
    with pytest.raises(OptionsError, match=r"methods: found guessing; expected some of perturbed-masking"):
        Options(methods=("guessing",))
    with pytest.raises(OptionsError, match="substitutes: found -1"):
        Options(substitutes=-1)


def test_the_closing_table_fits_a_terminal(table: pd.DataFrame) -> None:
    text = _closing(table.astype({"value": float, "difference": float})).text
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "perturbed masking, Prob" in text
