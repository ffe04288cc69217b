"""Pre-trains a run of the ablations."""

from pathlib import Path

from treeprobe.pipeline.ablations.plan import AblationPlan, Run
from treeprobe.pipeline.subjects.treebanks import read_split
from treeprobe.training import pretrain


def pretrain_run(run: Run, plan: AblationPlan) -> None:
    """Pre-train a run, from where it was if it was begun; one that is complete is left as it is."""
    sentences = read_split(plan.train, "train", limit=plan.max_sentences)
    pretrain(sentences, run_path(run, plan), options=run.options, device=plan.device, progress=False)


def run_path(run: Run, plan: AblationPlan) -> Path:
    """The folder of a run, which holds its checkpoints by step."""
    return plan.folder / "runs" / run.name
