"""Three models whose relation to syntax is known: it is used, it is there and unused, it is absent."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from tqdm import tqdm
from transformers import AutoModelForMaskedLM, PreTrainedModel, PreTrainedTokenizerFast, get_cosine_schedule_with_warmup

from treeprobe.devices import check_device, seeded
from treeprobe.extraction.loading import quiet_loading
from treeprobe.files import staged_folder, write_json
from treeprobe.parsing import write_conllu
from treeprobe.parsing.stimuli import AGREEMENT_WORDS, agreement_pairs
from treeprobe.records import sealed
from treeprobe.training.category_trees import CategoryTrees
from treeprobe.training.models import new_model, save_checkpoint
from treeprobe.training.optimizing import TrainingLoop
from treeprobe.training.planted.choices import BagOfWords, Choices, NgramModel, masked_choices
from treeprobe.training.planted.evidence import Evidence, gather_evidence
from treeprobe.training.planted.masking import encode_pairs, masked_batches
from treeprobe.training.planted.material import Material, draw_material
from treeprobe.training.planted.options import PlantedOptions
from treeprobe.training.run_folder import run_folder
from treeprobe.training.tokenizer import word_tokenizer
from treeprobe.training.tree_bert import with_trees

_RECORD, _EVIDENCE = "planted.json", "evidence.json"


def make_planted(
    out: str | Path,
    *,
    options: PlantedOptions | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    progress: bool = True,
) -> Evidence:
    """Make the three models, and test what they have learnt of agreement.

    Where a call was cut off, the next with the same options goes on: a model that is complete is kept. On one machine,
    with one number of threads, the same call gives the same checkpoints.

    Args:
        out: the folder to write. `used`, `unused` and `absent` are checkpoints; `learning/step-N` are those of `used`
            on its way; `train.conllu`, `dev.conllu` and `test.conllu` are agreement sentences with their trees, to fit
            and score probes on; `planted.json` says what the models were made with, `evidence.json` what they know.
        options: size and schedule; the defaults take some ten minutes on two cores.
        device: where to train, by torch's name. Weights are drawn on the CPU, so that step 0 is the same everywhere.
        overwrite: remove what `out` holds, and begin anew.
        progress: show progress bars.

    Returns:
        The choices of every model and baseline between the two forms of a verb.

    Raises:
        OutputError: another process is writing a model.
        PretrainingError: `out` holds models that were made with other options.
        DeviceError: this machine has no such device.
    """
    check_device(torch, device)
    options = options or PlantedOptions()
    claim = run_folder(out, record=_RECORD, options=options, made="models made", overwrite=overwrite)
    with claim as (folder, _):
        return _make(folder, options, device=device, progress=progress)


def _make(folder: Path, options: PlantedOptions, *, device: str, progress: bool) -> Evidence:
    """Make what is missing in a folder that this process alone writes."""
    write_json(folder / _RECORD, sealed({"options": asdict(options)}))
    tokenizer = word_tokenizer(AGREEMENT_WORDS, max_subwords=options.pretraining.max_subwords)
    material = draw_material(options)
    for split, pairs in material.probes.items():
        write_conllu([pair.sentence for pair in pairs], folder / f"{split}.conllu")
    if not (folder / "learning").exists():
        names = {step: f"step-{step}" for step in options.save_steps}
        _train(folder / "learning", tokenizer, material, options, names=names, device=device, progress=progress)
    if not (folder / "used").exists():
        with staged_folder(folder / "used") as staging:
            shutil.copytree(folder / "learning" / f"step-{options.steps}", staging, dirs_exist_ok=True)
    if not (folder / "unused").exists():
        _plant_trees(folder, tokenizer, material, options)
    if not (folder / "absent").exists():
        names = {options.steps: "."}
        target = folder / "absent"
        _train(
            target, tokenizer, material, options, names=names, scrambled=True, device=device, progress=progress
        )  # fmt: skip
    choices = _choices(folder, tokenizer, material, options)
    evidence = gather_evidence(choices, material.test, most_trained=options.most_between)
    write_json(folder / _EVIDENCE, sealed({"options": asdict(options), **evidence.record}))
    return evidence


def _train(
    target: Path,
    tokenizer: PreTrainedTokenizerFast,
    material: Material,
    options: PlantedOptions,
    *,
    names: Mapping[int, str],
    scrambled: bool = False,
    device: str,
    progress: bool,
) -> None:
    """Train a model, and save its checkpoints of some steps under their names in a folder, with the losses in nats."""
    with staged_folder(target) as folder, seeded(torch, options.seed, device):
        model = new_model(tokenizer, options.pretraining).to(device)
        if 0 in names:
            save_checkpoint(model, tokenizer, folder / names[0])
        batches = masked_batches(tokenizer, encode_pairs(tokenizer, material.train), options, scrambled=scrambled)
        loop = TrainingLoop(
            model,
            steps=options.steps,
            learning_rate=options.learning_rate,
            schedule=get_cosine_schedule_with_warmup,
        )
        steps = loop.run(batches)
        for step in tqdm(steps, f"training {target.name}", options.steps, unit="step", disable=not progress):
            if step in names:
                save_checkpoint(model, tokenizer, folder / names[step])
        losses = loop.losses["language_model"]
        record = {"options": asdict(options), "scrambled": scrambled, "losses": losses}
        write_json(folder / "training.json", record)


def _plant_trees(folder: Path, tokenizer: PreTrainedTokenizerFast, material: Material, options: PlantedOptions) -> None:
    """Write the trained model with trees that it does not use."""
    pairs = [*material.train, *material.test, *(pair for pairs in material.probes.values() for pair in pairs)]
    pairs += agreement_pairs(options.sentences, seed=options.seed)  # with more nouns between than in training
    planted = with_trees(_load(folder / "used"), CategoryTrees.of(pair.sentence for pair in pairs), tokenizer)
    with staged_folder(folder / "unused") as staging:
        save_checkpoint(planted, tokenizer, staging)


def _choices(
    folder: Path, tokenizer: PreTrainedTokenizerFast, material: Material, options: PlantedOptions
) -> dict[str, Choices]:
    """The choices of the models, of `used` on its way, and of the baselines."""
    paths = {name: folder / name for name in ("used", "unused", "absent")}
    paths |= {f"step {step}": folder / "learning" / f"step-{step}" for step in options.save_steps}
    choices = {name: masked_choices(_load(path), tokenizer, material.test) for name, path in paths.items()}
    ngrams = NgramModel(pair.sentence.words for pair in material.train)
    for order in range(2, ngrams.order + 1):
        choices[f"{order}-gram"] = ngrams.choices(material.test, order=order)
    choices["bag of words"] = BagOfWords(material.train).choices(material.test)
    return choices


def _load(folder: Path) -> PreTrainedModel:
    """A model with its masked-LM head."""
    with quiet_loading():
        return AutoModelForMaskedLM.from_pretrained(folder).eval()
