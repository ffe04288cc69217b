"""Everything that a plan of ablations asks for, in one folder; what is done is not done again.

OUT/
    runs/NAME/          a pre-training run, NAME of its variant and seed
    tasks/NAME/         how well its last checkpoint was fine-tuned
    sweep/              the analyses of the checkpoints, as `treeprobe sweep` leaves them
    measures.csv        every measure of every run
    variants.csv        means over seeds, and differences from the first variant of each experiment
    figures/            one for each experiment
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from treeprobe.errors import OutputError
from treeprobe.files import written_whole
from treeprobe.pipeline.ablations.collecting import Measured, collect
from treeprobe.pipeline.ablations.comparing import compare_variants
from treeprobe.pipeline.ablations.figures import draw
from treeprobe.pipeline.ablations.finetuning import finetune_run
from treeprobe.pipeline.ablations.plan import AblationPlan, Run
from treeprobe.pipeline.ablations.pretraining import pretrain_run, run_path
from treeprobe.pipeline.ablations.telling import tell
from treeprobe.pipeline.ablations.work import do_all
from treeprobe.pipeline.options import RankLowered
from treeprobe.pipeline.stopwatch import Progress
from treeprobe.pipeline.subjects.treebanks import splits_of
from treeprobe.pipeline.sweeps import Plan, SweepError, Workers, sweep


@dataclass(frozen=True)
class Ablations:
    """What the ablations leave: `table` is that of `compare_variants`, `text` says what it shows."""

    out: Path
    measures: pd.DataFrame
    table: pd.DataFrame
    text: str


def ablate(plan: AblationPlan, *, workers: Workers | None = None, progress: Progress = True) -> Ablations:
    """Pre-train every run of the plan, probe, measure losses, fine-tune, compare the variants, and draw.

    Any number of processes may do the same plan in the same folder at once, and one that was killed is started again:
    runs go on from where they were, and what is finished stays.

    Args:
        workers: where runs and analyses are done; one by one in this process by default.
        progress: show bars, or with "stages" a line when something ends.

    Raises:
        TreeprobeError: something cannot be used as asked, or is not as an earlier call with other options left it.
        SweepError: an analysis failed; the message says why.
    """
    workers = workers or Workers()
    runs = plan.runs()
    # An LSTM of random weights predicts nothing, and transformers knows no head on top of it.
    plain = [run for run in runs if not run.options.bilstm]
    do_all(pretrain_run, runs, plan, workers, title="pre-training", progress=progress)
    _analyse(plan, runs, "structure", workers, progress)
    _analyse(plan, plain, "perplexity", workers, progress)
    if plan.finetuning_steps:
        do_all(finetune_run, plain, plan, workers, title="fine-tuning", progress=progress)
    measured = collect(plan)
    table = compare_variants(measured, plan.variants)
    found = Ablations(plan.folder, _measure_table(measured), table, tell(table))
    _write(found, plan)
    return found


def _analyse(plan: AblationPlan, runs: Sequence[Run], analysis: str, workers: Workers, progress: Progress) -> None:
    """Analyse every checkpoint of some runs. Raises SweepError when one cannot be."""
    asked = Plan(
        models=[f"{run.name}={run_path(run, plan)}" for run in runs],
        treebanks=[splits_of(plan.train, plan.dev)],
        out=plan.folder / "sweep",
        analyses=(analysis,),
        options=plan.probes,
        device=plan.device,
        max_sentences=plan.max_sentences,
    )
    with warnings.catch_warnings():
        # Models are smaller than the probes' largest rank, all of them on purpose.
        warnings.simplefilter("ignore", RankLowered)
        done = sweep(asked, workers=workers, retry=True, keep_cache=False, progress=progress)
    if done.failed:
        raise SweepError("\n".join(f"{name}: {reason}" for name, reason in done.failed.items()))


def _measure_table(measured: Sequence[Measured]) -> pd.DataFrame:
    """A row for each measure of each checkpoint."""
    rows = [
        {
            "run": one.run.name, "seed": one.run.seed, "step": one.step, "measure": one.measure,
            "value": one.tally.value, "n": one.tally.n, "layer": one.layer,
        }
        for one in measured
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"layer": "Int64"})


def _write(found: Ablations, plan: AblationPlan) -> None:
    """Write tables and figures, each whole."""
    figures = found.out / "figures"
    try:
        figures.mkdir(exist_ok=True)
        for name, table in (("measures", found.measures), ("variants", found.table)):
            with written_whole(found.out / f"{name}.csv") as draft:
                table.to_csv(draft, index=False)
        draw(
            found.table, plan.variants, figures, vocabulary=plan.base.vocabulary_size, positions=plan.base.max_subwords
        )
    except OSError as error:
        raise OutputError(f"{found.out}: cannot be written: {error.strerror}") from error
