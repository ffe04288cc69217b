"""Every family of models: layers, words and attention are where they should be."""

import copy
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.extraction import oracles, zoo
from treeprobe import processor
from treeprobe.extraction import (
    AttentionError,
    CheckpointError,
    Encoder,
    Reading,
    batching,
    edit_attention,
    embedded_checkpoint,
    extract,
    stream_attention,
)
from treeprobe.extraction.peculiarities import Peculiarities

AT_DROPOUTS = ("deberta-v2", "xlnet")
"""Families whose attention is edited at a dropout."""
EDITED = (*zoo.NAMES, "deberta", "mpnet", "roformer", "bloom", "openai-gpt")


@pytest.mark.parametrize("name", zoo.NAMES)
@pytest.mark.parametrize("pooling", ["mean", "first", "last"])
def test_states_equal_those_of_sentences_read_alone(name: str, pooling) -> None:
    encoder = zoo.encoder(name)
    states = extract(encoder, zoo.SENTENCES, reading=Reading(pooling=pooling))
    assert states.layers == tuple(range(4))
    for number, words in enumerate(zoo.SENTENCES):
        expected = oracles.hidden_states(encoder, words, pooling=pooling)
        np.testing.assert_allclose(states.read([number]), expected, atol=2e-6)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_layer_0_knows_no_context_and_the_last_layer_does(name: str) -> None:
    encoder = zoo.encoder(name)
    # The same words at the same places, after another first word; causal models look back only.
    by_length: dict[int, list[str]] = {}
    for word in sorted({word for sentence in zoo.SENTENCES for word in sentence}):
        by_length.setdefault(len(oracles.subwords_of(encoder, [word])[0]["input_ids"]), []).append(word)
    first, other = next(words for words in by_length.values() if len(words) > 1)[:2]
    one, two = extract(encoder, [[first, "the", "food"]]), extract(encoder, [[other, "the", "food"]])
    assert np.array_equal(one.sentence(0, 0)[1:], two.sentence(0, 0)[1:])
    assert np.abs(one.sentence(0, 3)[1:] - two.sentence(0, 3)[1:]).max() > 1e-4


def together_and_apart(encoder: Encoder, sentences, monkeypatch: pytest.MonkeyPatch):
    """States of sentences read in one batch, and of each in a batch of its own."""
    found = []
    for budget in (10_000, 1):
        monkeypatch.setattr(batching, "TOKEN_BUDGET", budget)
        found.append(extract(encoder, sentences).read(slice(None)))
    return found


@pytest.mark.parametrize("name", zoo.NAMES)
def test_states_do_not_depend_on_batch_composition(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    together, apart = together_and_apart(zoo.encoder(name), zoo.SENTENCES, monkeypatch)
    np.testing.assert_allclose(together, apart, atol=2e-6)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("bfloat16", 0.03)])
def test_the_real_models_states_depend_on_the_batch_by_a_small_share_of_their_length(
    dtype, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Encoder.from_pretrained(embedded_checkpoint(), dtype=dtype)
    # The budget is large enough for padding to be cheaper than a second batch.
    sentences = [*zoo.SENTENCES, [word for sentence in zoo.SENTENCES for word in sentence]]
    together, apart = together_and_apart(encoder, sentences, monkeypatch)
    differences = np.linalg.norm(together - apart, axis=-1) / np.linalg.norm(apart, axis=-1)
    assert differences.max() < tolerance


@pytest.mark.parametrize("name", zoo.NAMES)
def test_every_family_computes_in_bfloat16_near_float32(name: str) -> None:
    exact = zoo.encoder(name)
    rounded = Encoder.from_parts(copy.deepcopy(exact.model), exact.tokenizer, name=name, dtype="bfloat16")
    assert rounded.digest == exact.digest
    found, expected = (extract(encoder, zoo.SENTENCES).read(slice(None)) for encoder in (rounded, exact))
    assert (found != expected).any()
    differences = np.linalg.norm(found - expected, axis=-1) / np.linalg.norm(expected, axis=-1)
    assert np.median(differences) < 0.02


def test_extraction_in_slow_bfloat16_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    processor._say_slow.cache_clear()
    monkeypatch.setattr(processor, "multiplies_bfloat16", lambda _: False)
    exact = zoo.encoder("bert")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for dtype in ("float32", "bfloat16", "bfloat16"):
            encoder = Encoder.from_parts(copy.deepcopy(exact.model), exact.tokenizer, name="bert", dtype=dtype)
            extract(encoder, zoo.SENTENCES)
    assert [str(each.message).split(":")[0] for each in told] == ["extraction in bfloat16"]
    assert "slower" in str(told[0].message)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_random_weights_keep_the_architecture_and_follow_the_seed(name: str) -> None:
    encoder = zoo.encoder(name)
    first, again, other = (encoder.with_random_weights(seed) for seed in (0, 0, 1))
    assert first.digest == again.digest
    assert len({encoder.digest, first.digest, other.digest}) == 3
    shapes = {key: value.shape for key, value in encoder.model.state_dict().items()}
    assert {key: value.shape for key, value in first.model.state_dict().items()} == shapes


def test_random_weights_leave_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    zoo.encoder("bert").with_random_weights(3)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", zoo.NAMES)
@pytest.mark.parametrize("level", ["words", "subwords"])
def test_attention_of_real_positions_sums_to_one_and_padding_is_zero(name: str, level) -> None:
    seen = set()
    for batch in stream_attention(zoo.encoder(name), zoo.SENTENCES, level=level):
        assert (batch.leading, batch.trailing) == (zoo.LEADING.get(name, 1), zoo.TRAILING.get(name, 1))
        for row, (index, length) in enumerate(zip(batch.indices, batch.lengths)):
            real = batch.leading + length + batch.trailing
            attention = batch.attention[:, row]
            torch.testing.assert_close(attention[..., :real, :].sum(-1), torch.ones_like(attention[..., :real, 0]))
            assert not attention[..., real:, :].any()
            assert not attention[..., real:].any()
            np.testing.assert_array_equal(batch.unpadded()[int(index)], attention[..., :real, :real].numpy())
            seen.add(int(index))
            if level == "words":
                assert length == len(zoo.SENTENCES[index])
    assert seen == set(range(len(zoo.SENTENCES)))


@pytest.mark.parametrize("name", zoo.NAMES)
def test_word_attention_equals_summing_and_averaging_word_by_word(name: str) -> None:
    encoder = zoo.encoder(name)
    fine = {
        int(i): (b, r)
        for b in stream_attention(encoder, zoo.SENTENCES, level="subwords")
        for r, i in enumerate(b.indices)
    }
    for batch in stream_attention(encoder, zoo.SENTENCES):
        for row, index in enumerate(batch.indices):
            source, source_row = fine[int(index)]
            _, places = oracles.subwords_of(encoder, zoo.SENTENCES[index])
            for query, froms in enumerate(places):
                for key, tos in enumerate(places):
                    expected = source.attention[:, source_row][:, :, froms][..., tos].sum(-1).mean(-1)
                    found = batch.attention[:, row, :, batch.leading + query, batch.leading + key]
                    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", EDITED)
def test_an_edit_that_changes_nothing_changes_no_state(name: str) -> None:
    encoder = zoo.encoder(name)
    before, implementation = extract(encoder, zoo.SENTENCES), encoder.model.config._attn_implementation
    blocks = []

    def keep(block, probabilities, mask):
        blocks.append(block)
        assert mask.dtype == torch.bool
        assert not (probabilities * ~mask).any()
        return probabilities

    with edit_attention(encoder, keep):
        during = extract(encoder, zoo.SENTENCES)
    assert blocks == [0, 1, 2] * (len(blocks) // 3)
    np.testing.assert_allclose(during.read(slice(None)), before.read(slice(None)), atol=2e-5)
    assert encoder.model.config._attn_implementation == implementation


@pytest.mark.parametrize("name", EDITED)
def test_edited_attention_acts_and_is_reported(name: str) -> None:
    encoder = zoo.encoder(name)
    before = extract(encoder, zoo.SENTENCES).read(slice(None))

    def uniform(block, probabilities, mask):
        if block != 1:
            return probabilities
        return mask.float().expand_as(probabilities) / mask.float().sum(-1, keepdim=True)

    with edit_attention(encoder, uniform):
        after = extract(encoder, zoo.SENTENCES).read(slice(None))
        batch = next(iter(stream_attention(encoder, zoo.SENTENCES[:1], level="subwords")))
    np.testing.assert_allclose(before[:2], after[:2], atol=2e-5)
    assert np.abs(before[2] - after[2]).max() > 1e-4
    seen = batch.attention[1, 0, 0]
    torch.testing.assert_close(seen, (seen > 0).float() / (seen > 0).sum(-1, keepdim=True))


def test_models_that_show_no_probabilities_refuse_edits() -> None:
    encoder = zoo.encoder("xlm")
    with (
        pytest.raises(AttentionError, match="neither through transformers' attention interface, as that of BERT"),
        edit_attention(encoder, lambda b, p, m: p),
    ):
        pass
    with (
        pytest.raises(AttentionError, match="MambaModel has no attention heads"),
        edit_attention(zoo.encoder("mamba"), lambda b, p, m: p),
    ):
        pass


@pytest.mark.parametrize(("name", "times"), [("longt5", 0), ("recurrent_gemma", 1), ("nystromformer", 0)])
def test_edits_of_which_a_block_would_see_nothing_are_refused(name: str, times: int) -> None:
    """Of RecurrentGemma's three blocks one attends: an edit would take it for the first."""
    encoder = zoo.encoder(name)
    hooks = sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in encoder.model.modules())
    with (
        edit_attention(encoder, lambda b, p, m: p),
        pytest.raises(
            AttentionError, match=f"showed its attention {times} times in a pass, expected once in each of 3"
        ),
    ):
        extract(encoder, zoo.SENTENCES)
    after = sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in encoder.model.modules())
    assert (after, encoder.under_way.attention_edits) == (hooks, 0)


@pytest.mark.parametrize("name", [*AT_DROPOUTS, "bloom"])
def test_masks_at_a_dropout_are_those_of_the_sentence_and_of_what_came_before(name: str) -> None:
    encoder, seen = zoo.encoder(name), []
    ids = torch.tensor([[5, 9, 12, 30, 3], [5, 41, 8, 0, 0]])
    real = ids > 0
    with edit_attention(encoder, lambda b, p, m: (seen.append((p > 0, m)), p)[1]):
        encoder.hidden_states(ids, real.long())
    assert len(seen) == 3
    for looked, mask in seen:
        assert torch.equal(looked.any(1)[real], mask[:, 0].expand(2, 5, 5)[real])
        assert not mask[1, 0, :3, 3:].any()


@pytest.mark.parametrize("name", ["mobilebert", "convbert", "fnet", "nystromformer"])
def test_models_that_feel_padding_are_given_none(name: str) -> None:
    """Convolutions, Fourier transforms and approximations look behind the mask."""
    encoder = zoo.encoder(name)
    assert encoder.peculiarities.feels_padding
    assert not zoo.encoder("bert").peculiarities.feels_padding
    states = extract(encoder, zoo.SENTENCES)
    for number, words in enumerate(zoo.SENTENCES):
        np.testing.assert_allclose(states.read([number]), oracles.hidden_states(encoder, words), atol=5e-6)
    padded = replace(encoder, peculiarities=Peculiarities())
    wrong = extract(padded, zoo.SENTENCES).read(slice(None))
    assert np.abs(wrong - states.read(slice(None))).max() > 1e-3


def test_layer_0_of_a_model_that_reports_blocks_alone_is_its_embeddings() -> None:
    encoder = zoo.encoder("mamba")
    assert encoder.peculiarities.begins_late
    first, second = (extract(encoder, [[word, "the", "food"]]) for word in ("Keys", "Running"))
    for words, states in ((["Keys", "the", "food"], first), (["Running", "the", "food"], second)):
        encoded, places = oracles.subwords_of(encoder, words)
        embedded = encoder.model.get_input_embeddings()(torch.tensor(encoded["input_ids"]))
        expected = torch.stack([embedded[place].mean(0) for place in places])
        np.testing.assert_allclose(states.sentence(0, 0), expected.detach(), atol=1e-6)
    assert np.array_equal(first.sentence(0, 0)[1:], second.sentence(0, 0)[1:])
    assert not np.allclose(first.sentence(0, 1)[1:], second.sentence(0, 1)[1:], atol=1e-4)


def test_hidden_states_that_are_not_one_for_each_subword_are_refused() -> None:
    with pytest.raises(CheckpointError, match=r"shape \(., 512, 16\) at layer 0, expected \(., .*, 16\)"):
        extract(zoo.encoder("pegasus_x"), zoo.SENTENCES)


@pytest.mark.parametrize("name", ["llama", "modernbert", "gemma2", "xglm", "mixtral"])
def test_float64_is_float64_throughout(name: str) -> None:
    """Families that compute norms, softmax or rotations in float32 whatever they are in."""
    exact = zoo.encoder(name)
    model = copy.deepcopy(exact.model)
    encoder = Encoder.from_parts(model, exact.tokenizer, name=name, dtype="float64")
    reading = Reading(storage="float64")
    together = extract(encoder, zoo.SENTENCES, reading=reading).read_stored(slice(None))
    assert together.dtype == torch.float64
    apart = torch.cat([extract(encoder, [one], reading=reading).read_stored(slice(None)) for one in zoo.SENTENCES], 1)
    torch.testing.assert_close(together, apart, rtol=0, atol=1e-12)
    rounded = extract(exact, zoo.SENTENCES).read(slice(None))
    assert 1e-9 < np.abs(together.numpy() - rounded).max() < 1e-4


def test_the_model_is_switched_back_after_a_failing_edit() -> None:
    encoder = zoo.encoder("bert")
    before = extract(encoder, zoo.SENTENCES).read(slice(None))
    with pytest.raises(ValueError, match="shape"), edit_attention(encoder, lambda b, p, m: p[..., :-1]):
        extract(encoder, zoo.SENTENCES)
    assert np.array_equal(extract(encoder, zoo.SENTENCES).read(slice(None)), before)
    assert not encoder.model._forward_pre_hooks


@pytest.mark.parametrize("name", ["bert", "deberta-v2"])
def test_nested_edits_act_one_at_a_time(name: str) -> None:
    outer, inner, encoder = [], [], zoo.encoder(name)
    with edit_attention(encoder, lambda b, p, m: (outer.append(b), p)[1]):
        with edit_attention(encoder, lambda b, p, m: (inner.append(b), p)[1]):
            extract(encoder, zoo.SENTENCES[:1])
        assert (outer, inner) == ([], [0, 1, 2])
        extract(encoder, zoo.SENTENCES[:1])
    assert (outer, inner) == ([0, 1, 2], [0, 1, 2])


@pytest.mark.parametrize("name", [name for name in zoo.NAMES if name != "albert"])
@pytest.mark.parametrize("site", ["attention", "mlp"])
def test_sites_hold_what_a_block_adds_to_the_residual_stream(name: str, site) -> None:
    encoder = zoo.encoder(name)
    hidden = extract(encoder, zoo.SENTENCES)  # transformers leaves hooks of its own at the first call
    hooks = [list(module._forward_hooks) for module in encoder.model.modules()]
    states = extract(encoder, zoo.SENTENCES, reading=Reading(site=site))
    assert states.layers == (1, 2, 3)
    assert [list(module._forward_hooks) for module in encoder.model.modules()] == hooks
    if name in ("gpt2", "llama", "t5", "modernbert"):  # before the normalisation: block = input + attention + mlp
        other = extract(encoder, zoo.SENTENCES, reading=Reading(site="mlp" if site == "attention" else "attention"))
        for layer in (1, 2):
            added = states.read(slice(None), [layer]) + other.read(slice(None), [layer])
            step = hidden.read(slice(None), [layer]) - hidden.read(slice(None), [layer - 1])
            np.testing.assert_allclose(added, step, atol=1e-5)
    elif site == "mlp":  # after it: LayerNorm(x + mlp(x)) is not mlp(x), but is what its parameters make of the sum
        assert not np.allclose(states.read(slice(None), [3]), hidden.read(slice(None), [3]), atol=1e-3)


def test_sites_of_blocks_that_share_weights_are_refused() -> None:
    with pytest.raises(ValueError, match=r"has no mlp output .* one for each of 3 blocks"):
        extract(zoo.encoder("albert"), zoo.SENTENCES, reading=Reading(site="mlp"))


def test_sites_of_bert_are_the_inputs_of_its_layer_norms(minilm: Encoder) -> None:
    hidden, attention, mlp = (
        extract(minilm, zoo.SENTENCES, reading=Reading(site=site)) for site in ("hidden", "attention", "mlp")
    )
    block = minilm.model.encoder.layer[2]
    norm_after_attention, norm_after_mlp = block.attention.output.LayerNorm, block.output.LayerNorm
    # Words of one subword, where pooling does nothing.
    whole = [len(place) == 1 for words in zoo.SENTENCES for place in oracles.subwords_of(minilm, words)[1]]
    assert sum(whole) > 20
    read = [
        torch.from_numpy(s.read(slice(None), [n])[0])[whole]
        for s, n in ((hidden, 2), (attention, 3), (mlp, 3), (hidden, 3))
    ]
    with torch.no_grad():
        found = norm_after_mlp(norm_after_attention(read[0] + read[1]) + read[2])
    torch.testing.assert_close(found, read[3], atol=1e-5, rtol=1e-4)
