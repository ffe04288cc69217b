"""Damaged treebanks: read as the `conllu` package reads them, or refused with file, line and what to do."""

import re
from collections import Counter
from pathlib import Path
from random import Random

import conllu
import pytest

from tests.fuzzing.damage import TABLE, damage_file
from tests.parsing.ud_validator import LENIENT, refused_for
from treeprobe.parsing import Sentence, Treebank, TreebankError, read_conllu, write_conllu

CLEAN = """\
# newdoc id = d
# sent_id = d-1
# text = We don't, he said.
1\tWe\twe\tPRON\tPRP\tCase=Nom|Number=Plur\t3\tnsubj\t3:nsubj\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
2\tdo\tdo\tAUX\tVBP\t_\t3\taux\t3:aux\t_
3\tn't\tnot\tPART\tRB\t_\t0\troot\t0:root\t_
4\t,\t,\tPUNCT\t,\t_\t3\tpunct\t3:punct\t_
4.1\tghost\tghost\tVERB\tVB\t_\t_\t_\t3:conj\t_
5\the\the\tPRON\tPRP\t_\t6\tnsubj\t6:nsubj\tGloss=il
6\tsaid\tsay\tVERB\tVBD\t_\t3\tparataxis\t3:parataxis\tLink=a|SpaceAfter=No
7\t.\t.\tPUNCT\t.\t_\t3\tpunct\t3:punct\t_

# newpar
# sent_id = d-2
# text = Vámonos al mar
# note = a\ttab
1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\tLang=es
1\tVamos\tir\tVERB\t_\tMood=Imp\t0\troot\t_\tA=1
2\tnos\tnosotros\tPRON\t_\tCase=Acc\t1\texpl:pv\t_\t_
3-4\tal\t_\t_\t_\tTypo=Yes\t_\t_\t_\tCorrectForm=del
3\ta\ta\tADP\t_\t_\t5\tcase\t_\t_
4\tel\tel\tDET\t_\t_\t5\tdet\t_\t_
5\tmar\tmar\tNOUN\t_\tNumber=Sing\t1\tobl\t_\tB=2|A=1|B=3

# sent_id = d-3
# text = 10 000 !
1\t10 000\t10000\tNUM\tCD\t_\t0\troot\t_\t_
2\t!\t!\tPUNCT\t.\t_\t1\tpunct\t_\t_

"""
TOLD = re.compile(r", line [1-9][0-9]*[,:].*(expected|save|Remove)", re.DOTALL)
COLUMNS = {
    "words": "form",
    "relations": "deprel",
    "upos": "upos",
    "xpos": "xpos",
    "lemmas": "lemma",
    "features": "feats",
}


def read_or_refused(path: Path) -> Treebank | None:
    """The treebank; None where it is refused as it should be. Any other error is the fuzzer's find."""
    try:
        return read_conllu(path)
    except TreebankError as error:
        told = str(error)
    assert told.startswith(str(path)), told
    assert TOLD.match(told[len(str(path)) :]), told
    return None


def assert_read_as_by_the_conllu_package(path: Path, bank: Treebank) -> None:
    """Words, heads, relations, tags, multiword tokens and MISC, as they stand in the file."""
    raw = dict.fromkeys(("feats", "misc", "deps"), lambda line, i: line[i])
    theirs = conllu.parse(path.read_bytes().decode("utf-8-sig"), field_parsers=raw)
    assert len(bank) == len(theirs)
    for one, tokens in zip(bank, theirs):
        words = [token for token in tokens if isinstance(token["id"], int)]
        assert [head + 1 for head in one.heads] == [token["head"] for token in words]
        for ours, name in COLUMNS.items():
            assert getattr(one, ours) == tuple(token[name] or "_" for token in words), name
        assert one.misc == tuple(token["misc"] for token in words)
        ranges = [token for token in tokens if isinstance(token["id"], tuple) and token["id"][1] == "-"]
        assert [(token.first + 1, "-", token.last + 1) for token in one.multiword] == [token["id"] for token in ranges]
        for name, cells in (("form", "form"), ("features", "feats"), ("misc", "misc")):
            assert [getattr(token, name) for token in one.multiword] == [token[cells] for token in ranges]


def assert_written_and_read_it_is_the_same(bank: Treebank, path: Path) -> None:
    """Every attribute but the comment `text`, which follows from the words."""
    write_conllu(bank, path)
    again = read_conllu(path)
    assert [values(one) for one in again] == [values(one) for one in bank]


def values(one: Sentence) -> dict[str, object]:
    return {**vars(one), "metadata": {key: value for key, value in one.metadata.items() if key != "text"}}


def fuzz_file(clean: Path, folder: Path, *, trials: int, seed: int) -> tuple[Counter[str], list[Path]]:
    """Damage a file so often, and hold each mutant to the promise; how many were read and refused, and those read."""
    content, counts, kept = clean.read_bytes(), Counter[str](), []
    for trial in range(trials):
        draw = Random(f"{seed}-{trial}")
        path = folder / f"mutant-{trial}.conllu"
        path.write_bytes(content)
        kind = damage_file(path, draw, kinds=TABLE)
        if (bank := read_or_refused(path)) is None:
            counts[f"{kind}: refused"] += 1
            path.unlink()
            continue
        assert_read_as_by_the_conllu_package(path, bank)
        assert_written_and_read_it_is_the_same(bank, folder / "again.conllu")
        counts[f"{kind}: read"] += 1
        kept.append(path)
    return counts, kept


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "clean.conllu"
    path.write_text(CLEAN, encoding="utf-8", newline="\n")
    return path


def test_the_undamaged_file_is_read_and_written_as_it_is(clean: Path, tmp_path: Path) -> None:
    bank = read_conllu(clean)
    assert_read_as_by_the_conllu_package(clean, bank)
    assert refused_for(clean) == set()
    write_conllu(bank, tmp_path / "again.conllu")
    lines = [line for line in CLEAN.split("\n") if not line.startswith("4.1")]
    rows = [line.split("\t") for line in lines]
    expected = ["\t".join([*row[:8], "_", row[9]]) if len(row) == 10 else "\t".join(row) for row in rows]
    # `text` stands last among the comments that the file has in another order.
    assert sorted((tmp_path / "again.conllu").read_text(encoding="utf-8").split("\n")) == sorted(expected)


def test_mutants_are_read_as_they_stand_or_refused(clean: Path, tmp_path: Path, fuzz: int) -> None:
    (tmp_path / "mutants").mkdir()
    counts, kept = fuzz_file(clean, tmp_path / "mutants", trials=1000 * fuzz, seed=21)
    print(*sorted(counts.items()), sep="\n")
    # Neither answer may stand for all: a reader that refuses everything, or nothing, would hold the promise too.
    assert min(sum(n for name, n in counts.items() if name.endswith(end)) for end in (": read", ": refused")) > 200
    # What is read although Universal Dependencies' own validator refuses it is only what changes no tree.
    found = Counter(incident for path in kept[:: max(1, len(kept) // (20 * fuzz))] for incident in refused_for(path))
    assert set(found) <= LENIENT, found


@pytest.mark.ewt
def test_mutants_of_ewt_are_read_as_they_stand_or_refused(ewt: Path, tmp_path: Path, fuzz: int) -> None:
    with (ewt / "en_ewt-dev.conllu").open(encoding="utf-8", newline="") as file:
        blocks = file.read().split("\n\n")[:400:20]
    (tmp_path / "clean.conllu").write_text("\n\n".join(blocks) + "\n\n", encoding="utf-8", newline="\n")
    (tmp_path / "mutants").mkdir()
    counts, _ = fuzz_file(tmp_path / "clean.conllu", tmp_path / "mutants", trials=100 * fuzz, seed=22)
    assert min(sum(n for name, n in counts.items() if name.endswith(end)) for end in (": read", ": refused")) > 20
