"""Edits of hidden states in every family: what changes and what does not, for which words, and always undone."""

from typing import get_args

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM

from tests.extraction import zoo
from treeprobe.extraction import (
    EditError,
    Encoder,
    Reading,
    alignment,
    batching,
    edit_attention,
    edit_states,
    extract,
    hidden_states,
    masked_lm_loss,
    on_words,
    stream_attention,
)
from treeprobe.extraction.attention_inputs import HeadSite
from treeprobe.extraction.batching import Batcher, cut_windows
from treeprobe.extraction.hooks import SITES, SiteError, has_site, site_layers
from treeprobe.extraction.text import Text

EDITED_SITES = tuple(site for site in SITES if site not in get_args(HeadSite))
TEXT = [*zoo.SENTENCES, ["Keys", "unfortunately", "remembered"]]


def states_of(encoder: Encoder, **reading) -> np.ndarray:
    """(layers, words of the text, dim)"""
    return extract(encoder, TEXT, reading=Reading(**reading)).read(range(len(TEXT)))


def whole_output(encoder: Encoder):
    """Everything that the model returns for a batch, and the batch."""
    batcher = Batcher(encoder)
    aligned = batcher.align(Text(TEXT))
    windows = cut_windows(aligned, None)
    ((_, batch),) = batcher.batches(aligned, windows, np.arange(len(TEXT)))
    with torch.inference_mode():
        output = encoder.run(
            batch.input_ids,
            batch.attention_mask,
            batch.token_type_ids,
            places=batch.places,
            output_hidden_states=True,
        )
    return output, batch


def identity(_layer, states, _places):
    return states


@pytest.mark.parametrize("at", ["words", "tokens", "positions"])
@pytest.mark.parametrize("name", zoo.NAMES)
def test_the_identity_changes_no_bit(name: str, at) -> None:
    encoder = zoo.encoder(name)
    intact, _ = whole_output(encoder)
    for site in (site for site in EDITED_SITES if has_site(encoder, site)):
        with edit_states(encoder, identity, site=site, at=at):
            edited, _ = whole_output(encoder)
        assert edited.keys() == intact.keys()
        assert torch.equal(edited.last_hidden_state, intact.last_hidden_state)
        assert all(map(torch.equal, edited.hidden_states, intact.hidden_states))
    with edit_states(encoder, on_words(lambda _layer, vectors, _sentences, _words: vectors)):
        edited, _ = whole_output(encoder)
    assert all(map(torch.equal, edited.hidden_states, intact.hidden_states))


@pytest.mark.parametrize("name", zoo.NAMES)
def test_a_constant_moves_its_layer_by_exactly_itself_later_layers_somehow_and_earlier_ones_not(name: str) -> None:
    """At words alone; the model's own report and what leaves it agree."""
    encoder = zoo.encoder(name)
    intact, batch = whole_output(encoder)
    words = batch.places.words >= 0
    shift = torch.linspace(-1, 1, encoder.dim)
    for layer in encoder.layers:
        with edit_states(encoder, lambda _layer, states, _places: states + shift, layers=layer):
            edited, _ = whole_output(encoder)
        for other, (before, after) in enumerate(zip(intact.hidden_states, edited.hidden_states, strict=True)):
            if other < layer:
                assert torch.equal(after, before)
            elif other > layer:
                assert not torch.allclose(after[words], before[words], atol=1e-3)
            else:
                assert torch.equal(after, torch.where(words[..., None], before + shift, before))
        assert torch.equal(edited.hidden_states[-1], edited.last_hidden_state)
    again, _ = whole_output(encoder)
    assert all(map(torch.equal, again.hidden_states, intact.hidden_states))


@pytest.mark.parametrize("name", zoo.NAMES)
def test_a_text_given_the_states_of_another_goes_on_as_the_other(name: str) -> None:
    """Nothing passes by an edit: with every position of a layer replaced, all later layers are the other text's."""
    encoder = zoo.encoder(name)
    here, there = (
        torch.tensor([[2, 9, 12, 30, 3], [2, 41, 8, 3, 0]]),
        torch.tensor([[2, 25, 17, 19, 3], [2, 5, 6, 3, 0]]),
    )
    mask = (here > 0).long()
    source = encoder.hidden_states(there, mask)
    for layer in encoder.layers:
        with edit_states(encoder, lambda at, _states, _places: source[at], layers=layer, at="positions"):
            found = encoder.hidden_states(here, mask)
        assert all(map(torch.equal, found[layer:], source[layer:]))
        assert not any(map(torch.equal, found[:layer], source[:layer]))


@pytest.mark.parametrize("name", zoo.NAMES)
def test_every_site_that_extract_reads_is_edited_where_it_is_read(name: str) -> None:
    encoder = zoo.encoder(name)
    for site in (site for site in EDITED_SITES if has_site(encoder, site)):
        layer = site_layers(encoder, site)[-1]
        before, hidden = states_of(encoder, site=site, layers=[layer]), states_of(encoder)
        # A constant that is the same in every dimension would not outlive a LayerNorm.
        shift = torch.linspace(0, 1, before.shape[-1])
        with edit_states(encoder, lambda _layer, states, _places, by=shift: states + by, site=site, layers=layer):
            after, later = states_of(encoder, site=site, layers=[layer]), states_of(encoder)
        np.testing.assert_allclose(after, before + shift.numpy(), atol=1e-6)
        assert np.abs(later[layer:] - hidden[layer:]).max(axis=(1, 2)).min() > 1e-3
        assert np.array_equal(later[:layer], hidden[:layer])


@pytest.mark.parametrize("name", ["bert", "gpt2", "xlnet"])
@pytest.mark.parametrize("budget", [1, 30, 1024])
def test_edits_know_every_word_of_every_sentence(name: str, budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However sentences are batched, in memory as in shards: each word is moved by a vector of its own."""
    monkeypatch.setattr(batching, "TOKEN_BUDGET", budget)
    monkeypatch.setattr(hidden_states, "SHARD_NUMBERS", 600)
    encoder = zoo.encoder(name)
    starts = np.cumsum([0, *map(len, TEXT)])
    moves = np.random.default_rng(0).normal(size=(starts[-1], encoder.dim)).astype(np.float32)

    def move(_layer, vectors, sentences, words):
        return vectors + torch.from_numpy(moves[starts[sentences.numpy()] + words.numpy()])

    before = states_of(encoder, layers=[2])
    with edit_states(encoder, on_words(move), layers=2):
        after = states_of(encoder, layers=[2])
    np.testing.assert_allclose(after - before, moves[None], atol=1e-5)


def test_words_of_a_batch_are_those_of_the_alignment() -> None:
    """A subword of two words is the first's; special tokens and padding are nobody's."""
    encoder = zoo.encoder("bert")
    batcher = Batcher(encoder)
    aligned = batcher.align(Text(TEXT))
    windows = cut_windows(aligned, 6)
    seen = set()
    for chosen, batch in batcher.batches(aligned, windows, np.arange(len(windows.starts)), first_sentence=10):
        leading = len(batcher.specials.leading)
        for row, window in enumerate(chosen):
            sentence, start, end = windows.sentences[window], windows.starts[window], windows.ends[window]
            assert batch.places.sentences[row] == 10 + sentence
            words = batch.places.words[row].tolist()
            for subword in range(start, end):
                owners = aligned.link_words[aligned.link_subwords == subword]
                expected = int(owners.min()) - aligned.word_bounds[sentence]
                assert words[leading + subword - start] == expected
                seen.add((sentence, expected))
            rest = words[:leading] + words[leading + end - start :]
            assert set(rest) == {-1}
    assert len(seen) == sum(map(len, TEXT))
    whole = max((token for token in zoo.wordpiece().get_vocab() if token.isalpha()), key=len)  # one subword
    unspaced = alignment.Aligner(encoder.tokenizer)([["keys"], [whole[:1], whole[1:]]], [[True], [False, False]])
    assert unspaced.shared.tolist() == [1, 2]
    firsts = [int(unspaced.link_words[unspaced.link_subwords == one].min()) for one in range(len(unspaced.ids))]
    assert unspaced.first_words.tolist() == [max(first - 1, 0) for first in firsts]  # in the second sentence


def test_special_tokens_and_padding_are_edited_only_when_asked() -> None:
    encoder = zoo.encoder("bert")
    intact, batch = whole_output(encoder)
    real, words = batch.attention_mask.bool(), batch.places.words >= 0
    assert (real & ~words).any()
    assert (~real).any()
    for at, mask in {"words": words, "tokens": real, "positions": torch.ones_like(real)}.items():
        with edit_states(encoder, lambda _layer, states, _places: states + 1, layers=1, at=at):
            edited, _ = whole_output(encoder)
        moved = (edited.hidden_states[1] != intact.hidden_states[1]).any(-1)
        assert torch.equal(moved, mask), at


@pytest.mark.parametrize("name", ["bert", "gpt2", "albert"])
def test_nested_edits_act_in_the_order_in_which_they_were_entered(name: str) -> None:
    encoder = zoo.encoder(name)
    for layer in encoder.layers:
        before = states_of(encoder, layers=[layer])
        with edit_states(encoder, lambda _layer, states, _places: states + 1, layers=layer):
            with edit_states(encoder, lambda _layer, states, _places: states * 3, layers=layer):
                both = states_of(encoder, layers=[layer])
            outer = states_of(encoder, layers=[layer])
        np.testing.assert_allclose(both, (before + 1) * 3, atol=1e-5)
        np.testing.assert_allclose(outer, before + 1, atol=1e-6)
        assert np.array_equal(states_of(encoder, layers=[layer]), before)


@pytest.mark.parametrize("name", zoo.NAMES)
def test_an_edit_is_undone_when_it_fails(name: str) -> None:
    encoder = zoo.encoder(name)
    before = states_of(encoder)
    hooks = sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in encoder.model.modules())
    with pytest.raises(ZeroDivisionError), edit_states(encoder, lambda *_: 1 / 0):
        states_of(encoder)
    assert np.array_equal(states_of(encoder), before)
    assert encoder.under_way.edits == 0
    assert encoder.under_way.places is None
    after = sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in encoder.model.modules())
    assert after == hooks


def test_edits_act_on_attention_and_on_the_loss_together_with_edits_of_attention() -> None:
    encoder = zoo.encoder("bert")

    def attention():
        return next(iter(stream_attention(encoder, TEXT))).attention

    before = attention()
    with edit_states(encoder, lambda _layer, states, _places: -states, layers=1):
        after = attention()
        with edit_attention(encoder, lambda _block, weights, _mask: torch.zeros_like(weights)):
            assert not attention().any()
        assert torch.equal(attention(), after)
    assert torch.equal(after[0], before[0])  # the first block reads layer 0
    assert not torch.allclose(after[1], before[1], atol=1e-3)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForMaskedLM.from_config(encoder.model.config)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.data.normal_(std=0.3)
    speaker = Encoder.from_parts(model, zoo.fast(zoo.wordpiece(), mask_token="[MASK]"), name="speaker")
    whole = masked_lm_loss(speaker, TEXT)
    for layer in speaker.layers:
        with edit_states(speaker, identity, layers=layer):
            assert masked_lm_loss(speaker, TEXT) == whole
        with edit_states(speaker, lambda _layer, states, _places: torch.zeros_like(states), layers=layer):
            assert abs(masked_lm_loss(speaker, TEXT) - whole) > 1e-3


def test_a_condition_takes_as_many_forward_passes_as_no_edit() -> None:
    encoder, passes = zoo.encoder("bert"), []
    hook = encoder.model.register_forward_hook(lambda *_: passes.append(1))
    states_of(encoder)
    unedited = len(passes)
    for layer in encoder.layers:
        with edit_states(encoder, lambda _layer, states, _places: -states, layers=layer):
            states_of(encoder)
    hook.remove()
    assert len(passes) == unedited * (1 + len(encoder.layers))


def test_edits_that_the_model_cannot_go_on_with_are_refused_with_their_place() -> None:
    encoder = zoo.encoder("bert")

    def broken(_layer, states, places):
        at = (places.sentences[:, None] == 3) & (places.words == 2)
        return torch.where(at[..., None], torch.nan, states)

    with (
        edit_states(encoder, broken, layers=2),
        pytest.raises(EditError, match=r"layer 2 of sentence 4: an edit.* at word 3;"),
    ):
        states_of(encoder)
    with (
        edit_states(encoder, lambda _layer, states, _places: states[..., 1:], layers=2),
        pytest.raises(EditError, match=r"layer 2: an edit returned shape .*, 15\), expected .*, 16\)"),
    ):
        states_of(encoder)
    with (
        edit_states(encoder, on_words(lambda _layer, vectors, _sentences, _words: vectors[1:]), layers=2),
        pytest.raises(EditError, match="layer 2: an edit returned shape"),
    ):
        states_of(encoder)
    with edit_states(encoder, identity, layers=2), pytest.raises(EditError, match="which positions hold them"):
        encoder.model(input_ids=torch.tensor([[2, 9, 3]]))
    with edit_states(encoder, identity, layers=2, at="tokens"):
        encoder.model(input_ids=torch.tensor([[2, 9, 3]]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 4}, "has layers 0 to 3 at site hidden, found \\[4\\]"),
        ({"layers": []}, "found none to edit"),
        ({"layers": 0, "site": "mlp"}, "has layers 1 to 3 at site mlp"),
        ({"site": "head"}, "site must be one of hidden"),
        ({"at": "subwords"}, "at must be one of words"),
    ],
)
def test_edits_of_what_is_not_there_are_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message), edit_states(zoo.encoder("bert"), identity, **options):
        pass


def test_sites_that_a_model_lacks_and_inputs_read_beside_the_blocks_are_refused(monkeypatch) -> None:
    with (
        pytest.raises(SiteError, match="no position output"),
        edit_states(zoo.encoder("t5"), identity, site="position"),
    ):
        pass
    encoder = zoo.encoder("deberta-v2")
    monkeypatch.setattr(encoder.model.encoder, "conv", torch.nn.Identity())
    with pytest.raises(SiteError, match="convolution"), edit_states(encoder, identity):
        pass


def test_edited_states_are_not_kept_in_a_cache(tmp_path) -> None:
    encoder = zoo.encoder("bert")
    with edit_states(encoder, identity), pytest.raises(ValueError, match="is being edited"):
        extract(encoder, TEXT, cache=tmp_path)
    with edit_attention(encoder, lambda _b, weights, _m: weights), pytest.raises(ValueError, match="is being edited"):
        extract(encoder, TEXT, cache=tmp_path)
    assert not list(tmp_path.iterdir())
