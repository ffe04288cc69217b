"""Heads that begin at the neighbours of a subword, in a BERT that is otherwise as BERT draws it."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

from treeprobe.parsing import Sentence
from treeprobe.training import PretrainingError, PretrainingOptions, pretrain
from treeprobe.training.neighbour_heads import start_at_neighbours


def attention(*, neighbours: bool) -> np.ndarray:
    """(layers, heads, positions, positions): what a new BERT attends to in a sentence of random words."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50, hidden_size=128, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=24, attn_implementation="eager",
    )  # fmt: skip
    model = BertForMaskedLM(config).eval()
    if neighbours:
        start_at_neighbours(model)
    with torch.no_grad():
        found = model.bert(torch.randint(5, 50, (1, 20)), output_attentions=True).attentions
    return torch.stack(found)[:, 0].numpy()


def sentence_of(words: list[str]) -> Sentence:
    """A sentence of these words, with a tree that nothing here looks at."""
    count = len(words)
    return Sentence(
        words=tuple(words), heads=tuple(range(-1, count - 1)), relations=("root", *["dep"] * (count - 1)),
        upos=("X",) * count, xpos=("X",) * count, space_after=(True,) * count, identifier="s",
    )  # fmt: skip


def test_each_head_begins_at_a_distance_of_its_own() -> None:
    weights = attention(neighbours=True)
    for head, distance in enumerate([-1, 1, -2, 2]):
        for layer in weights:
            inside = [place for place in range(20) if 0 <= place + distance < 20]
            assert np.mean([layer[head, place, place + distance] for place in inside]) > 0.6


def test_without_it_a_new_bert_attends_to_everything_alike() -> None:
    assert attention(neighbours=False).max() < 0.2


def test_a_model_that_begins_so_uses_the_context_sooner(tmp_path: Path) -> None:
    # Each word is followed by the one partner that it has, so that a neighbour says which word is masked.
    generator = np.random.default_rng(0)
    partners = [(f"{letter}a", f"{letter}o") for letter in "bcdfghjklmnprstvwxz"]
    text = [
        " ".join(word for place in generator.integers(len(partners), size=8) for word in partners[place])
        for _ in range(300)
    ]
    sentences = [sentence_of(line.split()) for line in text]
    sizes = {"layers": 1, "dim": 64, "heads": 2, "vocabulary_size": 100, "batch_size": 16}
    last = {}
    for neighbours in (False, True):
        options = PretrainingOptions(
            steps=200, save_steps=(200,), next_sentence=False, neighbour_heads=neighbours, learning_rate=3e-3, **sizes
        )
        run = pretrain(sentences, tmp_path / str(neighbours), options=options, progress=False)
        losses = json.loads((run / "training.json").read_text())["losses"]
        values = losses["language_model"] if isinstance(losses, dict) else losses
        last[neighbours] = float(np.mean(values[-20:]))
    assert last[True] < last[False] - 0.5


@pytest.mark.parametrize("heads", [1, 2, 8])
def test_words_keep_most_dimensions_whatever_the_heads_are(heads: int) -> None:
    sizes = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": heads, "intermediate_size": 64}
    model = BertForMaskedLM(BertConfig(vocab_size=50, max_position_embeddings=24, **sizes))
    start_at_neighbours(model)
    embeddings = model.bert.embeddings
    words, positions = (
        table.weight[1:].abs().sum(0) > 0 for table in (embeddings.word_embeddings, embeddings.position_embeddings)
    )
    assert 8 <= positions.sum() <= 16
    assert (words ^ positions).all()


@pytest.mark.parametrize("changes", [{"position_code": "none"}, {"dim": 8, "heads": 4}])
def test_it_needs_learned_positions_and_heads_that_hold_a_sine(changes: dict[str, object]) -> None:
    with pytest.raises(PretrainingError, match="neighbour_heads"):
        PretrainingOptions(neighbour_heads=True, **changes)
