"""UAS, LAS and exact match against Universal Dependencies' own evaluator, on files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from udtools import udeval

from tests.parsing.decoding.all_trees import all_trees
from tests.parsing.toys import random_heads, sentence, trees
from treeprobe.parsing import Sentence, read_conllu, score_heads, score_relations, write_conllu

MULTIWORD = """\
# sent_id = contraction
# text = Don't they?
1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tDo\tdo\tAUX\tVBP\t_\t0\troot\t_\t_
2\tn't\tnot\tPART\tRB\t_\t1\tadvmod\t_\t_
3\tthey\tthey\tPRON\tPRP\t_\t1\tnsubj\t_\tSpaceAfter=No
4\t?\t?\tPUNCT\t.\t_\t1\tpunct\t_\t_

# sent_id = empty-node
# text = Sue likes tea and Bill coffee
1\tSue\tSue\tPROPN\tNNP\t_\t2\tnsubj\t_\t_
2\tlikes\tlike\tVERB\tVBZ\t_\t0\troot\t_\t_
3\ttea\ttea\tNOUN\tNN\t_\t2\tobj\t_\t_
4\tand\tand\tCCONJ\tCC\t_\t5\tcc\t_\t_
5\tBill\tBill\tPROPN\tNNP\t_\t2\tconj\t_\t_
5.1\tlikes\tlike\tVERB\tVBZ\t_\t_\t_\t2:conj\t_
6\tcoffee\tcoffee\tNOUN\tNN\t_\t5\torphan:obj\t_\t_

"""


def disturbed(gold: Sentence, generator: np.random.Generator) -> Sentence:
    """The sentence with another tree, and with a third of its relations changed."""
    heads = gold.heads if generator.random() < 0.2 else random_heads(len(gold), int(generator.integers(2**32)))
    others = generator.choice(["obj", "nsubj", "root", "orphan:other"], size=len(gold))
    relations = [b if generator.random() < 0.35 else a for a, b in zip(gold.relations, others)]
    relations = ["root" if head < 0 else "dep" if name == "root" else name for head, name in zip(heads, relations)]
    return replace(gold, heads=tuple(heads), relations=tuple(map(str, relations)))


def assert_evaluators_agree(gold_path: Path, system_path: Path, seed: int) -> None:
    generator = np.random.default_rng(seed)
    gold = read_conllu(gold_path)
    system = [disturbed(one, generator) for one in gold]
    write_conllu(system, system_path)
    theirs = udeval.evaluate(
        *(
            udeval.load_conllu_file(str(path), {"enhanced": True, "no_enhanced": True})
            for path in (gold_path, system_path)
        )
    )
    ours = score_heads(
        gold, [one.heads for one in system], relations=[one.relations for one in system], punctuation="none"
    )
    assert ours["uas"].value == pytest.approx(theirs["UAS"].f1, abs=1e-12)
    assert ours["las"].value == pytest.approx(theirs["LAS"].f1, abs=1e-12)
    assert 0 < ours["las"].value < ours["uas"].value < 1


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_the_ud_evaluators_with_multiword_tokens_and_empty_nodes(seed: int, tmp_path: Path) -> None:
    gold = tmp_path / "gold.conllu"
    gold.write_text(MULTIWORD * 10)
    assert_evaluators_agree(gold, tmp_path / "system.conllu", seed)


@pytest.mark.ewt
def test_scores_are_the_ud_evaluators_on_ewt_dev(ewt: Path, tmp_path: Path) -> None:
    assert_evaluators_agree(ewt / "en_ewt-dev.conllu", tmp_path / "system.conllu", seed=0)


@given(trees(2))
def test_the_gold_tree_scores_one_and_a_chain_what_it_shares(heads: list[int]) -> None:
    gold = sentence(heads)
    assert {name: tally.value for name, tally in score_heads([gold], [heads]).items()} == {"uas": 1, "exact_match": 1}
    chain = list(range(-1, len(heads) - 1))
    found = score_heads([gold], [chain])
    assert found["uas"].value == pytest.approx(np.mean([a == b for a, b in zip(heads, chain)]))
    assert found["exact_match"].value == float(heads == chain)


def test_subtypes_count_only_when_asked() -> None:
    gold = sentence([-1, 0], relations=["root", "obl:tmod"])
    predicted = {"heads": [gold.heads], "relations": [("root", "obl")]}
    assert score_heads([gold], **predicted)["las"].value == 1
    assert score_heads([gold], **predicted, subtypes=True)["las"].value == 0.5


def test_punctuation_is_left_out_as_a_dependent() -> None:
    gold = sentence([-1, 0, 0], xpos=["NN", "NN", "."])
    assert score_heads([gold], [[-1, 0, 1]])["uas"].value == 1
    assert score_heads([gold], [[-1, 0, 1]])["exact_match"].value == 1
    assert score_heads([gold], [[-1, 0, 1]], punctuation="none")["uas"].value == pytest.approx(2 / 3)


@given(st.lists(st.integers(-2, 4), min_size=1, max_size=5))
def test_a_prediction_that_is_no_tree_is_refused_with_its_sentence(heads: list[int]) -> None:
    gold = [sentence([-1, 0]), sentence(random_heads(len(heads), 0))]
    if tuple(heads) in all_trees(len(heads)):
        score_heads(gold, [gold[0].heads, heads])
    else:
        with pytest.raises(ValueError, match=rf"sentence 2 \(toy-{len(heads)}\): .*expected"):
            score_heads(gold, [gold[0].heads, heads])


def test_predictions_of_other_lengths_are_refused_with_their_sentence() -> None:
    gold = [sentence([-1, 0]), sentence([-1, 0, 1])]
    with pytest.raises(ValueError, match=r"sentence 2 \(toy-3\): prediction has 2 heads, expected 3"):
        score_heads(gold, [[-1, 0], [-1, 0]])
    with pytest.raises(ValueError, match="1 predictions for 2 gold sentences"):
        score_heads(gold, [[-1, 0]])
    with pytest.raises(ValueError, match=r"sentence 1 \(toy-2\): prediction has 1 relations, expected 2"):
        score_heads(gold, [one.heads for one in gold], relations=[["root"], ["a", "b", "c"]])
    with pytest.raises(ValueError, match="relations of 1 sentences for 2 gold ones"):
        score_heads(gold, [one.heads for one in gold], relations=[["root", "dep"]])


def test_relations_are_scored_by_words_without_subtypes_or_punctuation() -> None:
    """Counted word by word: `obl:tmod` and `obl` are one relation, a full stop is not scored unless asked for."""
    gold = [
        Sentence(
            words=("he", "came", "yesterday", "."), heads=(1, -1, 1, 1),
            relations=("nsubj", "root", "obl:tmod", "punct"), upos=("PRON", "VERB", "NOUN", "PUNCT"),
            xpos=("PRP", "VBD", "NN", "."), space_after=(True,) * 4,
        )
    ]  # fmt: skip
    found = [("nsubj", "obj", "obl", "dep")]
    assert score_relations(gold, found)["relation_accuracy"].value == pytest.approx(2 / 3)
    assert score_relations(gold, found, punctuation="none")["relation_accuracy"].value == pytest.approx(2 / 4)
    assert score_relations(gold, [gold[0].relations])["relation_accuracy"].value == 1
    with pytest.raises(ValueError, match="sentence 1"):
        score_relations(gold, [("nsubj",)])
