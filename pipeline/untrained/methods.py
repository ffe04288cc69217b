"""The methods: from an encoder and sentences to scores of arcs or to trees, each in several settings to choose from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from treeprobe.attention import head_tree_tallies
from treeprobe.attention.masks import between_words
from treeprobe.extraction import AttentionError, CheckpointError, Encoder, masked_lm_encoder
from treeprobe.parsing import Treebank
from treeprobe.parsing.decoding import heads_of_brackets
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.subjects.subject import Subject, spaces
from treeprobe.reporting import head_name
from treeprobe.untrained import (
    PerturbationError,
    impact_matrices,
    predicted_substitutes,
    project,
    span_invariance,
    substituted_attention,
    tag_substitutes,
)

DIST, PROB = "perturbed masking, Dist", "perturbed masking, Prob"
PREDICTED, TAGGED = "substitution, predicted", "substitution, same tags"
PROJECTION, BEST_HEAD = "tree projection", "best head"

REFUSALS = (PerturbationError, AttentionError)
"""What a method raises for a model that it cannot be asked of."""


@dataclass(frozen=True)
class Candidate:
    """The sentences of a split by one setting of a method; what the setting is, is chosen on dev.

    Attributes:
        setting: what sets it apart from the method's others: the layer, the head, the rule.
        layer: which layer it is of; None where it is of none.
        arcs: scores of arcs for each sentence, (words, words), rows are heads; None where there are trees.
        heads: trees, (words,) heads of each sentence; None where there are scores.
        brackets: the bracketing of each sentence that the trees were made of; None where there was none.
        tree_scores: how tree-like each sentence is read, (sentences,); None where a method does not say.
    """

    setting: str
    layer: int | None = None
    arcs: Sequence[NDArray[np.floating]] | None = None
    heads: Sequence[NDArray[np.int64]] | None = None
    brackets: Sequence[NDArray[np.int64]] | None = None
    tree_scores: NDArray[np.float64] | None = None


Candidates = Mapping[str, Sequence[Candidate]]
"""The candidates of a split, by what their trees are called."""


def masked_lm_head(subject: Subject) -> tuple[Encoder | None, str]:
    """The checkpoint with its masked-LM head, or none and why."""
    try:
        return masked_lm_encoder(subject.source, subject.encoder), ""
    except CheckpointError as error:
        return None, str(error)


def perturbed_masking(subject: Subject, bank: Treebank, options: Options) -> Candidates:
    """`Dist` at every layer, and `Prob` where the checkpoint has a masked-LM head; a head masked beside its dependent
    is taken to have an impact on it."""
    head, _ = masked_lm_head(subject)
    found = impact_matrices(
        subject.encoder, bank.words, head=head, space_after=spaces(bank, options), progress=subject.progress
    )
    candidates = {
        DIST: [
            Candidate(f"layer {layer}", layer, arcs=[one.distances[layer].T for one in found])
            for layer in subject.encoder.layers
        ]
    }
    falls = [one.probabilities.T for one in found if one.probabilities is not None]
    return candidates | ({PROB: [Candidate("LM", arcs=falls)]} if head is not None else {})


def substitution(subject: Subject, bank: Treebank, options: Options) -> Candidates:
    """Attention of every layer averaged over substitutions: predicted ones, or words of the dev split with the same
    tags where the checkpoint has no masked-LM head."""
    head, _ = masked_lm_head(subject)
    natural = options.text == "natural"
    if head is None:
        substitutes = tag_substitutes(bank, subject.splits["dev"], most=options.substitutes)
    else:
        substitutes = predicted_substitutes(head, bank, most=options.substitutes, natural=natural)
    found = substituted_attention(subject.encoder, bank, substitutes, natural=natural)
    return {
        TAGGED if head is None else PREDICTED: [
            Candidate(f"layer {block + 1}", block + 1, arcs=[one[block] for one in found])
            for block in range(subject.encoder.blocks)
        ]
    }


def projection(subject: Subject, bank: Treebank, options: Options) -> Candidates:
    """Tree projections at every layer, turned into dependencies by the one rule, and by the other."""
    charts = span_invariance(subject.encoder, bank.words, space_after=spaces(bank, options), progress=subject.progress)
    projections = [project(chart) for chart in charts]
    candidates = []
    for layer in subject.encoder.layers:
        brackets = [one[layer].brackets for one in projections]
        scores = np.array([one[layer].score for one in projections])
        for side in ("left", "right"):
            heads = [heads_of_brackets(found, len(sentence), head=side) for found, sentence in zip(brackets, bank)]
            name = f"layer {layer}, head of the {side} half"
            candidates.append(Candidate(name, layer, heads=heads, brackets=brackets, tree_scores=scores))
    return {PROJECTION: candidates}


def best_head(subject: Subject, bank: Treebank, options: Options) -> Candidates:
    """The attention of the one head whose maximum spanning trees are best on the dev split."""
    dev = subject.splits["dev"]
    tallies = head_tree_tallies(subject.attention(dev, options), dev, punctuation=options.punctuation)
    values = np.array([[tally.value for tally in block] for block in tallies])
    block, head = (int(place) for place in np.unravel_index(int(np.nan_to_num(values).argmax()), values.shape))
    arcs: dict[int, NDArray[np.floating]] = {}
    for batch in subject.attention(bank, options):
        looks = between_words(batch)[block, :, head].cpu().numpy()
        for row, (index, size) in enumerate(zip(batch.indices.tolist(), batch.lengths.tolist())):
            arcs[index] = looks[row, :size, :size].T
    named = Candidate(head_name(block, head), block + 1, arcs=[arcs[number] for number in range(len(bank))])
    return {BEST_HEAD: [named]}


METHODS: Mapping[str, Callable[[Subject, Treebank, Options], Candidates]] = {
    "perturbed-masking": perturbed_masking,
    "substitution": substitution,
    "projection": projection,
    "heads": best_head,
}
"""By the names that options know them by (`pipeline.options.UNTRAINED_METHODS`)."""
