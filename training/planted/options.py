"""What the planted models are trained with."""

from dataclasses import dataclass

from treeprobe.training.options import PretrainingError, PretrainingOptions


@dataclass(frozen=True)
class PlantedOptions:
    """The size of the planted models, their sentences and their schedule.

    Attributes:
        layers: transformer layers, the embedding layer not counted.
        dim: width of the hidden states, a multiple of `heads`.
        heads: attention heads a layer.
        sentences: agreement sentences drawn; a fifth of the pairs of subject and verb is kept from training, and their
            sentences with them.
        most_between: most nouns between subject and verb in training. The test has up to 3.
        steps: optimizer steps; the learning rate rises for a tenth of them and falls as a cosine.
        batch_size: sentences a step.
        learning_rate: its peak.
        masked_share: share of the words that are predicted.
        masked_verbs: share of the sentences whose agreeing verb is predicted besides. By `masked_share` alone one verb
            in seven would be, and most of the loss would be of nouns that nothing determines.
        test_pairs: pairs for each construction and number of attractors.
        probe_sentences: sentences to fit probes on; a sixth as many are dev, and a quarter as many test.
        seed: of sentences, weights, order and masks.

    Raises:
        PretrainingError: options that contradict one another.
    """

    layers: int = 3
    dim: int = 96
    heads: int = 4
    sentences: int = 40_000
    most_between: int = 2
    steps: int = 4000
    batch_size: int = 64
    learning_rate: float = 1e-3
    masked_share: float = 0.15
    masked_verbs: float = 0.5
    test_pairs: int = 100
    probe_sentences: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        _ = self.pretraining
        for name in ("masked_share", "masked_verbs"):
            if not 0 < getattr(self, name) <= 1:
                raise PretrainingError(f"{name}={getattr(self, name)}; expected a share above 0 and at most 1")
        for name in ("layers", "sentences", "steps", "batch_size", "test_pairs", "probe_sentences"):
            if getattr(self, name) < 1:
                raise PretrainingError(f"{name}={getattr(self, name)}; expected at least 1")
        if not 0 <= self.most_between <= 3:
            raise PretrainingError(f"most_between={self.most_between}; expected 0 to 3 nouns")

    @property
    def pretraining(self) -> PretrainingOptions:
        """The same architecture and schedule as options of a pre-training."""
        return PretrainingOptions(
            layers=self.layers,
            dim=self.dim,
            heads=self.heads,
            max_subwords=32,
            steps=self.steps,
            save_steps=self.save_steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            next_sentence=False,
            seed=self.seed,
        )

    @property
    def save_steps(self) -> tuple[int, ...]:
        """The steps whose checkpoints are saved: the untrained model, and eight more."""
        return tuple(sorted({round(self.steps * eighth / 8) for eighth in range(9)}))
