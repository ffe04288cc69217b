"""Models of a text and its shifted twin: mixed in one BERT, the same to it, or apart in two."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType

import torch
from tqdm import tqdm
from transformers import BertForMaskedLM, PreTrainedTokenizerFast, get_linear_schedule_with_warmup

from treeprobe.devices import check_device, memory_named, seeded
from treeprobe.digests import json_digest
from treeprobe.files import staged_folder, write_json
from treeprobe.parsing import Sentence
from treeprobe.records import Fields, sealed
from treeprobe.training.bilingual.examples import bilingual_batches
from treeprobe.training.bilingual.language_bert import LanguageBertConfig, LanguageBertForMaskedLM
from treeprobe.training.bilingual.separate_bert import side_by_side
from treeprobe.training.bilingual.shifted import bilingual_tokenizer, second_language_from, shifted_text
from treeprobe.training.models import new_model, save_checkpoint
from treeprobe.training.optimizing import TrainingLoop
from treeprobe.training.options import PretrainingError, PretrainingOptions

_RECORD = "training.json"


@dataclass(frozen=True)
class Condition:
    """How a model comes to know both languages.

    Attributes:
        translation: it is trained on pairs of translations too.
        language_embeddings: it is told the language of every position.
        mixed: it is trained on both. Where it is not, one BERT is trained on the first language alone, and reads the
            second as another spelling of it (`same`), or leaves it to a second BERT (`apart`).
    """

    translation: bool = False
    language_embeddings: bool = False
    mixed: bool = True


CONDITIONS: Mapping[str, Condition] = MappingProxyType(
    {
        "same": Condition(mixed=False),
        "apart": Condition(mixed=False),
        "mlm": Condition(),
        "mlm-languages": Condition(language_embeddings=True),
        "tlm": Condition(translation=True),
        "tlm-languages": Condition(translation=True, language_embeddings=True),
    }
)
"""The models that are made, by name. Of the first two it is known what they share: everything, and nothing."""


def make_bilingual(
    sentences: Sequence[Sentence],
    out: str | Path,
    *,
    options: PretrainingOptions | None = None,
    conditions: Sequence[str] = tuple(CONDITIONS),
    device: str = "cpu",
    progress: bool = True,
) -> list[Path]:
    """Pre-train small BERTs on a text and its shifted twin, one for each condition.

    All have the same size, the same sentences and as many steps. A model that is complete is kept, so that a call that
    was cut off goes on; one that was made with other options or sentences is refused. On one machine, with one number
    of threads, the same call gives the same checkpoints.

    Args:
        sentences: the first language's; those of the second are made of them.
        out: the folder to write, a checkpoint for each condition in it.
        options: size and schedule; always without next sentences. `vocabulary_size` is that of one language.
        conditions: names of `CONDITIONS`.
        device: where to train, by torch's name.
        progress: show a progress bar.

    Returns:
        The checkpoints' folders, in the order of `conditions`.

    Raises:
        PretrainingError: an unknown condition, fewer than two sentences, a text in other letters than Latin ones, or a
            folder that holds another model.
        OutputError: another process is writing a model.
        DeviceError: this machine has no such device.
        DeviceMemoryError: training does not fit into its memory.
    """
    check_device(torch, device)
    if unknown := [name for name in conditions if name not in CONDITIONS]:
        raise PretrainingError(f"conditions {', '.join(unknown)}; expected some of {', '.join(CONDITIONS)}")
    if len(sentences) < 2:
        raise PretrainingError(f"{len(sentences)} sentences of text; expected at least two to train on")
    options = replace(options or PretrainingOptions(save_steps=(6000,)), next_sentence=False)
    texts = [sentence.text for sentence in sentences]
    folders = [Path(out) / name for name in conditions]
    for name, folder in zip(conditions, folders, strict=True):
        if folder.exists():
            _check_same(folder, texts, options)
        else:
            with (
                staged_folder(folder) as staging,
                memory_named(torch, work="pre-training", remedy="smaller batches (batch_size), a smaller model"),
            ):
                _make(name, texts, staging, options, device=device, progress=progress)
    return folders


def _check_same(folder: Path, texts: Sequence[str], options: PretrainingOptions) -> None:
    """Raises PretrainingError where a folder does not hold a model of these sentences and options."""
    remedy = "remove it, or ask for another folder"
    try:
        record = Fields.read(folder / _RECORD, error=PretrainingError, remedy=remedy)
    except OSError as error:
        raise PretrainingError(f"{folder}: holds no {_RECORD}; expected a model of two languages; {remedy}") from error
    expected = sealed({"options": asdict(options), "text": text_digest(texts)})
    found = record.content
    if differing := [name for name, value in expected["options"].items() if found["options"].get(name) != value]:
        name = differing[0]
        raise PretrainingError(
            f"{folder}: made with {name}={found['options'].get(name)}; expected {expected['options'][name]}; {remedy}"
        )
    if found["text"] != expected["text"]:
        raise PretrainingError(f"{folder}: made of other sentences; {remedy}")


def text_digest(texts: Sequence[str]) -> str:
    """SHA-256 of some sentences."""
    return json_digest({"text": list(texts)})


def _make(
    name: str, texts: Sequence[str], folder: Path, options: PretrainingOptions, *, device: str, progress: bool
) -> None:
    """Write the checkpoint of a condition, with the losses of its training."""
    condition = CONDITIONS[name]
    size = {"size": options.vocabulary_size, "max_subwords": options.max_subwords}
    tokenizer = bilingual_tokenizer(texts, **size, shared=name == "same")
    record: dict[str, object] = {"condition": name, "options": asdict(options)}
    if condition.mixed:
        model, losses = _train(texts, tokenizer, condition, options, label=name, device=device, progress=progress)
        save_checkpoint(model, tokenizer, folder)
    else:
        # Either language's text is the other's, so one vocabulary serves both BERTs.
        one = bilingual_tokenizer(texts, **size, shared=True)
        seeds = [options.seed] if name == "same" else [options.seed, options.seed + 1]
        trained = [
            _train(texts, one, condition, replace(options, seed=seed), label=name, device=device, progress=progress)
            for seed in seeds
        ]
        models, losses = [model for model, _ in trained], [loss for _, each in trained for loss in each]
        if name == "same":
            save_checkpoint(models[0], tokenizer, folder)
        else:
            second = second_language_from(tokenizer)
            joined = side_by_side(models[0].bert, models[1].bert, second_language=second)
            save_checkpoint(joined, tokenizer, folder)
    about = {"sentences": len(texts), "text": text_digest(texts), "losses": losses}
    write_json(folder / _RECORD, sealed(record | about))


def _train(
    texts: Sequence[str],
    tokenizer: PreTrainedTokenizerFast,
    condition: Condition,
    options: PretrainingOptions,
    *,
    label: str,
    device: str,
    progress: bool,
) -> tuple[BertForMaskedLM, list[float]]:
    """A model trained under a condition, on the CPU again, and the loss of every step in nats."""
    # A pair of translations is two examples long, while its positions are those of one.
    limit = {"truncation": True, "max_length": options.max_subwords}
    first = tokenizer(list(texts), **limit)["input_ids"]
    second = tokenizer([shifted_text(text) for text in texts], **limit)["input_ids"]
    with seeded(torch, options.seed, device):
        model = new_model(tokenizer, options)
        if condition.language_embeddings:
            told = {key: value for key, value in model.config.to_dict().items() if key != "model_type"}
            config = LanguageBertConfig(**told | {"second_language": second_language_from(tokenizer)})
            languages = LanguageBertForMaskedLM(config)
            languages.load_state_dict(model.state_dict())
            model = languages
        loop = TrainingLoop(
            model.to(device),
            steps=options.steps,
            learning_rate=options.learning_rate,
            schedule=get_linear_schedule_with_warmup,
        )
        batches = bilingual_batches(
            tokenizer,
            first,
            second,
            options,
            translation=condition.translation,
            language_embeddings=condition.language_embeddings,
        )
        for _ in tqdm(loop.run(batches), label, options.steps, unit="step", disable=not progress):
            pass
        return model.cpu().eval(), loop.losses["language_model"]
