"""A run has one rule for punctuation: chosen on dev, said, recorded, in every row, and never mixed in silence."""

import shutil
import warnings
from pathlib import Path

import pytest

from tests.parsing.japanese import PUNCTUATION, WORDS, japanese_bank
from tests.pipeline.conftest import tiny_bert
from treeprobe.parsing import PunctuationRule, write_conllu
from treeprobe.pipeline import (
    Options,
    Plan,
    Sources,
    Splits,
    analyse,
    compare_by,
    compare_checkpoints,
    sweep,
    write_report,
)
from treeprobe.pipeline.comparisons.signatures import SignatureWarning
from treeprobe.pipeline.results.findings import read_record
from treeprobe.pipeline.results.scores import read_scores
from treeprobe.pipeline.subjects.punctuation import PunctuationWarning
from treeprobe.signature import SignatureError

QUICK = {"ranks": (4,), "epochs": 1, "samples": 3, "random_baseline": False}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkpoint that knows the words of the Japanese treebank."""
    words = {word for sentence in japanese_bank(50) for word in sentence.words}
    return tiny_bert(tmp_path_factory.mktemp("checkpoints") / "tiny-bert", words=sorted(words))


@pytest.fixture(scope="module")
def japanese(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of Japanese splits; the test split has Penn's tags in XPOS, and alone would choose them."""
    folder = tmp_path_factory.mktemp("japanese")
    for seed, (split, rounds) in enumerate({"train": 6, "dev": 4, "test": 3}.items()):
        write_conllu(japanese_bank(rounds, seed=seed, name=split), folder / f"{split}.conllu")
    english = (folder / "test.conllu").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in english.split("\n")]
    tagged = [[*cells[:4], "." if cells[3] == "PUNCT" else "NN", *cells[5:]] if cells[5:] else cells for cells in lines]
    (folder / "test.conllu").write_text("\n".join(map("\t".join, tagged)), encoding="utf-8")
    return {split: folder / f"{split}.conllu" for split in ("train", "dev", "test")}


def test_a_japanese_run_leaves_its_punctuation_out_and_says_so(
    checkpoint: Path, japanese: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = Sources(model=checkpoint, **japanese)
    with warnings.catch_warnings():
        warnings.simplefilter("error", PunctuationWarning)
        analyse("structure", sources, tmp_path / "run", options=Options(**QUICK), figures=False)  # type: ignore[arg-type]
    assert f"punctuation: upos (0 of {4 * sum(WORDS)} words have a Penn" in capsys.readouterr().err
    record = read_record(tmp_path / "run")
    assert record["options"]["punctuation"] == "upos"
    assert record["punctuation"]["rule"] == "upos"
    assert record["punctuation"]["words"] == {"train": 36, "dev": 24, "test": 18}

    scores = read_scores(tmp_path / "run" / "scores.csv")
    assert scores["punctuation"].tolist() == ["upos"] * len(scores)
    edges = sum(WORDS) - sum(PUNCTUATION) - 3
    for split, rounds in (("dev", 4), ("test", 3)):
        rows = scores.query("split == @split and metric == 'uuas'")
        assert set(rows["n"]) == {rounds * edges}, split


def test_a_treebank_without_punctuation_is_warned_of(
    checkpoint: Path, japanese: dict[str, Path], tmp_path: Path
) -> None:
    sources = Sources(model=checkpoint, dev=japanese["dev"], train=japanese["train"])
    options = Options(**QUICK, punctuation="xpos", control=False)  # type: ignore[arg-type]
    with pytest.warns(PunctuationWarning, match=r"none of the 92 words of dev is punctuation by the rule xpos") as seen:
        analyse("structure", sources, tmp_path / "run", options=options, figures=False, progress=False)
    assert len([one for one in seen if one.category is PunctuationWarning]) == 1
    scores = read_scores(tmp_path / "run" / "scores.csv").query("metric == 'uuas'")
    assert set(scores["n"]) == {4 * (sum(WORDS) - 3)}
    assert set(scores["punctuation"]) == {"xpos"}


def test_checkpoints_of_a_sweep_measured_by_two_rules_are_compared_only_when_told_to(
    checkpoint: Path, japanese: dict[str, Path], tmp_path: Path
) -> None:
    splits = Splits("ja", japanese["train"], japanese["dev"])
    rules: dict[str, PunctuationRule] = {"one": "auto", "two": "upos", "three": "none"}
    for name, rule in rules.items():
        shutil.copytree(checkpoint, tmp_path / name)
        options = Options(**QUICK, punctuation=rule, control=False)  # type: ignore[arg-type]
        plan = Plan(models=[tmp_path / name], treebanks=[splits], out=tmp_path / "sweep", options=options)
        sweep(plan, progress=False)
    for compare in (compare_checkpoints, compare_by):
        with pytest.raises(SignatureError, match=r"one and three: .* punct \(upos and none\); expected the same"):
            compare(tmp_path / "sweep", "one", "three")
        with pytest.warns(SignatureWarning, match=r"punct \(upos and none\)"):
            compare(tmp_path / "sweep", "one", "three", anyway=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error", SignatureWarning)
            compare(tmp_path / "sweep", "one", "two")
    with pytest.warns(SignatureWarning, match=r"not compared.*: three on ja, punct \(none and upos\)"):
        page = write_report(tmp_path / "sweep").read_text(encoding="utf-8")
    assert "Not compared, as their scores were made in another way: three on ja, punct (none and upos)." in page
    assert "[95 % interval]; punctuation: none, upos" in page
