"""`treeprobe parse`: several sentences, a layer of choice, and every kind of file."""

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from treeprobe.parsing import read_conllu
from treeprobe.pipeline import Options, Parser, Sources, analyse
from treeprobe.pipeline.commands.main import main
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.tree_files import save_trees

Parse = Callable[..., tuple[int, str, str]]
SENTENCES = ("the old man sees a dog.", "a cat runs here")


@pytest.fixture(scope="module")
def done(checkpoint: Path, treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with probes of layers 1 and 2."""
    out = tmp_path_factory.mktemp("run") / "out"
    sources = Sources(model=checkpoint, train=treebank_files["train"], dev=treebank_files["dev"])
    options = Options(ranks=(4,), layers=(1, 2), epochs=1, samples=0, random_baseline=False, control=False)
    analyse("structure", sources, out, options=options, figures=False, progress=False)
    return out


@pytest.fixture
def parse(done: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Parse:
    """Runs `treeprobe parse --probe RUN ARGUMENTS`; gives its exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["treeprobe", "parse", "--probe", str(done), *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def test_sentences_of_a_file_are_those_given_one_by_one(parse: Parse, done: Path, tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text("\n\n".join(SENTENCES) + "\n", encoding="utf-8")
    expected = "\n\n".join(Parser.from_pretrained(done).parse(text).to_text() for text in SENTENCES) + "\n"
    assert parse("--from", tmp_path / "some.txt") == (0, expected, "")
    assert parse(*SENTENCES) == (0, expected, "")


def test_standard_input_will_do(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a cat runs\n"))
    assert parse("--from", "-") == parse("a cat runs")


def test_forgotten_quotes_are_noted(parse: Parse) -> None:
    assert "note: 3 sentences of one word each" in parse("a", "cat", "runs")[2]
    for whole in (("a cat runs",), SENTENCES, ("runs",)):
        assert parse(*whole)[2] == ""


def test_a_file_without_sentences_is_named(parse: Parse, tmp_path: Path) -> None:
    (tmp_path / "none.txt").write_text("\n \n", encoding="utf-8")
    code, _, error = parse("--from", tmp_path / "none.txt")
    assert code == 2
    assert "none.txt: no sentence" in "".join(error.split("\n"))


def test_a_layer_of_choice_is_parsed_with_its_probes(parse: Parse, done: Path) -> None:
    for layer in (1, 2):
        parser = Parser.from_pretrained(done, layer=layer)
        assert (parser.distance.layer, parser.depth and parser.depth.layer) == (layer, layer)
        assert parse("--layer", layer, SENTENCES[0])[1] == parser.parse(SENTENCES[0]).to_text() + "\n"
    code, _, error = parse("--layer", 0, "a cat")
    assert code == 2
    assert "holds no probe of layer 0; found 1, 2" in error
    single = done / "probes" / "distance-layer-1-rank-4-seed-0"
    with pytest.raises(FindingsError, match="is a single probe's"):
        Parser.from_pretrained(single, layer=1)


def test_conllu_holds_every_tree_printed_or_written(parse: Parse, done: Path, tmp_path: Path) -> None:
    code, out, error = parse(*SENTENCES, "--format", "conllu", "--out", tmp_path / "trees.conllu")
    assert (code, error) == (0, f"Written: {tmp_path / 'trees.conllu'}\n")
    assert (tmp_path / "trees.conllu").read_text(encoding="utf-8") == out
    trees = read_conllu(tmp_path / "trees.conllu")
    parser = Parser.from_pretrained(done)
    assert [tree.heads for tree in trees] == [parser.parse(text).heads for text in SENTENCES]
    assert [tree.text for tree in trees] == list(SENTENCES)
    assert [tree.identifier for tree in trees] == ["1", "2"]


def test_latex_holds_every_tree_printed_or_written(parse: Parse, tmp_path: Path) -> None:
    code, out, _ = parse(*SENTENCES, "--format", "latex", "--out", tmp_path / "trees.tex")
    assert code == 0
    assert (tmp_path / "trees.tex").read_text(encoding="utf-8") == out
    assert out.count("\\begin{dependency}") == out.count("\\end{dependency}") == out.count("\\deproot") == 2


def test_drawings_of_several_sentences_are_numbered(parse: Parse, tmp_path: Path) -> None:
    parse(SENTENCES[0], "--out", tmp_path / "one.svg")
    _, _, error = parse(*SENTENCES, "--out", tmp_path / "tree.svg", "--out", tmp_path / "tree.png")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"one.svg", "tree-1.svg", "tree-2.svg", "tree-1.png", "tree-2.png"}
    assert f"Written: {tmp_path / 'tree-1.svg'}, {tmp_path / 'tree-2.svg'}\n" in error


def test_a_file_of_no_known_kind_is_refused(parse: Parse, done: Path, tmp_path: Path) -> None:
    code, _, error = parse("a cat", "--out", tmp_path / "tree.doc")
    assert code == 2
    assert ".tex, .conllu" in " ".join(error.split())
    with pytest.raises(ValueError, match="doc"):
        save_trees([Parser.from_pretrained(done).parse("a cat")], tmp_path / "tree.doc")


def test_nothing_to_parse_is_said(parse: Parse, tmp_path: Path) -> None:
    assert "no sentence; expected one in quotes" in " ".join(parse()[2].split())
    assert "cannot be read" in parse("--from", tmp_path / "none.txt")[2]
    (tmp_path / "latin.txt").write_bytes("caf\xe9".encode("latin-1"))
    assert "cannot be read as UTF-8" in " ".join(parse("--from", tmp_path / "latin.txt")[2].split())


def test_a_script_without_spaces_leads_to_words(parse: Parse) -> None:
    code, _, error = parse("吾輩は猫である。")
    assert code == 0
    assert error.startswith("treeprobe: Japanese puts no spaces between words")
    code, out, error = parse("--words", "吾輩 は 猫 で ある 。")
    assert (code, error) == (0, "")
    assert out.count("\n") == 6


def test_by_word_the_last_tree_is_the_sentence_s(parse: Parse, done: Path) -> None:
    parser = Parser.from_pretrained(done)
    for text in (SENTENCES[0], SENTENCES[1].split()):
        prefixes = parser.parse_by_word(text)
        whole = parser.parse(text)
        assert [len(tree) for tree in prefixes] == [*range(1, len(whole) + 1)]
        assert prefixes[-1] == whole
        for tree in prefixes:
            assert tree == replace(parser.parse_all([list(tree.words)])[0], space_after=tree.space_after)


def test_by_word_prints_and_writes_every_prefix(parse: Parse, done: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"words{suffix}" for suffix in (".png", ".conllu")]
    code, out, _ = parse(SENTENCES[1], "--by-word", "--out", files[0], "--out", files[1])
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == SENTENCES[1].split()
    assert lines[1] == "cat   + a–cat"
    bank = read_conllu(files[1])
    assert [sentence.identifier for sentence in bank] == ["1-1", "1-2", "1-3", "1-4"]
    assert [sentence.heads for sentence in bank] == [
        tree.heads for tree in Parser.from_pretrained(done).parse_by_word(SENTENCES[1])
    ]
    assert files[0].stat().st_size > 1000
    parse(*SENTENCES, "--by-word", "--out", tmp_path / "two.svg")
    assert {path.name for path in tmp_path.glob("*.svg")} == {"two-1.svg", "two-2.svg"}
    assert parse(SENTENCES[1], "--by-word", "--format", "conllu")[1] == files[1].read_text(encoding="utf-8")
