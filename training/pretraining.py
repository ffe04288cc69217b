"""A small BERT pre-trained from scratch on text, with its checkpoints saved by step.

The objective is that of Devlin et al. (2019), section 3.1: predict 15 % of the subwords, of which 80 % are shown as
[MASK], 10 % as a random subword and 10 % as they are; and whether the second sentence follows the first. The options
are their ablations: table 5 (no next-sentence prediction, left to right), table 6 (size) and table 8 (masking).
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm
from transformers import PreTrainedModel, get_linear_schedule_with_warmup

from treeprobe.devices import check_device, memory_named, seeded
from treeprobe.files import remove_drafts, staged_folder, write_json
from treeprobe.parsing import Sentence
from treeprobe.records import sealed
from treeprobe.training.bilstm import with_bilstm
from treeprobe.training.evaluation import evaluate
from treeprobe.training.examples import held_out_batches, training_batches
from treeprobe.training.models import new_model, save_checkpoint
from treeprobe.training.optimizing import TrainingLoop
from treeprobe.training.options import PretrainingOptions
from treeprobe.training.record import RECORD, TrainingRecord
from treeprobe.training.run_folder import run_folder
from treeprobe.training.text import Documents, check_documents, documents_of, text_digest
from treeprobe.training.tokenizer import train_tokenizer

_STATE = ".training-state.safetensors"
_STATES = 20
"""How often the state of the training is saved, besides at the steps to save."""


def pretrain(
    text: Sequence[Sentence] | Documents,
    out: str | Path,
    *,
    held_out: Sequence[Sentence] | Documents | None = None,
    options: PretrainingOptions | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Pre-train a BERT on text, and save a whole checkpoint in `out/step-N` for every step to save.

    The text determines the vocabulary; the seed determines weights, order, pairs and masks. On one machine, with one
    number of threads, the same call gives the same checkpoints, also where it was cut off and called again: it goes on
    where it was. A complete run is left as it is.

    Args:
        text: documents of sentences, as `read_documents` reads them; or the sentences of a treebank in the order of its
            text, which `# newdoc` comments divide into documents.
        out: the folder to write. Besides the checkpoints, each of which appears when it is whole, it holds
            `training.json`: the options, the loss of every step, and the evaluations (`TrainingRecord`).
        held_out: text to evaluate the model on by step; none where None.
        options: size, objective and schedule; the defaults take about ten minutes on two cores.
        device: where to train, by torch's name. Weights are drawn on the CPU, so step 0 is the same everywhere.
        overwrite: remove what `out` holds, and begin anew.
        progress: show a progress bar.

    Returns:
        `out`.

    Raises:
        OutputError: `out` cannot be written, or the disk is full; what is complete is kept.
        PretrainingError: text that is too short; or `out` holds a run with other options or other files.
        DeviceError: this machine has no such device.
        DeviceMemoryError: training does not fit into its memory.
    """
    check_device(torch, device)
    options = options or PretrainingOptions()
    documents, held = documents_of(text), None if held_out is None else documents_of(held_out)
    check_documents(documents, options)
    made_with: dict[str, Any] = {**asdict(options), "text_sha256": text_digest(documents)}
    if held is not None:
        check_documents(held, options, kind="held-out text")
        made_with["held_out_sha256"] = text_digest(held)
    remedy = "smaller batches (batch_size), shorter examples (max_subwords), a smaller model"
    with (
        run_folder(out, record=RECORD, options=made_with, made="a pre-training run", overwrite=overwrite) as run,
        seeded(torch, options.seed, device),
        memory_named(torch, work="pre-training", remedy=remedy),
    ):
        folder, started = run
        if not (started and TrainingRecord.read(folder).complete):
            _Pretraining(folder, documents, held, options, made_with).run(device, progress=progress)
        (folder / _STATE).unlink(missing_ok=True)
    return Path(out)


class _Pretraining:
    """A run in its folder, which this process alone writes."""

    def __init__(
        self,
        folder: Path,
        documents: Documents,
        held_out: Documents | None,
        options: PretrainingOptions,
        made_with: dict[str, Any],
    ) -> None:
        """The tokenizer, and what does not change from step to step."""
        self.folder, self.options, self.documents, self.made_with = folder, options, documents, made_with
        self.tokenizer = train_tokenizer(
            (line for document in documents for line in document),
            vocabulary_size=options.vocabulary_size,
            max_subwords=options.max_subwords,
        )
        self.held_out = [] if held_out is None else held_out_batches(self.tokenizer, held_out, options)
        self.evaluations: list[dict[str, Any]] = []

    def run(self, device: str, *, progress: bool) -> None:
        """Train to the end, from the last state that was saved."""
        options, folder = self.options, self.folder
        remove_drafts(folder)
        model = new_model(self.tokenizer, options).to(device)
        loop = TrainingLoop(
            model,
            steps=options.steps,
            learning_rate=options.learning_rate,
            schedule=get_linear_schedule_with_warmup,
        )
        if (folder / _STATE).exists():
            self.evaluations = loop.load(folder / _STATE)
        else:
            self._note(loop)
            self._reach(loop)
        batches = training_batches(self.tokenizer, self.documents, options)
        steps, done = loop.run(batches), loop.step
        bar = tqdm(steps, "pre-training", options.steps, initial=done, unit="step", disable=not progress)
        for _ in bar:
            self._reach(loop)
            if self.evaluations:
                bar.set_postfix(_shown(self.evaluations[-1]), refresh=False)
        self._note(loop)

    def _reach(self, loop: TrainingLoop) -> None:
        """Do what there is to do after a step: save, evaluate, and then record that it is done."""
        step, options = loop.step, self.options
        saved = step in options.save_steps
        if saved:
            self._save(loop.model, step)
        if self.held_out and step in options.evaluation_steps:
            self.evaluations.append({"step": step, **asdict(evaluate(loop.model, self.held_out))})
        if step and (saved or step % max(options.steps // _STATES, 1) == 0):
            loop.save(self.folder / _STATE, self.evaluations)
            self._note(loop)

    def _save(self, model: PreTrainedModel, step: int) -> None:
        """Save a checkpoint, with an LSTM on top where one is asked for; whole or not at all."""
        if self.options.bilstm:
            model = with_bilstm(model, seed=self.options.seed)
        with staged_folder(self.folder / f"step-{step}", overwrite=True) as staging:
            save_checkpoint(model, self.tokenizer, staging)

    def _note(self, loop: TrainingLoop) -> None:
        """Write the record of the steps that are done."""
        sentences = sum(map(len, self.documents))
        content = {"options": self.made_with, "documents": len(self.documents), "sentences": sentences}
        content |= {"step": loop.step, "losses": loop.losses, "held_out": self.evaluations}
        write_json(self.folder / RECORD, sealed(content))


def _shown(evaluation: dict[str, Any]) -> dict[str, str]:
    """What the progress bar shows of the last evaluation."""
    shown = {"held-out loss": evaluation["loss"], "accuracy": evaluation["accuracy"]}
    if evaluation["next_sentence_accuracy"] is not None:
        shown["next sentence"] = evaluation["next_sentence_accuracy"]
    return {name: f"{value:.3f}" for name, value in shown.items()}
