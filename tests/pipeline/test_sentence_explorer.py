"""The page of one sentence holds what parser and heads say, and bad input is one message."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from treeprobe.extraction import stream_attention
from treeprobe.parsing import Treebank, write_conllu
from treeprobe.parsing.stimuli import chef_sentence, natural_sentences
from treeprobe.pipeline import Parser, explore_sentence
from treeprobe.pipeline.commands.main import app
from treeprobe.pipeline.sentence_explorer import gold_sentence, tracked_relations
from treeprobe.pipeline.words import SentenceError
from treeprobe.reporting import Picker

FEW = Treebank(list(natural_sentences("train")), name="few")


def data_of(page: Picker) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page.page, flags=re.DOTALL)
    found: dict[str, Any] = json.loads(text)
    return found


def test_every_layer_is_what_its_parser_says_and_gold_stands_beside() -> None:
    sentence = chef_sentence()
    data = data_of(explore_sentence(sentence, annotated=FEW))
    found = Parser.of_layers()
    assert [layer["layer"] for layer in data["layers"]] == list(range(7))
    assert data["best"] == found.best
    for parser, layer in zip(found.parsers, data["layers"], strict=True):
        seen = parser.inspect(sentence.text)
        assert layer["heads"] == list(seen.tree.heads)
        np.testing.assert_allclose(np.array(layer["distances"]) / 100, seen.distances.ravel(), atol=0.006)
        norms = np.linalg.norm([layer["own"], layer["probe"]], axis=2)
        np.testing.assert_allclose(norms.max(axis=1), 1.0, atol=0.01)
    assert data["sentence"]["heads"] == list(sentence.heads)
    assert data["gold"] == sentence.distances.ravel().tolist()
    assert data["words"][data["pair"][0]] in sentence.words


def test_heads_are_those_that_beat_the_offset_with_their_attention_in_the_sentence() -> None:
    words = list(chef_sentence().words)
    encoder = Parser.from_pretrained().encoder
    found = tracked_relations(encoder, words, FEW)
    assert found
    assert len({one.relation for one in found}) == len(found)
    (batch,) = stream_attention(encoder, [words])
    for one in found:
        assert one.accuracy > one.baseline
        layer, head = map(int, one.name.split("-"))
        expected = batch.unpadded()[0][layer - 1, head - 1][1:-1, 1:-1]
        np.testing.assert_array_equal(one.weights, expected)


def test_one_word_too_many_and_too_long_for_the_model_are_one_message(tmp_path: Path) -> None:
    with pytest.raises(SentenceError, match="one word, 'Hello': expected a sentence of 2 to 100 words"):
        explore_sentence("Hello")
    with pytest.raises(SentenceError, match="101 words: expected"):
        explore_sentence(["word"] * 101)
    with pytest.raises(SentenceError, match="has more subwords than all-MiniLM-L6-v2 reads at once"):
        explore_sentence(["antidisestablishmentarianism"] * 100, annotated=FEW)
    with pytest.raises(SentenceError, match="no words in"):
        explore_sentence("  ")


def test_gold_is_found_by_its_words(tmp_path: Path) -> None:
    bank = Treebank([natural_sentences("test")[0], chef_sentence()], name="two")
    assert gold_sentence(bank, None) == bank[0]
    assert gold_sentence(bank, "The chef who ran to the store was out of food.") == bank[1]
    with pytest.raises(SentenceError, match="two: has no sentence 'Another one'"):
        gold_sentence(bank, "Another one")


def test_the_command_writes_the_page_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_conllu([chef_sentence()], tmp_path / "chef.conllu")
    write_conllu(list(FEW), tmp_path / "few.conllu")
    out = tmp_path / "page.html"
    asked = ["--gold", str(tmp_path / "chef.conllu"), "--relations", str(tmp_path / "few.conllu"), "--out", str(out)]
    app(["show", *asked], standalone_mode=False)
    assert str(out) in capsys.readouterr().out
    page = out.read_text(encoding="utf-8")
    assert "<title>treeprobe: The chef who ran to the store was out of food .</title>" in page
    assert len(page.encode()) < 300_000
