"""What a small BERT is pre-trained with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from treeprobe.errors import TreeprobeError

PositionCode = Literal["learned", "sinusoidal", "none"]
"""What tells a model where a subword stands: vectors that it learns, sines that it does not, or nothing."""


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
        mask_share: share of the subwords that are predicted.
        mask_replace_prob: share of the subwords to predict that are shown as [MASK].
        random_replace_prob: share of them that are shown as a random subword; the rest are shown as they are.
        next_sentence: also predict whether the second sentence follows the first; otherwise examples are single
            sentences.
        left_to_right: predict each subword from those before it instead of masked ones. The next sentence is then
            predicted from the last separator, the one position that has seen both sentences, instead of from [CLS].
        bilstm: save the checkpoints of a left-to-right model with a bidirectional LSTM of random weights above its last
            block, to be trained in fine-tuning (Devlin et al. 2019, section 5.1, "+ BiLSTM"). It is a layer more.
        position_code: learned vectors, the fixed sines of Vaswani et al. (2017, section 3.5), or none.
        neighbour_heads: begin with heads that attend to the subwords before and after, by learned positions that are
            sines at first (`start_at_neighbours`); on little text, a model begins to use the context
            several times sooner.
        embedding_scale: how many times as large as BERT's the embeddings of words and positions are drawn. Training
            then moves them less in proportion, and the states of small models keep words further apart.
        dropout: of hidden states and attention, in training. BERT's is 0.1, for 40 epochs. A small model that is
            trained for a few underfits rather than overfits, and with dropout does not get beyond word frequencies.
        evaluations: how often the model is evaluated on held-out text, where there is any, at even distances; at the
            steps to save it is evaluated besides.
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
    mask_share: float = 0.15
    mask_replace_prob: float = 0.8
    random_replace_prob: float = 0.1
    next_sentence: bool = True
    left_to_right: bool = False
    bilstm: bool = False
    position_code: PositionCode = "learned"
    neighbour_heads: bool = False
    embedding_scale: float = 1.0
    dropout: float = 0.0
    evaluations: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("layers", "dim", "heads", "vocabulary_size", "max_subwords", "steps", "batch_size"):
            if getattr(self, name) < 1:
                raise PretrainingError(f"{name}={getattr(self, name)}; expected at least 1")
        if self.bilstm and not self.left_to_right:
            raise PretrainingError("bilstm=True with left_to_right=False; expected left_to_right=True with it")
        if self.bilstm and self.dim % 2:
            raise PretrainingError(f"bilstm=True with dim={self.dim}; expected an even width, half for each direction")
        if self.position_code not in get_args(PositionCode):
            expected = ", ".join(get_args(PositionCode))
            raise PretrainingError(f"position_code={self.position_code!r}; expected one of {expected}")
        if self.neighbour_heads and (self.position_code != "learned" or self.dim < max(4 * self.heads, 16)):
            raise PretrainingError(
                f"neighbour_heads=True with position_code={self.position_code!r} and heads of "
                f"{self.dim // self.heads} of {self.dim} dimensions; expected learned positions, and heads of at least "
                "4 of at least 16"
            )
        if not 0 < self.mask_share <= 1:
            raise PretrainingError(f"mask_share={self.mask_share}; expected a share above 0 and at most 1")
        if self.evaluations < 0:
            raise PretrainingError(f"evaluations={self.evaluations}; expected at least 0")
        if self.dim % self.heads:
            raise PretrainingError(f"dim={self.dim} with heads={self.heads}; expected a multiple of the heads")
        replaced = (self.mask_replace_prob, self.random_replace_prob)
        if min(replaced) < 0 or sum(replaced) > 1:
            raise PretrainingError(
                f"mask_replace_prob={replaced[0]}, random_replace_prob={replaced[1]}; expected shares that sum to at "
                "most 1"
            )
        if self.embedding_scale <= 0:
            raise PretrainingError(f"embedding_scale={self.embedding_scale}; expected a number above 0")
        if not 0 <= self.dropout < 1:
            raise PretrainingError(f"dropout={self.dropout}; expected a share below 1")
        if not self.save_steps or min(self.save_steps) < 0 or max(self.save_steps) > self.steps:
            raise PretrainingError(f"save_steps={list(self.save_steps)}; expected steps from 0 to {self.steps}")

    @property
    def evaluation_steps(self) -> tuple[int, ...]:
        """The steps at which the model is evaluated on held-out text."""
        even = {round(self.steps * place / self.evaluations) for place in range(1, self.evaluations + 1)}
        return tuple(sorted(even | set(self.save_steps)))
