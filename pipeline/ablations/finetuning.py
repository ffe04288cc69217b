"""Fine-tunes the last checkpoint of a run on parts of speech, and keeps how many words of each sentence are right."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from treeprobe.extraction import Encoder
from treeprobe.files import staged_folder, write_json
from treeprobe.parsing import Tally
from treeprobe.parsing.scores import micro
from treeprobe.pipeline.ablations.plan import AblationPlan, Run
from treeprobe.pipeline.ablations.pretraining import run_path
from treeprobe.pipeline.ablations.variants import AblationError
from treeprobe.pipeline.subjects.treebanks import read_split
from treeprobe.records import Fields
from treeprobe.training.finetuning import FinetuningOptions, finetune, upos_task
from treeprobe.training.finetuning.evaluation import predict_held_out
from treeprobe.training.finetuning.metrics import WORD_ACCURACY

_RECORD, _COUNTS = "finetuning.json", "sentences.csv"


def finetune_run(run: Run, plan: AblationPlan) -> None:
    """Fine-tune a run on the parts of speech of the training split, unless it was; score it on dev.

    Raises AblationError where it was fine-tuned for another number of steps.
    """
    out = _path(run, plan)
    if out.is_dir():
        remedy = f"remove {out}, and it is done again"
        found = Fields.read(out / _RECORD, error=AblationError, remedy=remedy).integer("steps")
        if found != plan.finetuning_steps:
            raise AblationError(
                f"{out}: was fine-tuned for {found} steps; expected {plan.finetuning_steps}. {remedy.capitalize()}"
            )
        return
    train = read_split(plan.train, "train", limit=plan.max_sentences)
    dev = read_split(plan.dev, "dev", limit=plan.max_sentences)
    task = upos_task({"train": train, "dev": dev})
    options = FinetuningOptions(steps=plan.finetuning_steps, evaluations=1, seed=run.seed)
    with staged_folder(out) as folder:
        tuned = finetune(
            task,
            run_path(run, plan) / f"step-{run.options.steps}",
            folder / "model",
            options=options,
            device=plan.device,
            progress=False,
        )
        model = task.shape.model_class.from_pretrained(tuned.checkpoint).to(plan.device)
        tokenizer = Encoder.from_pretrained(tuned.checkpoint).tokenizer
        length = min(options.max_subwords, run.options.max_subwords)
        predicted = predict_held_out(task, model, tokenizer, max_subwords=length)["dev"]
        tally = WORD_ACCURACY.tally(task.held_out["dev"], predicted)
        counts = pd.DataFrame({"right": tally.numerators, "words": tally.denominators})
        if tally.documents is not None:
            counts["document"] = tally.documents
        counts.to_csv(folder / _COUNTS, index=False)
        shutil.rmtree(folder / "model")
        write_json(folder / _RECORD, {"task": "upos", "steps": plan.finetuning_steps})


def read_accuracy(run: Run, plan: AblationPlan, *, measure: str) -> Tally | None:
    """How many words of each sentence of dev have the right part of speech; None where the run was not fine-tuned."""
    path = _path(run, plan) / _COUNTS
    if not path.is_file():
        return None
    counts = pd.read_csv(path)
    documents = counts["document"].to_numpy(dtype=np.int64) if "document" in counts else None
    return micro(measure, counts["right"].to_numpy(), counts["words"].to_numpy(), documents=documents)


def _path(run: Run, plan: AblationPlan) -> Path:
    """The folder of what a run was fine-tuned for."""
    return plan.folder / "tasks" / run.name
