"""Reading and writing CoNLL-U: round trips, multiword tokens, empty nodes, and one clear error for everything else."""

import contextlib
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import conllu
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parsing.toys import sentence, trees
from tests.parsing.ud_validator import refused_for
from treeprobe.parsing import Sentence, Treebank, TreebankError, format_conllu, read_conllu, write_conllu
from treeprobe.parsing.treebanks import MultiwordToken, document_numbers

SAMPLE = """\
# newpar
# sent_id = a-1
# text = We don't, he said.
1\tWe\twe\tPRON\tPRP\tCase=Nom|Number=Plur\t3\tnsubj\t3:nsubj\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
2\tdo\tdo\tAUX\tVBP\t_\t3\taux\t3:aux\t_
3\tn't\tnot\tPART\tRB\t_\t0\troot\t0:root\t_
4\t,\t,\tPUNCT\t,\t_\t3\tpunct\t3:punct\t_
4.1\tghost\tghost\tVERB\tVB\t_\t_\t_\t3:conj\t_
5\the\the\tPRON\tPRP\t_\t6\tnsubj\t6:nsubj\tGloss=il
6\tsaid\tsay\tVERB\tVBD\t_\t3\tparataxis\t3:parataxis\tSpaceAfter=No
7\t.\t.\tPUNCT\t.\t_\t3\tpunct\t3:punct\t_

"""


def written(folder: Path, text: str) -> Path:
    path = folder / "bank.conllu"
    path.write_text(text, encoding="utf-8")
    return path


def test_multiword_tokens_and_empty_nodes(tmp_path: Path) -> None:
    (one,) = read_conllu(written(tmp_path, SAMPLE))
    assert one.words == ("We", "do", "n't", ",", "he", "said", ".")
    assert one.heads == (2, 2, -1, 2, 5, 2, 2)
    assert one.multiword == (MultiwordToken(1, 2, "don't", misc="SpaceAfter=No"),)
    assert one.text == "We don't, he said."
    assert one.space_after == (True, False, False, True, True, False, True)
    assert one.features[0] == "Case=Nom|Number=Plur"
    assert one.identifier == "a-1"


def test_what_is_written_is_the_file_without_empty_nodes_and_enhanced_edges(tmp_path: Path) -> None:
    (one,) = read_conllu(written(tmp_path, SAMPLE))
    expected = [line.split("\t") for line in SAMPLE.split("\n") if not line.startswith("4.1")]
    found = [line.split("\t") for line in format_conllu(one).split("\n")]
    assert found == [[*cells[:8], "_", cells[9]] if len(cells) == 10 else cells for cells in expected]


@pytest.mark.ewt
def test_ewt_dev_is_written_as_it_was(ewt: Path, tmp_path: Path) -> None:
    bank = read_conllu(ewt / "en_ewt-dev.conllu")
    assert (len(bank), sum(map(len, bank))) == (2001, 25_147)
    write_conllu(bank, tmp_path / "copy.conllu")
    again = read_conllu(tmp_path / "copy.conllu")
    assert list(again) == list(bank)
    assert [one.text for one in bank] == [one.metadata["text"] for one in bank]


def assert_the_conllu_package_reads_the_same(path: Path) -> None:
    theirs = conllu.parse(
        path.read_text(encoding="utf-8"), field_parsers={name: lambda line, i: line[i] for name in ("feats", "misc")}
    )
    bank = read_conllu(path)
    assert len(bank) == len(theirs)
    for one, tokens in zip(bank, theirs):
        words = [token for token in tokens if isinstance(token["id"], int)]
        assert one.metadata == {key: value or "" for key, value in tokens.metadata.items()}
        assert [head + 1 for head in one.heads] == [token["head"] for token in words]
        columns = {"words": "form", "relations": "deprel", "upos": "upos", "lemmas": "lemma", "features": "feats"}
        for ours, name in {**columns, "xpos": "xpos"}.items():
            assert getattr(one, ours) == tuple(token[name] or "_" for token in words)
        ranges = [token for token in tokens if isinstance(token["id"], tuple) and token["id"][1] == "-"]
        assert [(token.form, token.misc) for token in one.multiword] == [(one["form"], one["misc"]) for one in ranges]
        assert one.misc == tuple(token["misc"] for token in words)


def test_the_conllu_package_reads_the_sample_alike(tmp_path: Path) -> None:
    assert_the_conllu_package_reads_the_same(written(tmp_path, SAMPLE))


@pytest.mark.ewt
def test_the_conllu_package_reads_ewt_dev_alike(ewt: Path) -> None:
    assert_the_conllu_package_reads_the_same(ewt / "en_ewt-dev.conllu")


def test_forms_may_contain_spaces(tmp_path: Path) -> None:
    (one,) = read_conllu(written(tmp_path, SAMPLE.replace("\the\the\t", "\tbig man\the\t")))
    assert one.words[4] == "big man"


TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=8)


@given(st.data())
def test_any_sentence_survives_a_round_trip_and_the_conllu_package_reads_it(data: st.DataObject) -> None:
    heads = data.draw(trees(1, 8))
    column = st.lists(TEXT.filter(lambda text: text != "_"), min_size=len(heads), max_size=len(heads)).map(tuple)
    spaces = data.draw(st.lists(st.booleans(), min_size=len(heads), max_size=len(heads)))
    one = Sentence(
        words=data.draw(column),
        heads=tuple(heads),
        relations=data.draw(column),
        upos=data.draw(column),
        xpos=data.draw(column),
        space_after=tuple(spaces),
    )
    text = format_conllu(one)
    (theirs,) = conllu.parse(text)
    assert [token["form"] for token in theirs] == list(one.words)
    assert [token["head"] - 1 for token in theirs] == heads
    with tempfile.TemporaryDirectory() as folder:
        (again,) = read_conllu(written(Path(folder), text))
    for name in ("words", "heads", "relations", "upos", "xpos", "space_after"):
        assert getattr(again, name) == getattr(one, name)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "bank.conllu"
    write_conllu([sentence([-1])], path)
    before = path.read_bytes()

    def breaks():  # type: ignore[no-untyped-def]
        yield sentence([-1, 0])
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        write_conllu(breaks(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def word(number: object, head: object, form: str = "x") -> str:
    return f"{number}\t{form}\t_\tX\tX\t_\t{head}\tdep\t_\t_\n"


FINE = "# sent_id = fine\n" + word(1, 0) + "\n"

BAD = {
    "head outside": (word(1, 0) + word(2, 7), r"line 6, sentence 2 \(bad\): word 2 .*has head 7; expected 0 .*1 to 2"),
    "no head": (word(1, 0) + word(2, "_"), r"line 6, sentence 2 \(bad\): word 2 .*has head _; expected"),
    "no number": (word(1, 0) + word(2, "two"), r"line 6, sentence 2 \(bad\): word 2 .*has head two; expected"),
    "cycle": (word(1, 0) + word(2, 3) + word(3, 2), r"sentence 2 \(bad\): words 2 → 3 → 2 form a cycle"),
    "self-loop": (word(1, 0) + word(2, 2), r"sentence 2 \(bad\): words 2 → 2 form a cycle"),
    "no root": (word(1, 2) + word(2, 1), r"sentence 2 \(bad\): expected one root .*; found none"),
    "two roots": (word(1, 0) + word(2, 0), r"sentence 2 \(bad\): expected one root .*; found 1, 2"),
    "columns": ("1 x y\n", r"line 5, sentence 2 \(bad\): is not CoNLL-U: found 1 columns in '1 x y', expected 10"),
    "numbering": (word(1, 0) + word(3, 1), r"line 6, sentence 2 \(bad\): word 3 stands where word 2 is expected"),
    "id": (word("one", 0), r"line 5, sentence 2 \(bad\): is not CoNLL-U: 'one' is not an ID; expected an integer"),
    "long id": (word("9" * 5000, 0), r"line 5, sentence 2 \(bad\): is not CoNLL-U: '9+' is not an ID"),
    "form": (word(1, 0, form=""), r"line 5, sentence 2 \(bad\): column FORM of word 1 is empty; expected a form"),
    "range outside": (
        "1-3\tx" + "\t_" * 8 + "\n" + word(1, 0) + word(2, 1),
        r"sentence 2 \(bad\): multiword token 1-3 \('x'\) spans no words; expected a range of words 1 to 2",
    ),
    "only a range": ("1-2\tx" + "\t_" * 8 + "\n", r"sentence 2 \(bad\): has no words"),
}


RANGE = "1-2\txx" + "\t_" * 8 + "\n"
PAIR = word(1, 0) + word(2, 1)
GHOST = "1.1\tghost" + "\t_" * 8 + "\n"

STRICT = {
    "comment below a word": (word(1, 0) + "# so" + word(2, 1), r"line 6, .*a comment stands below a word; expected"),
    "comments alone": ("# a = b\n\n" + PAIR, r"line 5, .*comments without a word below them; expected comments dir"),
    "blanks": (word(1, 0) + " \n" + word(2, 1), r"line 6: holds white space alone \(U\+0020 \(space\)\); .*Empty it"),
    "second id": ("# sent_id = other\n" + PAIR, r"line 5, .*a second sent_id, 'other'; expected one"),
    "range below its word": (word(1, 0) + RANGE + word(2, 1), r"line 6, .*token 1-2 \('xx'\) stands above word 2; exp"),
    "range in reverse": (RANGE.replace("1-2", "2-1") + PAIR, r"line 5, .*token 2-1 .*from a lower to a higher number"),
    "range twice": (RANGE + RANGE + PAIR, r"line 6, .*token 1-2 .*stands above word 1; .* no word in two of them"),
    "ranges that overlap": (
        RANGE + word(1, 0) + RANGE.replace("1-2", "2-3") + word(2, 1) + word(3, 1),
        r"line 7, .*token 2-3 .*stands above word 2; .*no word in two of them",
    ),
    "range with a head": (RANGE.replace("_\t_\t_\n", "0\t_\t_\n") + PAIR, r"line 5, .*token 1-2 .* a value in DEPREL"),
    "range with white space": (RANGE.replace("xx", "x x") + PAIR, r"line 5, .*token 1-2 \('x x'\) holds white space"),
    "ghost of another word": (GHOST + PAIR, r"line 5, .*empty node 1.1 \('ghost'\) .*; expected 0.1 here"),
    "ghost with a head": (word(1, 0) + word("1.1", 1), r"line 6, .*empty node 1.1 .* has head 1 and relation dep; exp"),
    "ghost below a range": (
        word(1, 0) + RANGE.replace("1-2", "2-3") + GHOST + word(2, 1) + word(3, 1),
        r"line 7, .*empty node 1.1 .*above any multiword token",
    ),
    "empty cell": (word(1, 0).replace("\t_\n", "\t\n"), r"line 5, .*column MISC of word 1 is empty; expected _ where"),
    "no-break space": (
        word("\u00a01", 0),
        r"line 5, .*column ID, '\\xa01', holds U\+00A0 \(no-break space\); expected",
    ),
    "space in a head": (
        word(1, "0 "),
        r"line 5, .*column HEAD, '0 ', holds U\+0020 \(space\); expected no white space",
    ),
    "space at the end": (word(1, 0, form="x\u3000"), r"column FORM, 'x\\u3000', holds U\+3000 \(ideographic space\)"),
    "two spaces": (word(1, 0, form="x  y"), r"column FORM, 'x  y', holds U\+0020 \(space\); expected single spaces"),
    "unseen": (word(1, "0\u200b"), r"has head 0\u200b \(U\+200B \(zero width space\)\); expected 0"),
    "other digits": (word("１", 0), r"is not CoNLL-U: '１' \(U\+FF11 \(fullwidth digit one\)\) is not an ID"),
    "form feed": (word("1\x0c", 0), r"line 5: holds U\+000C \(a control character\) after '1'; .*Remove it"),
    "zeros": (word(1, 0) + "\0\0\0", r"line 6: holds U\+0000"),
    "carriage return": ("# a\rb = c\n" + word(1, 0), r"line 5: holds U\+000D"),
}


@pytest.mark.parametrize("case", STRICT)
def test_what_uds_reader_refuses_is_refused_with_line_and_character(case: str, tmp_path: Path) -> None:
    text, message = STRICT[case]
    path = written(tmp_path, FINE + "# sent_id = bad\n" + text + "\n" + FINE)
    with pytest.raises(TreebankError, match=message) as caught:
        read_conllu(path)
    assert str(caught.value).startswith(f"{path}, line ")
    assert refused_for(path)


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_that_ends_inside_a_sentence_is_refused(end: str, tmp_path: Path) -> None:
    path = written(tmp_path, FINE + (word(1, 0) + word(2, 1)).rstrip("\n") + end)
    with pytest.raises(TreebankError, match=r"line 5, sentence 2: the file ends inside this sentence, .*Add it if"):
        read_conllu(path)
    assert refused_for(path)


CHANGES_NO_TREE = {
    "runs of empty lines": "\n\n" + FINE + "\n\n\n" + FINE + "\n\n",
    "Windows": (FINE + FINE).replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + FINE + FINE,
    "not composed": FINE + FINE.replace("\tx\t", "\te\u0301\t"),
}


@pytest.mark.parametrize("case", CHANGES_NO_TREE)
def test_what_changes_no_tree_is_read_although_uds_reader_complains(case: str, tmp_path: Path) -> None:
    (tmp_path / "bank.conllu").write_bytes(CHANGES_NO_TREE[case].encode())
    bank = read_conllu(tmp_path / "bank.conllu")
    assert [one.heads for one in bank] == [(-1,), (-1,)]
    assert [one.identifier for one in bank] == ["fine", "fine"]


def test_comments_keep_their_tabs_and_misc_its_order_and_repetitions(tmp_path: Path) -> None:
    text = (
        "# sent_id = a\n# note = a\ttab\n"
        + "1-2\tab\t_\t_\t_\tTypo=Yes\t_\t_\t_\tCorrectForm=cd|SpaceAfter=No\n"
        + word(1, 0).replace("\t_\n", "\tB=2|A=1|B=3|SpaceAfter=No|_\n")
        + word(2, 1).replace("\t_\n", "\tSpaceAfter=No|SpaceAfter=No\n")
        + word(3, 1).replace("\t_\n", "\tZ=1|SpaceAfter=No|A\n")
        + "\n"
    )
    bank = read_conllu(written(tmp_path, text))
    assert bank[0].metadata["note"] == "a\ttab"
    write_conllu(bank, tmp_path / "again.conllu")
    assert (tmp_path / "again.conllu").read_text().replace("# text = abx\n", "") == text
    (again,) = read_conllu(tmp_path / "again.conllu")
    assert (again.misc, again.multiword, again.space_after) == (bank[0].misc, bank[0].multiword, (False,) * 3)


def test_misc_follows_spaces_that_were_changed() -> None:
    one = replace(sentence([-1, 0, 1]), misc=("A=1|SpaceAfter=No|B=2", "_", "A=1"), space_after=(True, False, True))
    assert [line.split("\t")[9] for line in format_conllu(one).split("\n")[2:5]] == ["A=1|B=2", "SpaceAfter=No", "A=1"]


def test_what_a_cell_cannot_hold_is_written_as_a_space(tmp_path: Path) -> None:
    one = replace(sentence([-1, 0]), words=(" a\tb\n", "\t"), relations=("a b", "c"), metadata={"x": "1\r\n2"})
    write_conllu([one], tmp_path / "odd.conllu")
    (again,) = read_conllu(tmp_path / "odd.conllu")
    assert (again.words, again.relations, again.metadata["x"]) == (("a b", "_"), ("a_b", "c"), "1 2")


@pytest.mark.parametrize("case", BAD)
def test_bad_trees_are_told_with_file_line_and_sentence(case: str, tmp_path: Path) -> None:
    text, message = BAD[case]
    path = written(tmp_path, FINE + "# sent_id = bad\n" + text + "\n" + FINE)
    with pytest.raises(TreebankError, match=message) as caught:
        read_conllu(path)
    assert str(caught.value).startswith(f"{path}, line ")


def test_files_that_are_no_treebank_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(TreebankError, match=r"nowhere.conllu: there is no such file; expected a treebank in CoNLL-U"):
        read_conllu(tmp_path / "nowhere.conllu")
    with pytest.raises(TreebankError, match=r"line 1: the file is empty, so there are no sentences; expected CoNLL-U"):
        read_conllu(written(tmp_path, ""))
    with pytest.raises(TreebankError, match=r"line 2: the file holds empty lines alone, .*; expected CoNLL-U"):
        read_conllu(written(tmp_path, "\n\n"))
    with pytest.raises(TreebankError, match="line 1, sentence 1: is not CoNLL-U: found 1 columns"):
        read_conllu(written(tmp_path, "Dear Sir,\nthis is a letter.\n"))
    (tmp_path / "binary.conllu").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(TreebankError, match=r"line 1: is not UTF-8 text: byte 0xff .*; save the file as UTF-8"):
        read_conllu(tmp_path / "binary.conllu")
    (tmp_path / "latin.conllu").write_bytes(FINE.encode() + word(1, 0, form="Käse").encode("latin-1"))
    with pytest.raises(TreebankError, match=r"line 4: is not UTF-8 text: byte 0xe4 \(.*\) after '1\\tK'; save"):
        read_conllu(tmp_path / "latin.conllu")
    with pytest.raises(TreebankError, match="cannot be read"):
        read_conllu(tmp_path)


@given(st.text(max_size=200))
def test_no_text_at_all_can_make_the_reader_fail_otherwise(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.conllu"
        path.write_text(text, encoding="utf-8", errors="replace")
        with contextlib.suppress(TreebankError):
            read_conllu(path)


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664)])
def test_a_written_file_is_as_private_as_the_umask_asks(umask: int, mode: int, tmp_path: Path) -> None:
    bank = read_conllu(written(tmp_path, SAMPLE))
    before = os.umask(umask)
    try:
        write_conllu(bank, tmp_path / "new.conllu")
    finally:
        os.umask(before)
    assert (tmp_path / "new.conllu").stat().st_mode & 0o777 == mode


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "bank.conllu"
    path.write_bytes(b"\xef\xbb\xbf" + SAMPLE.replace("\n", "\r\n").encode())
    assert read_conllu(path)[0].words[0] == "We"


def test_a_treebank_is_a_sequence_of_sentences_with_columns(tmp_path: Path) -> None:
    bank = read_conllu(written(tmp_path, SAMPLE + FINE))
    assert [len(words) for words in bank.words] == [7, 1]
    assert [matrix.shape for matrix in bank.distances] == [(7, 7), (1, 1)]
    assert bank.depths[0].tolist() == [1, 1, 0, 1, 2, 1, 1]
    assert len(bank[:1]) == 1
    assert bank[:1].digest != bank.digest
    assert bank.digest == read_conllu(bank.path).digest


@pytest.mark.parametrize("change", ["upos", "xpos", "features", "space_after", "document"])
def test_another_annotation_of_the_same_trees_is_another_treebank_to_a_sweep(tmp_path: Path, change: str) -> None:
    bank = read_conllu(written(tmp_path, SAMPLE))
    first = bank[0]
    other = {
        "space_after": tuple(not space for space in first.space_after),
        "document": "another",
    }.get(change, ("X=Y",) * len(first))
    changed = Treebank([replace(first, **{change: other}), *bank[1:]], name=bank.name)
    assert changed.digest == bank.digest
    assert changed.annotation_digest != bank.annotation_digest


def test_a_sentence_does_not_keep_the_matrices_that_it_gives(tmp_path: Path) -> None:
    (one,) = read_conllu(written(tmp_path, SAMPLE))
    before = dict(vars(one))
    assert (one.distances.shape, one.depths.shape, one.edges.shape) == ((7, 7), (7,), (6, 2))
    assert vars(one) == before


def test_sentences_introduce_themselves_briefly(tmp_path: Path) -> None:
    sentence = Sentence(("word",) * 100, (-1, *range(99)), *[("_",) * 100] * 3, (True,) * 100, identifier="long")
    assert repr(sentence).startswith("Sentence('long': 'word word")
    assert repr(sentence).endswith("…', 100 words)")
    assert len(repr(sentence)) < 100
    assert str(sentence) == sentence.text


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="upos has 1 entries for 2 words"):
        Sentence(("a", "b"), (-1, 0), ("root", "dep"), ("X",), ("X", "X"), (True, True))
    with pytest.raises(ValueError, match="lemmas has 1 entries for 2 words"):
        Sentence(("a", "b"), (-1, 0), ("root", "dep"), ("X", "X"), ("X", "X"), (True, True), lemmas=("a",))
    with pytest.raises(
        ValueError, match=r"multiword token 2-1 \('ab'\) spans no words; expected a range of words 1 to 2"
    ):
        Sentence(
            ("a", "b"),
            (-1, 0),
            ("root", "dep"),
            ("X", "X"),
            ("X", "X"),
            (True, True),
            multiword=(MultiwordToken(1, 0, "ab"),),
        )


def test_sentences_know_their_documents(tmp_path: Path) -> None:
    begins = {1: "# newdoc id = a\n", 2: "# newpar id = a-2\n", 3: "# newdoc\n# newpar\n", 5: "# newdoc id=b\n"}
    text = "".join(begins.get(number, "") + format_conllu(sentence([-1, 0])) for number in range(7))
    bank = read_conllu(written(tmp_path, text))
    assert [one.document for one in bank] == ["", "a", "a", "document 2", "document 2", "b", "b"]
    # A sentence of no document stands alone; documents stay known when sentences are left out.
    assert document_numbers(bank[::2]) is not None
    assert document_numbers(bank[::2]).tolist() == [0, 1, 2, 3]  # type: ignore[union-attr]
    assert document_numbers([bank[0]]) is None
    write_conllu(bank, tmp_path / "again.conllu")
    assert [one.document for one in read_conllu(tmp_path / "again.conllu")] == [one.document for one in bank]
