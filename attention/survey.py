"""Surface behaviour and syntax of every head in one pass over the attention of a treebank."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from treeprobe.attention.behaviour import Behaviour, BehaviourTally
from treeprobe.attention.masks import between_words
from treeprobe.attention.relations import RelationCounts, RelationTally, relations_of
from treeprobe.extraction import AttentionBatch
from treeprobe.parsing import PunctuationRule, Sentence


@dataclass(frozen=True)
class HeadSurvey:
    """What each head looks at, and how often its first choice is a word's head or dependent."""

    behaviour: Behaviour
    relations: RelationCounts


@torch.inference_mode()
def survey_heads(
    batches: Iterable[AttentionBatch], sentences: Sequence[Sentence], *, punctuation: PunctuationRule = "xpos"
) -> HeadSurvey:
    """Read a stream of attention between words once; each batch is let go before the next.

    Memory does not grow with the number of sentences.

    Args:
        batches: `stream_attention(encoder, words, level="words")` of the sentences' words.
        sentences: the sentences with their trees, numbered as in the stream.
        punctuation: which tags tell punctuation.

    Raises:
        RelationError: the treebank has no edges, or names no relations.
        ValueError: attention and sentences do not fit each other.
    """
    behaviour = BehaviourTally(punctuation=punctuation)
    relations = RelationTally(relations_of(sentences))
    for batch in batches:
        words = between_words(batch)
        behaviour.update(batch, sentences, words)
        relations.update(batch, sentences, words)
    return HeadSurvey(behaviour.result(), relations.result())
