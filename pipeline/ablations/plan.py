"""Which runs the ablations need: every variant with every seed, those with equal options once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from treeprobe.pipeline.ablations.variants import (
    EXPERIMENTS,
    SIZES,
    AblationError,
    Experiment,
    Size,
    Variant,
    variants_of,
)
from treeprobe.pipeline.options import Options
from treeprobe.training import PretrainingOptions

PROBES = Options(seeds=(0,), random_baseline=False, control=False, samples=0)
"""How every checkpoint is probed: what replicates are here is the seeds of pre-training."""


def _base() -> PretrainingOptions:
    """BERT's objectives in a small model that gets beyond the frequencies of words in so few steps."""
    return PretrainingOptions(steps=3000, save_steps=(3000,), neighbour_heads=True)


@dataclass(frozen=True)
class Run:
    """One pre-training run.

    Attributes:
        name: of its folder, and of the run in tables.
        options: with the steps that are saved: the last, and where a curve needs them, those before.
        variants: whose run it is.
    """

    name: str
    options: PretrainingOptions
    variants: tuple[Variant, ...]

    @property
    def seed(self) -> int:
        """That of weights, order and masks."""
        return self.options.seed

    @property
    def checkpoint(self) -> str:
        """What sweeps call the last checkpoint."""
        return f"{self.name}/step-{self.options.steps}"


@dataclass(frozen=True, kw_only=True)
class AblationPlan:
    """The experiments, how large they are, and the folder that is to hold everything.

    Attributes:
        train, dev: CoNLL-U files, folders of a UD release, or names in UD. Models are pre-trained on the text of the
            first, and probed and asked to predict on the second.
        experiments: some of `EXPERIMENTS`.
        seeds: how many runs of each variant, with seeds from 0.
        base: what all runs have in common; each variant changes some of it. With next-sentence prediction, as BERT.
        sizes: those of the experiment of that name.
        points: checkpoints on each curve of the experiment `steps`, at even distances.
        probes: how checkpoints are probed.
        finetuning_steps: how long the last checkpoint of each run is fine-tuned on parts of speech; 0 for not at all.
        max_sentences: read no more than the first so many sentences of each split.
        device: where to train and probe, by torch's name.
    """

    train: str | Path
    dev: str | Path
    out: str | Path
    experiments: Sequence[Experiment] = EXPERIMENTS
    seeds: int = 3
    base: PretrainingOptions = field(default_factory=_base)
    sizes: Sequence[Size] = SIZES
    points: int = 6
    probes: Options = PROBES
    finetuning_steps: int = 300
    max_sentences: int | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.seeds < 1 or not 1 <= self.points <= self.base.steps:
            raise AblationError(
                f"{self.seeds} seeds and {self.points} points of {self.base.steps} steps; expected at least one of "
                "each, and no more points than steps"
            )
        if len(set(self.sizes)) < len(self.sizes) or not self.sizes:
            raise AblationError(f"sizes: found {', '.join(map(str, self.sizes))}; expected one or more, each once")

    @property
    def folder(self) -> Path:
        """Where everything is, by its absolute path."""
        return Path(self.out).expanduser().absolute()

    @property
    def variants(self) -> list[Variant]:
        """Every row of every experiment."""
        return variants_of(self.experiments, sizes=self.sizes)

    def runs(self) -> list[Run]:
        """The runs to do, seed by seed, so that every experiment has its first results early."""
        return [run for seed in range(self.seeds) for run in self._runs(seed)]

    def _runs(self, seed: int) -> list[Run]:
        """The runs of one seed; equal options share one, which saves what any of its variants needs."""
        shared: dict[PretrainingOptions, list[Variant]] = {}
        last = (self.base.steps,)
        for variant in self.variants:
            options = replace(self.base, **variant.changes, seed=seed, save_steps=last)
            if self.base.next_sentence and not options.next_sentence:
                # An example is then a sentence instead of two: as many subwords a step need twice as many examples.
                options = replace(options, batch_size=2 * options.batch_size)
            shared.setdefault(options, []).append(variant)
        found = []
        for options, variants in shared.items():
            traced = any(variant.experiment == "steps" for variant in variants)
            saved = replace(options, save_steps=self.saved_steps) if traced else options
            found.append(Run(f"{variants[0].slug}-seed-{seed}", saved, tuple(variants)))
        return found

    @property
    def saved_steps(self) -> tuple[int, ...]:
        """The steps of a curve."""
        return tuple(sorted({round(self.base.steps * (place + 1) / self.points) for place in range(self.points)}))
