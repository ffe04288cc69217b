"""LAS and UAS of predicted trees, by the scorer of all trees."""

from collections.abc import Sequence
from dataclasses import dataclass

from treeprobe.parsing import PunctuationRule, Sentence, Tally, score_heads
from treeprobe.training.finetuning.metrics import MeanMetric
from treeprobe.training.finetuning.trees import ParsedTree


@dataclass(frozen=True)
class AttachmentMetric(MeanMetric[Sentence, ParsedTree]):
    """A score of `treeprobe.parsing.score_heads`: `las` or `uas`.

    Attributes:
        name: which of them.
        punctuation: which words are left out.
    """

    name: str
    punctuation: PunctuationRule

    def tally(self, examples: Sequence[Sentence], predictions: Sequence[ParsedTree]) -> Tally:
        """The right words of each sentence."""
        heads, relations = [tree.heads for tree in predictions], [tree.relations for tree in predictions]
        return score_heads(examples, heads, relations=relations, punctuation=self.punctuation)[self.name]


def attachment_metrics(punctuation: PunctuationRule) -> tuple[AttachmentMetric, AttachmentMetric]:
    """LAS, the headline, and UAS."""
    return AttachmentMetric("las", punctuation), AttachmentMetric("uas", punctuation)
