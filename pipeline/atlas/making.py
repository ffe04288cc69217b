"""`make_atlas`: a sweep over checkpoints and languages, which goes on where it was cut off, and what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from treeprobe.errors import TreeprobeError
from treeprobe.files import staged_folder
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.atlas.charts import Atlas
from treeprobe.pipeline.atlas.figures import draw_figures
from treeprobe.pipeline.atlas.page import render_atlas
from treeprobe.pipeline.atlas.reading import Charted, chart
from treeprobe.pipeline.atlas.treebanks import Languages, find_languages
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.report.results import Results, read_results
from treeprobe.pipeline.results.findings import FIGURES
from treeprobe.pipeline.results.finished import read_finished
from treeprobe.pipeline.stopwatch import Progress
from treeprobe.pipeline.subjects.treebanks import Splits
from treeprobe.pipeline.sweeps import Plan, Workers, find_checkpoints, sweep

ANALYSES = ("covariates", "structure", "transfer")
"""What is done for each checkpoint and language, each a task that fails alone."""
FOLDER, PAGE = "atlas", "atlas.html"
"""Where the atlas is in the folder of its sweep, and its page there."""


class AtlasError(TreeprobeError, ValueError):
    """Languages of which no atlas can be made."""


@dataclass(frozen=True, kw_only=True)
class AtlasPlan:
    """Which atlas is to be made.

    Attributes:
        models: checkpoints, as `find_checkpoints` takes them.
        languages: treebanks, as `find_languages` takes them.
        out: folder of the sweep, in which the atlas is `atlas/`.
        options: of all analyses. One rule of punctuation for all languages is `punctuation="upos"`.
        joint: also fit spaces of all languages together, and of all but each (`languages`).
        device, cache, max_sentences: as in `Plan`.
        figures: also write the figures as files of their own; the page has them anyway.
    """

    models: Sequence[str]
    languages: Sequence[str]
    out: str | Path
    options: Options = field(default_factory=lambda: Options(punctuation="upos"))
    joint: bool = True
    device: str = "cpu"
    cache: str | Path | None = None
    max_sentences: int | None = None
    figures: bool = True

    def sweep(self, treebanks: Sequence[Splits], analyses: Sequence[str], *, models: Sequence[str]) -> Plan:
        """The sweep of some analyses of some of its languages and models."""
        return Plan(
            models=models,
            treebanks=treebanks,
            out=self.out,
            analyses=analyses,
            options=self.options,
            cache=self.cache,
            device=self.device,
            max_sentences=self.max_sentences,
        )


@dataclass(frozen=True)
class Made:
    """A finished atlas.

    Attributes:
        page: its HTML file, beside its tables.
        atlas: what it shows.
        failures: why tasks failed, by their names, and languages that could not be read.
    """

    page: Path
    atlas: Atlas
    failures: Mapping[str, str]


def make_atlas(
    plan: AtlasPlan,
    *,
    workers: Workers | None = None,
    retry: bool = False,
    replace_changed: bool = False,
    progress: Progress = True,
) -> Made:
    """Analyse every language with every checkpoint, and write what their probes share into `OUT/atlas`.

    Every task is one of a sweep in `OUT`: finished ones are left as they are, and one that fails (a treebank that is
    damaged, a checkpoint that knows no word of a language) loses no other's results. Joint spaces are fitted last, on
    the languages that a checkpoint could be probed on.

    Args:
        workers, retry, progress: as of `sweep`; `replace_changed` is its `replace`.

    Raises:
        AtlasError: none of the languages can be read; the message says why of each.
        TreeprobeError: something else cannot be used as asked, as of `sweep`.
    """
    found = find_languages(plan.languages, max_sentences=plan.max_sentences)
    if not found.treebanks:
        told = "\n".join(f"{name}: {reason}" for name, reason in found.left_out.items()) or "found no language"
        raise AtlasError(f"no treebank to make an atlas of; expected one or more\n{told}")
    conduct = {"workers": workers, "retry": retry, "replace": replace_changed, "progress": progress}
    analyses = ANALYSES if len(found.treebanks) > 1 else ANALYSES[:2]
    ended = [sweep(plan.sweep(found.treebanks, analyses, models=plan.models), **conduct)]  # type: ignore[arg-type]
    if plan.joint:
        ended += [sweep(joint, **conduct) for joint in _joint_plans(plan, found)]  # type: ignore[arg-type]
    failures = dict(found.left_out)
    for one in ended:
        failures |= {**one.failed_before, **one.failed}
    atlas = read_atlas(plan, found)
    return Made(write_atlas(atlas, ended[0].out / FOLDER, figures=plan.figures), atlas, failures)


def read_atlas(plan: AtlasPlan, languages: Languages) -> Atlas:
    """What the sweep of a plan has found so far of its checkpoints and languages; nothing else in its folder."""
    checkpoints = [one.name for one in find_checkpoints(plan.models)]
    results = read_results(plan.out)
    split: Split = "test" if all(one.test is not None for one in languages.treebanks) else "dev"
    charted = chart(results.finished, checkpoints, languages.names, split=split)
    return Atlas.of(charted, languages, _own(results, charted, checkpoints, languages))


def write_atlas(atlas: Atlas, folder: Path, *, figures: bool = True) -> Path:
    """Write tables, page and figures into a folder, whole, in the place of those of before; returns the page."""
    with staged_folder(folder, overwrite=True) as draft:
        for name, table in atlas.tables.items():
            table.to_csv(draft / f"{name}.csv", index=False)
        if figures:
            (draft / FIGURES).mkdir()
            draw_figures(atlas, draft / FIGURES)
        (draft / PAGE).write_text(render_atlas(atlas), encoding="utf-8")
    return folder / PAGE


def _joint_plans(plan: AtlasPlan, languages: Languages) -> list[Plan]:
    """A sweep of joint spaces for models that know the same languages, where these are two or more."""
    groups: dict[tuple[str, ...], list[str]] = {}
    finished = read_finished(plan.out)
    for model in plan.models:
        names = [one.name for one in find_checkpoints([model])]
        charted = chart(finished, names, languages.names, split="dev")
        known = [name for name in languages.names if all(name in one.structures for one in charted)]
        if len(charted) == len(names) and len(known) > 1:
            groups.setdefault(tuple(known), []).append(model)
    return [
        plan.sweep([one for one in languages.treebanks if one.name in known], ["languages"], models=models)
        for known, models in groups.items()
    ]


def _own(results: Results, charted: Sequence[Charted], checkpoints: Sequence[str], languages: Languages) -> Results:
    """The results without what the folder holds of other checkpoints, languages and sets of languages."""
    failed = [
        one
        for one in results.failed
        if one.get("checkpoint") in checkpoints
        and (one.get("treebank") in languages.names or one.get("analysis") == "languages")
    ]
    return replace(results, finished=[each for one in charted for each in one.finished], failed=failed)
