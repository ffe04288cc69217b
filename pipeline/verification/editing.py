"""What edits do to a model, beside what the plain loop says that they must."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from treeprobe.extraction import AttentionError, StateEdit, edit_attention, edit_states
from treeprobe.extraction.hooks import SiteError
from treeprobe.extraction.places import NO_WORD, Places
from treeprobe.pipeline.verification.checks import SHARP, Check, Largest
from treeprobe.pipeline.verification.plain import PlainSentence
from treeprobe.pipeline.verification.reading import Pair


def check_edits_of_states(pair: Pair) -> Check:
    """Whether a sentence that is given the states of another at a layer goes on as the other, in every layer.

    All that the plain loop has of the other sentence must come out, and before the layer all that it has of the
    sentence itself: so nothing passes by an edit, and nothing else is edited.
    """
    compared = "a sentence given another's states at each layer with the other, as transformers goes on with it"
    here, there = _turned(pair)
    largest = Largest()
    refused: dict[int, str] = {}
    for layer in pair.encoder.layers:
        source = torch.from_numpy(there.states[layer])[None]
        try:
            with edit_states(pair.encoder, _putting(source), layers=layer, at="positions"):
                found = _states(pair, here.ids, here.segments)
        except SiteError as error:
            refused[layer] = str(error)
            continue
        for number, states in enumerate(found):
            expected = (there if number >= layer else here).states[number]
            largest.add(states, expected, f"layer {number} after an edit of layer {layer}")
    if len(refused) == len(pair.encoder.layers):
        return Check(name="edits of states", compared=compared, number=pair.number, refusal=refused[0])
    note = ""
    if refused:
        numbers = ", ".join(map(str, refused))
        note = f"layer{'s' * (len(refused) > 1)} {numbers} refused: {next(iter(refused.values()))}"
    return largest.check("edits of states", compared, pair.number, note=note)


def _putting(source: Tensor) -> StateEdit:
    """An edit that puts other states, (1, positions, dim), in the place of all."""

    def put(_layer: int, _states: Tensor, _places: Places) -> Tensor:
        return source

    return put


def check_edits_of_attention(pair: Pair) -> Check:
    """Whether edits see what transformers reports, change nothing where they return it, and act where they do not.

    They act if a word that can attend to itself alone, in every block, does not know the words before and after it.
    """
    compared = "probabilities given to an edit, and states with an edit that returns them, with transformers'"
    longest = max(pair.expected, key=lambda one: len(one.ids))
    largest = Largest()

    def keep(block: int, probabilities: Tensor, _mask: Tensor) -> Tensor:
        if block >= len(longest.attention):
            largest.add(np.zeros(0), np.zeros(1), f"block {block + 1}, which transformers does not report")
        else:
            largest.add(probabilities[0].cpu().numpy(), longest.attention[block], f"block {block + 1}")
        return probabilities

    try:
        with edit_attention(pair.encoder, keep):
            found = _states(pair, longest.ids, longest.segments)
    except AttentionError as error:
        return Check(name="edits of attention", compared=compared, number=pair.number, refusal=str(error))
    for layer, states in enumerate(found):
        largest.add(states, longest.states[layer], f"layer {layer}")
    acts, note = _isolates(pair, longest)
    if not acts:
        largest.value, largest.place = np.inf, "an edit changes nothing"
    return largest.check("edits of attention", compared, pair.number, note=note)


def _isolates(pair: Pair, sentence: PlainSentence) -> tuple[bool, str]:
    """Whether an edit acts at all, and what is left of other words where every head attends to itself alone."""

    def alone(_block: int, probabilities: Tensor, _mask: Tensor) -> Tensor:
        return torch.eye(probabilities.shape[-1]).to(probabilities).expand_as(probabilities)

    other = list(sentence.ids)
    changed = sentence.special.index(False)
    other[changed] = next(one for one in reversed(sentence.ids) if one != sentence.ids[changed])
    with edit_attention(pair.encoder, alone):
        one, two = (_states(pair, ids, sentence.segments) for ids in (sentence.ids, other))
    acts = float(np.abs(one[-1] - sentence.states[-1]).max()) > SHARP
    rest = [place for place in range(len(other)) if place != changed]
    left = max(float(np.abs(a[rest] - b[rest]).max()) for a, b in zip(one, two))
    if left > 1e-6:
        return acts, "words still know each other where every head attends to itself alone: the blocks mix them besides"
    return acts, ""


def _turned(pair: Pair) -> tuple[PlainSentence, PlainSentence]:
    """The longest sentence, and one of the same length with its subwords in the other order, by the plain loop."""
    here = max(pair.expected, key=lambda one: len(one.ids))
    places = [place for place, special in enumerate(here.special) if not special]
    ids = list(here.ids)
    for place, other in zip(places, reversed(places)):
        ids[place] = here.ids[other]
    output = pair.plain.run(ids, here.segments, output_hidden_states=True)
    return here, PlainSentence(tuple(ids), here.segments, (), here.special, output.hidden_states, ())


def _states(pair: Pair, ids: Sequence[int], segments: Sequence[int]) -> list[np.ndarray]:
    """(positions, dim) of each layer, as the encoder reads one input."""
    inputs = torch.tensor([list(ids)])
    places = Places(torch.zeros(1, dtype=torch.int64), torch.full_like(inputs, NO_WORD))
    types = torch.tensor([list(segments)]) if any(segments) else None
    found = pair.encoder.hidden_states(inputs, torch.ones_like(inputs), types, places=places)
    return [layer[0].cpu().numpy() for layer in found]
