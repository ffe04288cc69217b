"""What a small BERT is pre-trained with."""

from collections.abc import Sequence
from dataclasses import dataclass

from treeprobe.errors import TreeprobeError


class PretrainingError(TreeprobeError, ValueError):
    """Options that contradict one another, or a text that is too small to train on."""


@dataclass(frozen=True)
class PretrainingOptions:
    """The size of the model, its objective and its training schedule.

    Heads of 32 dimensions and feed-forward layers four times as wide as the states are BERT's own proportions, scaled
    down.

    Attributes:
        layers: transformer layers, the embedding layer not counted.
        dim: width of the hidden states, a multiple of `heads`.
        heads: attention heads a layer.
        vocabulary_size: most subwords in the vocabulary, special tokens among them.
        max_subwords: longest example, in subwords; longer ones are truncated.
        steps: optimizer steps.
        save_steps: the steps whose checkpoints are saved; step 0 is the untrained model.
        batch_size: examples a step.
        learning_rate: its peak, reached after a tenth of the steps and decreasing linearly from there.
        mask_replace_prob: share of the subwords to predict that are shown as [MASK].
        random_replace_prob: share of them that are shown as a random subword; the rest are shown as they are.
        next_sentence: also predict whether the second sentence follows the first; otherwise examples are single
            sentences.
        left_to_right: predict each subword from those before it instead of masked ones; needs `next_sentence=False`.
        dropout: of hidden states and attention, in training. BERT's is 0.1, for 40 epochs. A small model that is
            trained for a few underfits rather than overfits, and with dropout does not get beyond word frequencies.
        seed: of weights, order, sentence pairs and masks.

    Raises:
        PretrainingError: options that contradict one another.
    """

    layers: int = 4
    dim: int = 128
    heads: int = 4
    vocabulary_size: int = 4000
    max_subwords: int = 96
    steps: int = 6000
    save_steps: Sequence[int] = (0, 300, 1000, 2000, 3000, 6000)
    batch_size: int = 32
    learning_rate: float = 1e-3
    mask_replace_prob: float = 0.8
    random_replace_prob: float = 0.1
    next_sentence: bool = True
    left_to_right: bool = False
    dropout: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.left_to_right and self.next_sentence:
            raise PretrainingError("left_to_right=True with next_sentence=True; expected next_sentence=False with it")
        if self.dim % self.heads:
            raise PretrainingError(f"dim={self.dim} with heads={self.heads}; expected a multiple of the heads")
        replaced = (self.mask_replace_prob, self.random_replace_prob)
        if min(replaced) < 0 or sum(replaced) > 1:
            raise PretrainingError(
                f"mask_replace_prob={replaced[0]}, random_replace_prob={replaced[1]}; expected shares that sum to at "
                "most 1"
            )
        if not 0 <= self.dropout < 1:
            raise PretrainingError(f"dropout={self.dropout}; expected a share below 1")
        if not self.save_steps or min(self.save_steps) < 0 or max(self.save_steps) > self.steps:
            raise PretrainingError(f"save_steps={list(self.save_steps)}; expected steps from 0 to {self.steps}")
