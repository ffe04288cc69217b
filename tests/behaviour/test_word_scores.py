"""Words' log-probabilities beside one forward pass at a time, and by what probabilities have to be."""

from itertools import product

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel

from tests.behaviour import word_by_word
from tests.behaviour.conftest import MASKED, NEXT, speaker
from tests.extraction import zoo
from treeprobe.behaviour import word_scores
from treeprobe.behaviour.word_starts import first_token, word_starts
from treeprobe.extraction import (
    CheckpointError,
    Encoder,
    LanguageModel,
    batching,
    edit_attention,
    edit_states,
    on_words,
)

NATURAL = [[*([True] * (len(sentence) - 2)), False, False][-len(sentence) :] for sentence in zoo.SENTENCES]


@pytest.mark.parametrize("name", MASKED)
def test_pseudo_log_likelihoods_are_those_of_one_masked_subword_at_a_time(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = speaker(name)
    expected = [word_by_word.masked_scores(model, sentence) for sentence in zoo.SENTENCES]
    for budget in (40, 1024):
        monkeypatch.setattr(batching, "TOKEN_BUDGET", budget)
        found = word_scores(model, zoo.SENTENCES)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, atol=2e-5)
    natural = word_scores(model, zoo.SENTENCES, space_after=NATURAL)
    for one, sentence, after in zip(natural, zoo.SENTENCES, NATURAL, strict=True):
        np.testing.assert_allclose(one, word_by_word.masked_scores(model, sentence, after), atol=2e-5)


def test_later_subwords_of_a_word_are_masked_with_it() -> None:
    """With the later subwords left to see, a word of several subwords has another score."""
    model = speaker("bert")
    encoder, word = model.encoder, "unreadable"
    ids = encoder.tokenizer(word, return_tensors="pt")["input_ids"]
    assert ids.shape[1] > 3
    naive = 0.0
    for place in range(1, ids.shape[1] - 1):
        masked = ids.clone()
        masked[0, place] = encoder.tokenizer.mask_token_id
        naive += float(encoder.model(masked).logits[0, place].log_softmax(-1)[ids[0, place]])
    assert abs(word_scores(model, [[word]])[0][0] - naive) > 1e-3


@pytest.mark.parametrize("name", NEXT)
def test_left_to_right_scores_are_those_of_one_token_at_a_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = speaker(name)
    tokens = model.encoder.tokenizer.convert_ids_to_tokens(range(len(model.encoder.tokenizer)))
    mark = {"spm-llama": "▁"}.get(name, "Ġ")
    if name == "left-to-right-bert":
        starts = {number for number, token in enumerate(tokens) if not token.startswith("##")}
    else:
        spaces = (mark, "Ċ", "ĉ", "č") if mark == "Ġ" else (mark,)
        starts = {number for number, token in enumerate(tokens) if token.startswith(spaces)}
        starts |= {number for number, token in enumerate(tokens) if token in zoo.SPECIALS and token != "[MASK]"}
    assert set(np.flatnonzero(word_starts(model.encoder))) == starts
    first = tokens.index("[CLS]")
    for spaces_after in (None, NATURAL):
        expected = [
            word_by_word.left_to_right_scores(
                model, sentence, first=first, starts=starts, space_after=None if spaces_after is None else after
            )
            for sentence, after in zip(zoo.SENTENCES, NATURAL)
        ]
        for budget in (1, 1024):
            monkeypatch.setattr(batching, "TOKEN_BUDGET", budget)
            found = word_scores(model, zoo.SENTENCES, space_after=spaces_after)
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_allclose(one, other, atol=5e-5)


@pytest.mark.parametrize("name", NEXT)
def test_words_sum_to_the_log_probability_of_the_sentence_and_its_end(name: str) -> None:
    """The chain rule: what words lend one another cancels out."""
    model = speaker(name)
    encoder = model.encoder
    starts = torch.from_numpy(np.flatnonzero(word_starts(encoder)))
    for sentence, scores in zip(zoo.SENTENCES, word_scores(model, zoo.SENTENCES), strict=True):
        ids = encoder.tokenizer(" ".join(sentence), add_special_tokens=False)["input_ids"]
        log_p = encoder.model(torch.tensor([[encoder.tokenizer.bos_token_id, *ids]])).logits[0].log_softmax(-1)
        chain = sum(float(log_p[place, token]) for place, token in enumerate(ids))
        assert scores.sum() == pytest.approx(chain + float(log_p[-1, starts].logsumexp(0)), abs=1e-3)


@pytest.fixture(scope="module")
def two_letters() -> LanguageModel:
    """A GPT-2 over words of the letters a and b: each word has one tokenization, and most have few letters."""
    vocabulary = {token: number for number, token in enumerate(("[CLS]", "[PAD]", "Ġ", "a", "b", "Ġa", "Ġb"))}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[("Ġ", "a"), ("Ġ", "b")]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    torch.manual_seed(0)
    shape = {"n_embd": 8, "n_layer": 2, "n_head": 2, "n_positions": 40}
    model = GPT2LMHeadModel(GPT2Config(vocab_size=len(vocabulary), bos_token_id=0, eos_token_id=0, **shape))
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.data.normal_(std=0.5)
    # A lone space or padding is never predicted, another letter of the same word seldom.
    bias = torch.tensor([0.0, -1e4, -1e4, -3.0, -3.0, 0.0, 0.0])
    model.lm_head.register_forward_hook(lambda _module, _inputs, logits: logits + bias)
    encoder = Encoder.from_parts(model, zoo.fast(backend, bos_token="[CLS]"), name="two letters")
    return LanguageModel(encoder, "next")


def test_the_probabilities_of_all_words_that_may_follow_sum_to_one(two_letters: LanguageModel) -> None:
    """Every word of up to six letters is tried, and the end of the text; longer words are improbable."""
    words = ["".join(letters) for length in range(1, 7) for letters in product("ab", repeat=length)]
    sentences = [["ab", "b", word] for word in words]
    total = np.exp([scores[-1] for scores in word_scores(two_letters, sentences)]).sum()
    encoder = two_letters.encoder
    context = [0, *encoder.tokenizer("ab b")["input_ids"]]
    after = word_by_word.next_token(two_letters, context)
    ended = float(after[0].exp() / after[torch.from_numpy(word_starts(encoder)[:7])].exp().sum())
    assert total + ended == pytest.approx(1, abs=1e-4)
    # Without the correction, the probabilities do not sum to one.
    naive = 0.0
    for sentence in sentences:
        ids = [0, *encoder.tokenizer(" ".join(sentence))["input_ids"]]
        log_p = encoder.model(torch.tensor([ids])).logits[0].log_softmax(-1)
        begins = len(ids) - len(sentence[-1])
        naive += np.exp(sum(float(log_p[place - 1, ids[place]]) for place in range(begins, len(ids))))
    assert abs(naive + ended - 1) > 0.02


def test_only_the_words_asked_for_are_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    run = Encoder.run
    monkeypatch.setattr(
        Encoder, "run", lambda self, ids, *rest, **more: (passes.append(len(ids)), run(self, ids, *rest, **more))[1]
    )
    for name in ("bert", "gpt2"):
        model = speaker(name)
        whole = word_scores(model, zoo.SENTENCES)
        passes.clear()
        chosen = word_scores(model, zoo.SENTENCES, places=[[1], [], [], [2, 3]])
        assert sum(passes) < 12
        np.testing.assert_allclose(chosen[0][1], whole[0][1], atol=1e-5)
        np.testing.assert_allclose(chosen[3][2:4], whole[3][2:4], atol=1e-5)
        assert np.isnan(np.concatenate(chosen)).sum() == sum(map(len, zoo.SENTENCES)) - 3


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_edits_of_attention_act_on_the_scores(name: str) -> None:
    model = speaker(name)
    intact = np.concatenate(word_scores(model, zoo.SENTENCES))
    with edit_attention(model.encoder, lambda _block, weights, _mask: torch.zeros_like(weights)):
        edited = np.concatenate(word_scores(model, zoo.SENTENCES))
    assert np.abs(edited - intact).max() > 1e-2
    np.testing.assert_array_equal(np.concatenate(word_scores(model, zoo.SENTENCES)), intact)


@pytest.mark.parametrize("name", [*MASKED, *NEXT])
def test_edits_of_states_act_on_the_scores_of_the_words_that_they_choose(name: str) -> None:
    """At every layer: the identity changes no bit, and an edit of the third sentence leaves all others alone."""
    model = speaker(name)
    whole = word_scores(model, zoo.SENTENCES)
    shift = torch.linspace(-2, 2, model.encoder.dim)

    def third(_layer, vectors, sentences, _words):
        return vectors + shift * (sentences == 2)[:, None]

    for layer in model.encoder.layers:
        with edit_states(model.encoder, lambda _layer, states, _places: states, layers=layer):
            assert all(map(np.array_equal, word_scores(model, zoo.SENTENCES), whole))
        with edit_states(model.encoder, on_words(third), layers=layer):
            edited = word_scores(model, zoo.SENTENCES)
        moved = [not np.allclose(one, other, atol=1e-6) for one, other in zip(edited, whole, strict=True)]
        assert moved == [False, False, True, False], layer


def test_words_without_subwords_have_no_score_and_add_nothing() -> None:
    for name in ("bert", "gpt2"):
        with_empty, without = word_scores(speaker(name), [["The", "", "chef"], ["The", "chef"]])
        assert np.isnan(with_empty[1])
        np.testing.assert_allclose(with_empty[[0, 2]], without, atol=1e-5)


def test_what_cannot_be_scored_is_named() -> None:
    model = speaker("bert")
    with pytest.raises(ValueError, match="sentence 2 has 100 subwords and 2 special tokens; bert takes at most 64"):
        word_scores(model, [["keys"], ["the"] * 100])
    with pytest.raises(ValueError, match="sentence 1 has 1 words, but places asks for word 2"):
        word_scores(model, [["keys"]], places=[[1]])
    with pytest.raises(ValueError, match="places covers 2 sentences, expected 1"):
        word_scores(model, [["keys"]], places=[[0], [0]])
    assert word_scores(model, []) == []
    beginless = Encoder.from_parts(zoo.encoder("gpt2").model, zoo.fast(zoo.byte_level("")), name="gpt2")
    assert first_token(beginless) == 2
    model_of_words = Tokenizer(models.BPE(vocab={"a": 0, "b": 1}, merges=[]))
    unmarked = Encoder.from_parts(zoo.encoder("gpt2").model, zoo.fast(model_of_words), name="gpt2")
    with pytest.raises(CheckpointError, match="does not mark where words begin"):
        word_starts(unmarked)
