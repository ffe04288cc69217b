"""The tasks of a sweep: what each depends on, so that a finished one is never done again, and how one is done."""

import errno
import os
import socket
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from threadpoolctl import threadpool_limits

from treeprobe.digests import json_digest
from treeprobe.errors import BusyError, TreeprobeError
from treeprobe.files import staged_folder
from treeprobe.parsing import TreebankError
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.analyses import Analysis, find_analysis
from treeprobe.pipeline.analysis import open_subject, perform
from treeprobe.pipeline.file_names import file_name, same_file
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.subject import Sources, Subject
from treeprobe.pipeline.sweep_folder import SweepFolder
from treeprobe.pipeline.sweeps.checkpoints import Checkpoint, find_checkpoints
from treeprobe.pipeline.treebanks import Splits


class SweepError(TreeprobeError, ValueError):
    """A sweep that cannot be done as asked; finished tasks are never touched."""


@dataclass(frozen=True)
class Task:
    """One analysis of one checkpoint on one treebank: everything that a worker needs to know.

    Attributes:
        name: what the task is called, in folders and messages.
        identity: digests of what the result depends on: checkpoint, options, each split, and the probes it takes over.
        after: name of the task whose probes it takes over; it can only be done when that one is finished.
    """

    name: str
    analysis: Analysis
    checkpoint: Checkpoint
    sources: Sources
    options: Options
    identity: Mapping[str, str]
    after: str | None = None

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
        cache: folder of hidden states, inside `out` where None; every worker must see both.
        device, max_sentences: as in `Sources`.
        figures: draw the figures of each task too.
    """

    models: Sequence[str | Path]
    treebanks: Sequence[Splits]
    out: str | Path
    analyses: Sequence[str] = ("structure",)
    options: Options = field(default_factory=Options)
    cache: str | Path | None = None
    device: str = "cpu"
    max_sentences: int | None = None
    figures: bool = False

    @property
    def folder(self) -> SweepFolder:
        """The folder, whether it is there already or not."""
        return SweepFolder.at(self.out, cache=self.cache)

    def tasks(self) -> list[Task]:
        """Every task, those of one checkpoint together, so that its caches can go early.

        Reads every treebank once, so that one that cannot be read is named before anything is computed.

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
        digests = {splits.name: self._digests(splits) for splits in self.treebanks}
        tasks = [
            task for checkpoint in find_checkpoints(self.models) for task in self._of(checkpoint, analyses, digests)
        ]
        counts = Counter(same_file(task.name) for task in tasks)
        if several := [name for name, count in counts.items() if count > 1]:
            raise SweepError(f"{', '.join(several)}: two tasks each; expected treebanks whose names tell them apart")
        return tasks

    def _of(
        self, checkpoint: Checkpoint, analyses: Sequence[Analysis], digests: Mapping[str, Mapping[str, str]]
    ) -> Iterator[Task]:
        """The tasks of a checkpoint."""
        weights = checkpoint.digest
        structure = find_analysis("structure")
        for splits in self.treebanks:
            trained = self._task(structure, checkpoint, splits, {"checkpoint": weights, **digests[splits.name]})
            for analysis in analyses:
                if analysis.carried:
                    others = [other for other in self.treebanks if other is not splits]
                    for other in others:
                        identity = {"checkpoint": weights, **digests[other.name]}
                        yield self._task(analysis, checkpoint, other, identity, after=trained)
                elif analysis == structure:
                    yield trained
                else:
                    # An optional analysis of probes takes those of the same sweep where there are some.
                    shared = analysis.probes == "optional" and structure in analyses and self._uses_probes(analysis)
                    identity = {"checkpoint": weights, **digests[splits.name]}
                    yield self._task(analysis, checkpoint, splits, identity, after=trained if shared else None)

    def _uses_probes(self, analysis: Analysis) -> bool:
        """Whether an analysis would score probes: heads do so only while they are cut."""
        return "ablate" not in analysis.options or self.options.ablate

    def _task(
        self,
        analysis: Analysis,
        checkpoint: Checkpoint,
        splits: Splits,
        digests: Mapping[str, str],
        *,
        after: Task | None = None,
    ) -> Task:
        """One task, with the digests of what it reads."""
        bank = splits.name if after is None or not analysis.carried else f"{after.sources.treebank}-to-{splits.name}"
        identity = {name: digest for name, digest in digests.items() if name == "checkpoint" or name in analysis.splits}
        identity["options"] = json_digest(self.options.chosen(analysis.options))
        if after is not None:
            identity["probes"] = json_digest(after.identity)
        paths: dict[Split, Path | None] = {"train": splits.train, "dev": splits.dev, "test": splits.test}
        sources = Sources(
            model=checkpoint.source,
            revision=checkpoint.revision,
            name=checkpoint.name,
            treebank=splits.name,
            probes=None if after is None else self.folder.task(after.name),
            device=self.device,
            cache=self.folder.cache_of(checkpoint.name),
            max_sentences=self.max_sentences,
            dev=splits.dev,
            **{split: path for split, path in paths.items() if split != "dev" and split in analysis.splits},
        )
        name = "--".join(file_name(part) for part in (checkpoint.name, bank, analysis.name))
        return Task(name, analysis, checkpoint, sources, self.options, identity, None if after is None else after.name)

    def _digests(self, splits: Splits) -> dict[str, str]:
        """SHA-256 of what is read of each split of a treebank, once the splits are checked."""
        sources = Sources(
            model="", train=splits.train, dev=splits.dev, test=splits.test, max_sentences=self.max_sentences
        )
        return {split: bank.digest for split, bank in sources.read().items()}


State = Literal["done", "failed", "busy", "disk full"]
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Outcome:
    """How an attempt at a task ended: `busy` when another process is at it; `reason` says why it failed."""

    task: Task
    state: State
    reason: str = ""
    detail: str = ""


def execute(task: Task, folder: SweepFolder, *, threads: int, figures: bool, replace: bool = False) -> Outcome:
    """Do a task and put its folder in place; one that has ended, or is being done, here or elsewhere, is left alone.

    With `replace`, what was found of another checkpoint, treebank or options under the task's name is replaced. Never
    raises for what the task is about: a failure is an outcome.
    """
    if is_done(task, folder):
        return Outcome(task, "done")
    if (failure := failure_of(task, folder)) is not None:
        return Outcome(task, "failed", failure["reason"], failure["detail"])
    if (lacking := _lacking_probes(task, folder)) is not None:
        return Outcome(task, "failed", lacking)
    damaged = folder.task(task.name).is_dir() and folder.record(task.name) is None
    try:
        with staged_folder(folder.task(task.name), overwrite=replace or damaged) as staging, _bounded_threads(threads):
            subject = open_subject(task.analysis, task.sources)
            _check_unchanged(task, subject)
            perform(task.analysis, subject, staging, options=task.options, figures=figures, about=_about(task))
    except BusyError:
        return Outcome(task, "busy")
    except Exception as error:
        # Another process may have finished it between the first look and the lock: then its folder is in the way.
        return Outcome(task, "done") if is_done(task, folder) else _failure(task, error)
    return Outcome(task, "done")


def is_done(task: Task, folder: SweepFolder) -> bool:
    """Whether the task is finished, of the same checkpoint, treebank and options."""
    record = folder.record(task.name)
    return record is not None and record.get("identity") == dict(task.identity)


def failure_of(task: Task, folder: SweepFolder) -> dict[str, Any] | None:
    """The record of the task's failure, where it is of the same checkpoint, treebank and options."""
    failure = folder.failure(task.name)
    return failure if failure is not None and failure.get("identity") == dict(task.identity) else None


def _lacking_probes(task: Task, folder: SweepFolder) -> str | None:
    """Why the task cannot have the probes that it takes over; None when they are there, or it needs none."""
    if task.after is None:
        return None
    record, failure = folder.record(task.after), folder.failure(task.after)
    if record is not None and json_digest(record.get("identity", {})) == task.identity["probes"]:
        return None
    reason = "is not done" if failure is None else f"failed: {failure['reason']}"
    return f"it needs the probes of {task.after}, which {reason}"


def _about(task: Task) -> dict[str, object]:
    """What the record says of the task besides what every analysis records."""
    return {
        "task": task.name,
        "identity": dict(task.identity),
        "revision": task.checkpoint.revision,
        "family": task.checkpoint.family,
        "step": task.checkpoint.step,
        "machine": f"{socket.gethostname()}, process {os.getpid()}",
    }


def _check_unchanged(task: Task, subject: Subject) -> None:
    """Refuse treebanks that are no longer what they were when the sweep was planned."""
    for split, bank in subject.splits.items():
        if bank.digest != task.identity[split]:
            raise TreebankError(f"{bank.path} changed while the sweep was running; start it again")


def _failure(task: Task, error: Exception) -> Outcome:
    """The outcome of a task that raised; a full disk is no fault of the task's."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    full = any(isinstance(cause, OSError) and cause.errno in FULL for cause in causes)
    return Outcome(task, "disk full" if full else "failed", f"{type(error).__name__}: {error}", traceback.format_exc())


@contextmanager
def _bounded_threads(threads: int) -> Iterator[None]:
    """Keep torch, BLAS and OpenMP to so many threads, so that workers on one machine do not fight for cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_num_threads(before)
