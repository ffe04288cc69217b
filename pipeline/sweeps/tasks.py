"""The tasks of a sweep, and what each depends on, so that a finished one is never done again."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from treeprobe.digests import file_digest, json_digest
from treeprobe.errors import TreeprobeError
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.analyses import Analysis, find_analysis
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.results.file_names import file_name, same_file
from treeprobe.pipeline.results.scores import RANDOM_WEIGHTS
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.subjects.subject import Sources
from treeprobe.pipeline.subjects.treebanks import Splits
from treeprobe.pipeline.sweeps.checkpoints import Checkpoint, Weights, find_checkpoints
from treeprobe.pipeline.sweeps.known_digests import KnownDigests


class SweepError(TreeprobeError, ValueError):
    """A sweep that cannot be done as asked; finished tasks are never touched."""


@dataclass(frozen=True)
class Task:
    """One analysis of one checkpoint on one treebank: everything that a worker needs to know.

    Attributes:
        name: what the task is called, in folders and messages.
        identity: digests of what the result depends on: checkpoint, options, each split, and the probes it takes over.
        after: name of the task whose probes it takes over; it can only be done when that one is finished.
        weights: the checkpoints that it reads, by what `identity` calls them.
    """

    name: str
    analysis: Analysis
    checkpoint: Checkpoint
    sources: Sources
    options: Options
    identity: Mapping[str, str]
    after: str | None = None
    weights: Mapping[str, Weights] = field(default_factory=dict)

    @cached_property
    def identity_digest(self) -> str:
        """The digest of all that its result depends on."""
        return json_digest(self.identity)

    @property
    def about(self) -> dict[str, str]:
        """What the task is, in words: its checkpoint, the treebank that it scores, and its analysis."""
        treebank = str(self.sources.treebank)
        return {"checkpoint": self.checkpoint.name, "treebank": treebank, "analysis": self.analysis.name}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every analysis of every checkpoint on every treebank, and the folder that is to hold the results.

    Attributes:
        models: as `find_checkpoints` takes them.
        treebanks: each with a train and a dev split.
        analyses: names in the registry (`pipeline.analyses`).
        before: the checkpoint that analyses of what training moved compare the others with, as `find_checkpoints`
            takes it; of a training run, its first step where None.
        cache: folder of hidden states, inside `out` where None; every worker must see both.
        device, max_sentences: as in `Sources`.
        figures: draw the figures of each task too.
    """

    models: Sequence[str | Path]
    treebanks: Sequence[Splits]
    out: str | Path
    analyses: Sequence[str] = ("structure",)
    options: Options = field(default_factory=Options)
    before: str | Path | None = None
    cache: str | Path | None = None
    device: str = "cpu"
    max_sentences: int | None = None
    figures: bool = False

    @cached_property
    def folder(self) -> SweepFolder:
        """The folder, whether it is there already or not; it stays where it was first asked for."""
        return SweepFolder.at(self.out, cache=self.cache)

    def tasks(self, *, known: KnownDigests | None = None) -> list[Task]:
        """Every task, those of one checkpoint together, so that its caches can go early.

        Reads every treebank once, so that one that cannot be read is named before anything is computed.

        Args:
            known: the digests of checkpoints that need not be read again; those that the folder has where None.

        Raises TreebankError for a treebank, OptionsError for an unknown analysis, CheckpointNameError for a name that
        stands for no checkpoint, SweepError for an analysis that cannot be done in this sweep, or for two tasks of one
        name.
        """
        analyses = [find_analysis(name) for name in dict.fromkeys(self.analyses)]
        for analysis in analyses:
            if analysis.carried and (len(self.treebanks) < 2 or "structure" not in self.analyses):
                raise SweepError(
                    f"{analysis.name} needs the structure analysis and at least two treebanks; list them with "
                    "--treebanks"
                )
            if analysis.languages and len(self.treebanks) < 2:
                raise SweepError(f"{analysis.name} needs at least two treebanks; list them with --treebanks")
        digests = {splits.name: self._digests(splits) for splits in self.treebanks}
        if any(analysis.languages for analysis in analyses):
            joined = Sources(model="", max_sentences=self.max_sentences, **self._joined_sources()).read()
            name = "+".join(splits.name for splits in self.treebanks)
            digests[name] = {split: bank.annotation_digest for split, bank in joined.items()}
        checkpoints = find_checkpoints(self.models)
        befores = self._befores(checkpoints) if any(analysis.before for analysis in analyses) else {}
        known = known or KnownDigests(self.folder)
        tasks: list[Task] = []
        for checkpoint in checkpoints:
            before = befores.get(checkpoint)
            weights = {"checkpoint": known.of(checkpoint)} | ({} if before is None else {"before": known.of(before)})
            tasks += self._of(weights, analyses, digests)
        counts = Counter(same_file(task.name) for task in tasks)
        if several := [name for name, count in counts.items() if count > 1]:
            raise SweepError(f"{', '.join(several)}: two tasks each; expected treebanks whose names tell them apart")
        return tasks

    def _befores(self, checkpoints: Sequence[Checkpoint]) -> dict[Checkpoint, Checkpoint]:
        """What each checkpoint is compared with. Raises SweepError where that is not known of one, or is several."""
        if self.before is not None:
            named = find_checkpoints([self.before])
            if len(named) > 1 or named[0].revision is not None:
                names = ", ".join(one.name for one in named)
                raise SweepError(f"before: {self.before} stands for {names}; expected one checkpoint, and no revision")
            return dict.fromkeys(checkpoints, named[0])
        first: dict[str | None, Checkpoint] = {one.family: one for one in reversed(checkpoints)}
        steps = Counter(one.family for one in checkpoints)
        if lacking := [one.name for one in checkpoints if one.family is None or steps[one.family] < 2]:
            raise SweepError(
                f"{', '.join(lacking)}: no earlier step of the same training run is there to compare with; expected "
                "the checkpoint before training (--before), or runs of several steps"
            )
        return {one: first[one.family] for one in checkpoints}

    def _of(
        self,
        weights: Mapping[str, Weights],
        analyses: Sequence[Analysis],
        digests: Mapping[str, Mapping[str, str]],
    ) -> Iterator[Task]:
        """The tasks of a checkpoint; it is not compared with itself."""
        own, before = weights["checkpoint"], weights.get("before")
        structure = find_analysis("structure")
        for analysis in analyses:
            if analysis.languages:
                yield self._of_languages(analysis, own, digests)
        for splits in self.treebanks:
            trained = self._task(structure, own, splits, digests[splits.name])
            for analysis in analyses:
                if analysis.carried:
                    others = [other for other in self.treebanks if other is not splits]
                    for other in others:
                        yield self._task(analysis, own, other, digests[other.name], after=trained)
                elif analysis == structure:
                    yield trained
                elif analysis.before and (before is None or before.checkpoint.source == own.checkpoint.source):
                    continue
                elif not analysis.languages:
                    # An optional analysis of probes takes those of the same sweep where there are some.
                    shared = analysis.probes == "optional" and structure in analyses and self._uses_probes(analysis)
                    after = trained if shared else None
                    task = self._task(analysis, own, splits, digests[splits.name], after=after)
                    yield task if before is None or not analysis.before else _compared(task, before)

    def _uses_probes(self, analysis: Analysis) -> bool:
        """Whether an analysis would score probes: heads do so only while they are cut."""
        return "ablate" not in analysis.options or self.options.ablate

    def _task(
        self,
        analysis: Analysis,
        weights: Weights,
        splits: Splits,
        digests: Mapping[str, str],
        *,
        after: Task | None = None,
    ) -> Task:
        """One task, with the digests of what it reads."""
        checkpoint = weights.checkpoint
        bank = splits.name if after is None or not analysis.carried else f"{after.sources.treebank}-to-{splits.name}"
        identity = {"checkpoint": weights.digest}
        identity |= {name: digest for name, digest in digests.items() if name in analysis.splits}
        identity["options"] = _options_digest(self.options, analysis.options)
        if "pairs" in analysis.options and self.options.pairs is not None:
            identity["pairs"] = _file_digest(self.options.pairs)
        if "baseline_model" in analysis.options and self.options.baseline_model not in (None, RANDOM_WEIGHTS):
            identity["baseline"] = find_checkpoints([str(self.options.baseline_model)])[0].digest
        if after is not None:
            identity["probes"] = after.identity_digest
        paths: dict[str, Any] = {
            split: path for split, path in _absolute_files(splits).items() if split in analysis.splits
        }
        sources = Sources(
            model=checkpoint.source,
            revision=checkpoint.revision,
            name=checkpoint.name,
            treebank=splits.name,
            probes=None if after is None else self.folder.task(after.name),
            device=self.device,
            cache=self.folder.cache_of(checkpoint.name),
            max_sentences=self.max_sentences,
            **paths,
        )
        name = "--".join(file_name(part) for part in (checkpoint.name, bank, analysis.name))
        waits_for = None if after is None else after.name
        read = {"checkpoint": weights}
        return Task(name, analysis, checkpoint, sources, self.options, identity, waits_for, read)

    def _of_languages(self, analysis: Analysis, weights: Weights, digests: Mapping[str, Mapping[str, str]]) -> Task:
        """The one task of a checkpoint that reads all treebanks; test where all have it."""
        checkpoint = weights.checkpoint
        bank = "+".join(splits.name for splits in self.treebanks)
        identity = {"checkpoint": weights.digest, "options": _options_digest(self.options, analysis.options)}
        identity |= digests[bank]
        sources = Sources(
            model=checkpoint.source,
            revision=checkpoint.revision,
            name=checkpoint.name,
            treebank=bank,
            device=self.device,
            cache=self.folder.cache_of(checkpoint.name),
            max_sentences=self.max_sentences,
            **self._joined_sources(),
        )
        name = "--".join(file_name(part) for part in (checkpoint.name, bank, analysis.name))
        return Task(name, analysis, checkpoint, sources, self.options, identity, weights={"checkpoint": weights})

    def _joined_sources(self) -> dict[str, Any]:
        """The files of all treebanks by split, a tuple each, and their names; test where all have it."""
        named: dict[Split, list[Path | None]] = {
            "train": [splits.train for splits in self.treebanks],
            "dev": [splits.dev for splits in self.treebanks],
            "test": [splits.test for splits in self.treebanks],
        }
        files: dict[str, Any] = {
            split: tuple(path.absolute() for path in files if path is not None)
            for split, files in named.items()
            if None not in files
        }
        return {**files, "languages": tuple(splits.name for splits in self.treebanks)}

    def _digests(self, splits: Splits) -> dict[str, str]:
        """SHA-256 of what is read of each split of a treebank, once the splits are checked."""
        sources = Sources(
            model="", train=splits.train, dev=splits.dev, test=splits.test, max_sentences=self.max_sentences
        )
        return {split: bank.annotation_digest for split, bank in sources.read().items()}


def _compared(task: Task, before: Weights) -> Task:
    """A task that compares its checkpoint with an earlier one."""
    return replace(
        task,
        sources=replace(task.sources, before=before.checkpoint.source),
        identity={**task.identity, "before": before.digest},
        weights={**task.weights, "before": before},
    )


@lru_cache
def _options_digest(options: Options, names: tuple[str, ...]) -> str:
    """The digest of the options that an analysis reads: the same for thousands of tasks."""
    return json_digest(options.chosen(names))


def _absolute_files(splits: Splits) -> dict[Split, Path]:
    """The files of a treebank, absolute as a checkpoint's is: a worker may run in another folder."""
    given: dict[Split, Path | None] = {"train": splits.train, "dev": splits.dev, "test": splits.test}
    return {split: path.absolute() for split, path in given.items() if path is not None}


def _file_digest(path: str) -> str:
    """The digest of a file of minimal pairs. Raises SweepError when it cannot be read."""
    try:
        return file_digest(Path(path))
    except OSError as error:
        raise SweepError(f"{path}: cannot be read: {error.strerror}; expected a file of minimal pairs") from error
