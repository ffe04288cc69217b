"""Trees word by word: of causal models, of models that read all words anew, and by probes of prefixes."""

from pathlib import Path

import numpy as np
import pytest

from tests.extraction import zoo
from treeprobe.extraction import Reading, extract
from treeprobe.extraction.reading import Context
from treeprobe.parsing.decoding import prefix_trees
from treeprobe.parsing.trees import tree_depths, tree_distances
from treeprobe.pipeline import Options, Parser, Sources, analyse
from treeprobe.probes import DepthProbe, DistanceProbe

LAYER = 2
WORDS = ["She", "believed", "the", "unreadable", "instructions", "yesterday"]


def reading(context: Context) -> Reading:
    return Reading(layers=[LAYER], context=context)


def parser(name: str, context: Context = "sentence") -> Parser:
    """A model of random weights with probes that were fitted a little, so that their trees are not chains."""
    encoder = zoo.encoder(name)
    generator = np.random.default_rng(0)
    trees = [[-1, *(int(generator.integers(0, word)) for word in range(1, len(one)))] for one in zoo.SENTENCES]
    states = extract(encoder, zoo.SENTENCES, reading=reading(context))
    distance = DistanceProbe(LAYER, 8, epochs=2).fit(states, [tree_distances(tree) for tree in trees])
    depth = DepthProbe(LAYER, 8, epochs=2).fit(states, [tree_depths(tree) for tree in trees])
    return Parser(encoder, distance, depth)


def from_leading_words(found: Parser, context: Context) -> list[list[int]]:
    """The trees of the prefixes from the predictions of the whole sentence, as far as the prefix goes."""
    states = extract(found.encoder, [WORDS], reading=reading(context))
    assert found.depth is not None
    trees = prefix_trees(found.distance.predict(states)[0], found.depth.predict(states)[0])
    return [tree.tolist() for tree in trees]


def by_word(found: Parser) -> list[list[int]]:
    return [list(tree.heads) for tree in found.parse_by_word(WORDS)]


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_of_a_causal_model_they_are_in_the_whole_sentence_s_predictions(name: str) -> None:
    found = parser(name)
    assert by_word(found) == from_leading_words(found, "sentence")


def test_a_masked_model_reads_all_words_anew() -> None:
    found = parser("bert")
    assert by_word(found)[-1] == list(found.parse(WORDS).heads)
    states = extract(found.encoder, [WORDS, WORDS[:4]], reading=reading("sentence"))
    whole, prefix = found.distance.predict(states)
    assert not np.allclose(whole[:4, :4], prefix, rtol=0.01)


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_probes_of_prefixes_see_each_word_as_it_was_read(name: str) -> None:
    found = parser(name, "prefix")
    trees = by_word(found)
    assert trees == from_leading_words(found, "prefix")
    assert trees[-1] == list(found.parse(WORDS).heads)
    # What follows changes nothing of the trees before.
    longer = found.parse_by_word([*WORDS, "before", "the", "examination"])
    assert [list(tree.heads) for tree in longer[: len(WORDS)]] == trees


def test_a_run_on_prefixes_says_so_and_is_parsed_with(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    sources = Sources(model=checkpoint, train=treebank_files["train"], dev=treebank_files["dev"])
    quick = {"ranks": (4,), "seeds": (0,), "epochs": 1, "samples": 0, "random_baseline": False, "control": False}
    scores, maps = {}, {}
    for context in ("sentence", "prefix"):
        out = tmp_path / context
        done = analyse(
            "structure", sources, out, options=Options(**quick, context=context), figures=False, progress=False
        )
        scores[context] = done.tables["scores"].query("probe == 'distance' and metric == 'dspr'")["value"].tolist()
        maps[context] = DistanceProbe.from_pretrained(out / "probes" / "distance-layer-2-rank-4-seed-0").matrix_
        settings = Parser.from_pretrained(out).distance.identity_["settings"]
        assert settings.get("context", "sentence") == context
    assert (maps["sentence"] != maps["prefix"]).any()
    assert scores["sentence"][0] == pytest.approx(scores["prefix"][0], abs=1e-3)  # embeddings know no context
