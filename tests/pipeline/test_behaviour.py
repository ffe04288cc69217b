"""The analysis of behaviour, its command and its section, with a model whose answers are known."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.behaviour.word_models import unigram_bert, word_tokenizer
from treeprobe.behaviour import PairError, grammar_pairs
from treeprobe.extraction import CheckpointError, embedded_checkpoint
from treeprobe.parsing import Treebank, write_conllu
from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.pipeline.commands.main import app
from treeprobe.pipeline.options import OptionsError
from treeprobe.pipeline.report.behaviour import behaviour_section
from treeprobe.pipeline.report.results import Results, read_results
from treeprobe.pipeline.results.scores import COLUMNS
from treeprobe.pipeline.sweeps import Plan
from treeprobe.pipeline.sweeps.tasks import SweepError

PAIRS = grammar_pairs(240, seed=1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Sentences of the grammar as splits, and a checkpoint that prefers every singular verb."""
    folder = tmp_path_factory.mktemp("behaviour")
    sentences = [pair.sentence for pair in PAIRS if pair.sentence is not None]
    splits = {"train": sentences[::3], "dev": sentences[1::3], "test": sentences[2::3]}
    for split, part in splits.items():
        write_conllu(Treebank(part), folder / f"{split}.conllu")
    every = [*PAIRS, *grammar_pairs(80)]
    words = [word for pair in every for sentence in (pair.good, pair.bad) for word in sentence]
    verbs = {pair.bad[pair.targets[0]] for pair in every}
    for pair in every:
        assert pair.sentence is not None
        verbs |= {word for word, tag in zip(pair.good, pair.sentence.upos) if tag in ("VERB", "AUX")}
    favoured = {verb for verb in verbs if verb in ("is", "was") or verb.endswith("s")}
    unigram_bert(words, dict.fromkeys(favoured, 5.0)).save_pretrained(folder / "unigram")
    word_tokenizer(words).save_pretrained(folder / "unigram")
    return {"model": folder / "unigram", **{split: folder / f"{split}.conllu" for split in splits}}


@pytest.fixture(scope="module")
def folder(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the analysis of that checkpoint."""
    out = tmp_path_factory.mktemp("found") / "out"
    analyse("behaviour", Sources(**files), out, options=Options(grammar_pairs=80), progress=False)
    return out


def test_a_model_that_prefers_singular_verbs_is_right_where_verbs_are_singular(folder: Path) -> None:
    pairs = pd.read_csv(folder / "pairs.csv")
    good = pairs["good"].str.lower()
    expected = (good.isin(["is", "was"]) | good.str.endswith("s")).astype(float)
    assert pairs["sentence_right"].tolist() == pairs["target_right"].tolist() == expected.tolist()
    assert set(pairs["source"]) == {"dev", "test", "grammar"}
    accuracy = pd.read_csv(folder / "accuracy.csv", dtype={"category": str})
    grammar = accuracy[(accuracy["source"] == "grammar") & (accuracy["metric"] == "sentence")]
    whole = grammar[grammar["by"] == "all"].iloc[0]
    assert whole["value"] == pytest.approx(expected[pairs["source"] == "grammar"].mean())
    assert whole["low"] < whole["value"] < whole["high"]
    assert grammar.loc[grammar["by"] == "attractors", "category"].tolist() == ["0", "1", "2", "3"]
    assert set(accuracy["metric"]) == {"sentence", "target", "frequency"}


def test_a_pair_can_be_found_again_in_the_treebank(folder: Path, files: dict[str, Path]) -> None:
    """Item by item: a row names its sentence, target and controller, and what the other form is."""
    pairs = pd.read_csv(folder / "pairs.csv")
    by_name = {pair.identifier: pair for pair in PAIRS}
    row = pairs[pairs["source"] == "dev"].iloc[0]
    words = by_name[row["identifier"]].good
    assert words[row["target"] - 1] == row["good"]
    assert row["distance"] == abs(row["target"] - row["controller"])


def test_the_record_and_the_figures_say_what_was_scored(folder: Path) -> None:
    record = json.loads((folder / "analysis.json").read_text())
    assert record["details"]["prediction"] == "masked"
    assert record["details"]["pairs"]["grammar"] == 80
    assert record["details"]["left_out"] == {}
    assert record["summary"].startswith("unigram finds the grammatical sentence of a minimal pair the more probable")
    assert {"construction.pdf", "attractors.pdf", "distance.pdf"} <= {p.name for p in (folder / "figures").iterdir()}


def test_the_section_shows_shares_and_baseline(folder: Path) -> None:
    section = behaviour_section(read_results(folder))
    assert section is not None
    accuracy = pd.read_csv(folder / "accuracy.csv")
    whole = accuracy[(accuracy["by"] == "all") & (accuracy["source"] == "grammar")].set_index("metric")["value"]
    row = next(row for row in section.tables[0].rows if row[1].text == "grammar")
    assert [cell.text for cell in row[-2:]] == [f"{whole['target']:.3f}", f"{whole['frequency']:.3f}"]
    assert len(section.pictures) == 2
    assert behaviour_section(Results(folder, pd.DataFrame(columns=COLUMNS), finished=[], failed=[])) is None


def test_the_command_takes_a_file_of_pairs_and_constructions(files: dict[str, Path], tmp_path: Path) -> None:
    good, bad = PAIRS[0].good, PAIRS[0].bad
    own = tmp_path / "own.jsonl"
    fields = {"sentence_good": " ".join(good), "sentence_bad": " ".join(bad), "UID": "mine"}
    own.write_text(json.dumps(fields))
    arguments = [
        "behaviour",
        "--model",
        str(files["model"]),
        "--dev",
        str(files["dev"]),
        "--out",
        str(tmp_path / "out"),
    ]
    asked = [
        "--pairs",
        str(own),
        "--constructions",
        "mine,existential",
        "--grammar-pairs",
        "40",
        "--quiet",
        "--no-figures",
    ]
    result = CliRunner().invoke(app, [*arguments, *asked])
    assert result.exit_code == 0, result.output
    pairs = pd.read_csv(tmp_path / "out" / "pairs.csv")
    assert set(pairs["construction"]) == {"mine", "existential"}
    assert pairs.loc[pairs["construction"] == "mine", "source"].tolist() == ["own.jsonl"]
    assert "frequency_right" not in pairs  # without a training split nothing is known of frequencies


def test_what_cannot_be_scored_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    sources = Sources(model=files["model"], dev=files["dev"])

    def run(sources: Sources, **options: object) -> None:
        analyse("behaviour", sources, tmp_path / "out", options=Options(**options), progress=False)

    with pytest.raises(OptionsError, match="no pair of passive; found "):
        run(sources, constructions=("passive",))
    with pytest.raises(PairError, match=r"nothing\.jsonl: cannot be read"):
        run(sources, pairs=str(tmp_path / "nothing.jsonl"))
    bare = [replace(pair.sentence, features=()) for pair in PAIRS[:9] if pair.sentence is not None]
    with pytest.raises(PairError, match="no minimal pairs: no finite verb whose Number"):
        run(Sources(model=files["model"], dev=Treebank(bare, name="bare")), grammar_pairs=0)
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_without_a_head_is_refused_and_says_what_can_be_measured(
    files: dict[str, Path], tmp_path: Path
) -> None:
    sources = Sources(model=embedded_checkpoint(), dev=files["dev"])
    with pytest.raises(
        CheckpointError, match=r"no masked-LM head: weights .* hidden states and attention can be analysed"
    ):
        analyse("behaviour", sources, tmp_path / "out", progress=False)


def test_a_task_depends_on_what_the_file_of_pairs_holds(files: dict[str, Path], tmp_path: Path) -> None:
    from treeprobe.pipeline.subjects.treebanks import Splits

    own = tmp_path / "own.jsonl"

    def identity() -> dict[str, str]:
        plan = Plan(
            models=[files["model"]],
            treebanks=[Splits("grammar", files["train"], files["dev"])],
            out=tmp_path / "sweep",
            analyses=("behaviour",),
            options=Options(pairs=str(own)),
        )
        (task,) = plan.tasks()
        return dict(task.identity)

    with pytest.raises(SweepError, match=r"own\.jsonl: cannot be read"):
        identity()
    own.write_text('{"sentence_good": "It is.", "sentence_bad": "It are."}\n')
    first = identity()
    own.write_text('{"sentence_good": "It was.", "sentence_bad": "It were."}\n')
    assert {name for name in first if first[name] != identity()[name]} == {"pairs"}
