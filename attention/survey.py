"""Surface behaviour and syntax of every head in one pass over the attention of a treebank."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from treeprobe.attention.behaviour import Behaviour, BehaviourTally
from treeprobe.attention.masks import between_words
from treeprobe.attention.relations import RelationCounts, RelationTally, relations_of
from treeprobe.extraction import AttentionBatch
from treeprobe.parsing import PunctuationRule, Sentence, choose_punctuation


@dataclass(frozen=True)
class HeadSurvey:
    """What each head attends to, and how often its most-attended word is a word's head or dependent."""

    behaviour: Behaviour
    relations: RelationCounts


@torch.inference_mode()
def survey_heads(
    batches: Iterable[AttentionBatch], sentences: Sequence[Sentence], *, punctuation: PunctuationRule = "auto"
) -> HeadSurvey:
    """Read a stream of attention between words once, batch by batch; memory does not grow with the treebank.

    Args:
        batches: `stream_attention(encoder, words, level="words")` of the sentences' words.
        sentences: the sentences with their trees, numbered as in the stream.
        punctuation: which words are punctuation.

    Raises:
        RelationError: the treebank has no edges, or names no relations.
        ValueError: attention and sentences do not match.
    """
    behaviour = BehaviourTally(punctuation=choose_punctuation(sentences, punctuation).rule)
    relations = RelationTally(relations_of(sentences))
    for batch in batches:
        between = between_words(batch)
        behaviour.update(batch, sentences, between)
        relations.update(batch, sentences, between)
    return HeadSurvey(behaviour.result(), relations.result())
