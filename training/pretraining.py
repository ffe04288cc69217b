"""A small BERT pre-trained from scratch on the text of a treebank, with its checkpoints saved by step.

The objective is that of Devlin et al. (2019), section 3.1: predict 15 % of the subwords, of which 80 % are shown as
[MASK], 10 % as a random subword and 10 % as they are; and whether the second sentence follows the first. The options
are their ablations: table 5 (no next-sentence prediction, left to right), table 6 (size) and table 8 (masking).
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerFast, get_linear_schedule_with_warmup

from treeprobe.devices import check_device, memory_named
from treeprobe.files import staged_folder, write_json
from treeprobe.parsing import Sentence
from treeprobe.training.bilstm import with_bilstm
from treeprobe.training.examples import split_documents, training_batches
from treeprobe.training.models import new_model, save_checkpoint
from treeprobe.training.optimizing import TrainingLoop
from treeprobe.training.options import PretrainingError, PretrainingOptions
from treeprobe.training.tokenizer import train_tokenizer


def pretrain(
    sentences: Sequence[Sentence],
    out: str | Path,
    *,
    options: PretrainingOptions | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Pre-train a BERT on the sentences' text, and save a whole checkpoint in `out/step-N` for every step to save.

    The text determines the vocabulary; the seed determines weights, order, pairs and masks. On one machine, with one
    number of threads, the same call gives the same checkpoints.

    Args:
        sentences: in the order of the text; `# newdoc` comments divide it into documents.
        out: the folder to write. Besides the checkpoints it holds `training.json`: the options, and the loss of every
            step in nats.
        options: size, objective and schedule; the defaults take about ten minutes on two cores.
        device: where to train, by torch's name. Weights are drawn on the CPU, so step 0 is the same everywhere.
        overwrite: replace what `out` holds.
        progress: show a progress bar.

    Returns:
        `out`.

    Raises:
        OutputError: `out` holds files.
        PretrainingError: fewer than two sentences, or no document of two where the next sentence is predicted.
        DeviceError: this machine has no such device.
        DeviceMemoryError: training does not fit into its memory.
    """
    check_device(torch, device)
    options = options or PretrainingOptions()
    documents = split_documents(sentences)
    if len(sentences) < 2:
        raise PretrainingError(f"{len(sentences)} sentences of text; expected at least two to train on")
    if options.next_sentence and max(map(len, documents)) < 2:
        raise PretrainingError(
            f"{len(documents)} documents of one sentence each; expected a longer document, or next_sentence=False"
        )
    place = torch.device(device)
    remedy = "smaller batches (batch_size), shorter examples (max_subwords), a smaller model"
    with (
        staged_folder(out, overwrite=overwrite) as folder,
        torch.random.fork_rng(devices=[place] if place.type == "cuda" else []),
        memory_named(torch, work="pre-training", remedy=remedy),
    ):
        torch.manual_seed(options.seed)
        tokenizer = train_tokenizer(
            (line for document in documents for line in document),
            vocabulary_size=options.vocabulary_size,
            max_subwords=options.max_subwords,
        )
        model = new_model(tokenizer, options).to(place)
        if 0 in options.save_steps:
            _save(model, tokenizer, folder / "step-0", options)
        loop = TrainingLoop(
            model,
            steps=options.steps,
            learning_rate=options.learning_rate,
            schedule=get_linear_schedule_with_warmup,
        )
        steps = loop.run(training_batches(tokenizer, documents, options))
        for step in tqdm(steps, "pre-training", options.steps, unit="step", disable=not progress):
            if step in options.save_steps:
                _save(model, tokenizer, folder / f"step-{step}", options)
        losses = [sum(each) for each in zip(*loop.losses.values())]
        record = {"options": asdict(options), "sentences": len(sentences), "losses": losses}
        write_json(folder / "training.json", record)
    return Path(out)


def _save(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path, options: PretrainingOptions
) -> None:
    """Save a checkpoint, with an LSTM on top where one is asked for."""
    save_checkpoint(with_bilstm(model, seed=options.seed) if options.bilstm else model, tokenizer, folder)
