"""What was measured of the checkpoints of an ablation: a tally of each measure, read back from the folder's sweep."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from treeprobe.parsing import Tally
from treeprobe.pipeline.ablations.finetuning import read_accuracy
from treeprobe.pipeline.ablations.plan import AblationPlan, Run
from treeprobe.pipeline.results.finished import Finished, read_finished
from treeprobe.pipeline.results.measured import best_measured, everything_measured

UUAS, MASKED_LOSS, NEXT_LOSS, TASK = "uuas", "masked_loss", "next_loss", "upos_accuracy"
"""Share of the gold edges that the probe of the best layer finds; nats a masked subword; nats a subword from the left:
the two losses are different quantities; share of the words whose part of speech the fine-tuned model finds."""
_LOSSES: Mapping[str, str] = {"masked": MASKED_LOSS, "next": NEXT_LOSS}


@dataclass(frozen=True)
class Measured:
    """One measure of one checkpoint.

    Attributes:
        step: how many steps it was pre-trained for.
        layer: the layer that was probed, chosen on the sentences that are scored; None of what has none.
    """

    run: Run
    step: int
    measure: str
    tally: Tally
    layer: int | None = None


def collect(plan: AblationPlan) -> list[Measured]:
    """Everything that was measured of the runs of a plan."""
    runs = {run.name: run for run in plan.runs()}
    found: list[Measured] = []
    for one in read_finished(plan.folder / "sweep"):
        name, step = one.record.get("family"), one.record.get("step")
        if isinstance(step, int) and name in runs and step in runs[name].options.save_steps:
            found += _measures(one, runs[name], step)
    for run in runs.values() if plan.finetuning_steps else ():
        if (tally := read_accuracy(run, plan, measure=TASK)) is not None:
            found.append(Measured(run, run.options.steps, TASK, tally))
    return found


def _measures(one: Finished, run: Run, step: int) -> Iterator[Measured]:
    """The measures of one analysis of a checkpoint."""
    if one.analysis == "structure":
        best = best_measured(one)
        yield Measured(run, step, UUAS, best.tally(), best.layer)
    elif one.analysis == "perplexity":
        (loss,) = everything_measured(one)
        yield Measured(run, step, _LOSSES[loss.setting.probe], loss.tally())
