"""What a sweep will do: tasks that each know what they are of, so that a finished one is never done again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from treeprobe.digests import json_digest
from treeprobe.parsing import PunctuationRule, Treebank
from treeprobe.pipeline.structural.analysis import ProbeOptions
from treeprobe.pipeline.sweeping.checkpoint_sources import Checkpoint
from treeprobe.pipeline.sweeping.errors import SweepError
from treeprobe.pipeline.sweeping.file_names import label
from treeprobe.pipeline.sweeping.treebank_sources import Splits

Analysis = Literal["structure", "heads", "convolution", "transfer"]
ANALYSES: tuple[Analysis, ...] = ("structure", "heads", "convolution", "transfer")


@dataclass(frozen=True)
class SweepOptions:
    """What is done to every checkpoint and treebank.

    Attributes:
        ranks, seeds: one distance and one depth probe a layer for each.
        layers: which layers to probe; all when None.
        training: more keyword arguments of the probes (`epochs`, `learning_rate`).
        random_baseline: probe the architecture with random weights too.
        control: train the same probes on control trees too, for the selectivity of every score.
        samples: sentences whose recovered trees are kept at every layer, for the report.
        max_sentences: read no more than that many sentences of each split; all when None.
    """

    ranks: Sequence[int] = (128,)
    seeds: Sequence[int] = (0,)
    layers: Sequence[int] | None = None
    punctuation: PunctuationRule = "xpos"
    training: Mapping[str, Any] = field(default_factory=dict)
    random_baseline: bool = True
    control: bool = False
    samples: int = 50
    max_sentences: int | None = None

    def within(self, dim: int) -> "SweepOptions":
        """The same for a checkpoint of that width, whose probes have no rank above it."""
        return replace(self, ranks=tuple(dict.fromkeys(min(rank, dim) for rank in self.ranks)))

    def probe_options(self, rank: int) -> ProbeOptions:
        """The options of the probes of one rank."""
        return ProbeOptions(rank, tuple(self.seeds), self.layers, self.punctuation, self.training)


@dataclass(frozen=True)
class Task:
    """One analysis of one checkpoint on one treebank; `scored` is another treebank, for probes carried over to it."""

    checkpoint: Checkpoint
    treebank: Splits
    analysis: Analysis
    options: SweepOptions
    identity: Mapping[str, str]
    """Digests of what the result depends on: checkpoint, each file of the treebank, options."""
    scored: Splits | None = None

    @property
    def name(self) -> str:
        """What the task is called, in folders and messages."""
        bank = self.treebank.name if self.scored is None else f"{self.treebank.name}-to-{self.scored.name}"
        return "--".join(label(part) for part in (self.checkpoint.name, bank, self.analysis))

    @property
    def phase(self) -> int:
        """Tasks of a later phase read what those of an earlier one wrote."""
        return 1 if self.analysis == "transfer" else 0

    @property
    def source(self) -> "Task":
        """The task whose probes a transfer carries over."""
        return replace(self, analysis="structure", scored=None)


def plan_tasks(
    checkpoints: Sequence[Checkpoint],
    treebanks: Sequence[Splits],
    analyses: Sequence[Analysis],
    options: SweepOptions,
) -> list[Task]:
    """Every task, those of one checkpoint together, so that they share its caches and its caches can go early.

    Reads every treebank once, so that one that cannot be read is named before anything is computed.

    Raises TreebankError for a treebank, SweepError for an analysis that there is not or one that cannot be done.
    """
    if unknown := [analysis for analysis in analyses if analysis not in ANALYSES]:
        raise SweepError(f"unknown analysis {', '.join(unknown)}; expected some of {', '.join(ANALYSES)}")
    if "transfer" in analyses and ("structure" not in analyses or len(treebanks) < 2):
        raise SweepError("transfer needs the structural probes and at least two treebanks; list them with --treebanks")
    digests = {splits.name: bank_digests(splits.read(max_sentences=options.max_sentences)) for splits in treebanks}
    tasks = []
    for checkpoint in checkpoints:
        weights = checkpoint.digest
        for splits in treebanks:
            for analysis in analyses:
                others = [other for other in treebanks if other.name != splits.name]
                for scored in others if analysis == "transfer" else [None]:
                    identity = {"checkpoint": weights, "options": options_digest(options), **digests[splits.name]}
                    if scored is not None:
                        identity |= {f"scored {split}": text for split, text in digests[scored.name].items()}
                    tasks.append(Task(checkpoint, splits, analysis, options, identity, scored))
    return tasks


def bank_digests(banks: Mapping[str, Treebank]) -> dict[str, str]:
    """SHA-256 of what is read of each split."""
    return {split: bank.digest for split, bank in banks.items()}


def options_digest(options: SweepOptions) -> str:
    """SHA-256 of the options as JSON."""
    return json_digest(asdict(options))
