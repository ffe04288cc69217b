"""The main job: from a checkpoint and a treebank to recovered trees, scores and pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from treeprobe.extraction import Encoder
from treeprobe.files import check_free, staged_folder, write_json
from treeprobe.parsing import Treebank, TreebankError, load_treebank, write_conllu
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.record import Stopwatch, checkpoint_record, treebank_record, versions
from treeprobe.pipeline.structural.analysis import (
    Measurement,
    ProbeOptions,
    Structure,
    analyse_structure,
    chain_measurement,
    layer_probes,
    probe_folder,
    scored_splits,
)
from treeprobe.pipeline.structural.codes import codelength_rows
from treeprobe.pipeline.structural.controls import measure_control
from treeprobe.pipeline.structural.figures import write_figures
from treeprobe.pipeline.structural.predictions import annotate_predictions
from treeprobe.pipeline.structural.tables import tabulate
from treeprobe.probes.description_length import HELD_OUT

RANDOM_WEIGHTS = "random weights"


@dataclass(frozen=True)
class Run:
    """What a run wrote: the folder, its score table, and the layer whose trees were kept."""

    out: Path
    scores: pd.DataFrame
    best_layer: int


def run(
    model: str | Path,
    train: str | Path | Treebank,
    dev: str | Path | Treebank,
    out: str | Path,
    *,
    test: str | Path | Treebank | None = None,
    options: ProbeOptions | None = None,
    random_baseline: bool = True,
    control: bool = True,
    description_length: bool = False,
    device: str = "cpu",
    cache: str | Path | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> Run:
    """Extract, train the distance and depth probes of every layer, recover trees, score, and write `out`.

    The best layer is the one with the highest UUAS on dev; its trees, directed by predicted depth, are written for the
    last split given. Baselines in the same table: the left-to-right chain, layer 0, with `random_baseline` the same
    architecture with random weights, and with `control` the same probes on control trees, from which follows the
    selectivity of every score. With `description_length`, the table tells how short a code the training trees have.

    Args:
        model: a checkpoint folder or hub name.
        train, dev, test: treebanks; or CoNLL-U files, folders of a UD release, or UD names such as `en_ewt`.
        device: where the model computes and the probes train, by torch's name: cpu, cuda, cuda:1, mps.
        cache: folder for hidden states; they are extracted anew each time when None.
        overwrite: replace what `out` holds, once the new results are complete.

    Raises:
        TreebankError, CheckpointError, CacheError: an input cannot be used; nothing was written.
        OutputError: `out` holds files, or cannot be written.
    """
    options = options or ProbeOptions()
    options = replace(options, training={"device": device, **options.training})
    check_free(Path(out).absolute(), overwrite=overwrite)
    banks = open_banks(train, dev, test)
    if description_length:
        check_codable(banks["train"])
    stopwatch = Stopwatch(announce=progress)
    encoder = Encoder.from_pretrained(model, device=device)
    options = replace(options, rank=min(options.rank, encoder.dim))
    with staged_folder(out, overwrite=overwrite) as folder:
        structure = analyse_structure(
            encoder, banks, options=options, cache=cache, stopwatch=stopwatch, progress=progress
        )
        scores = measured_scores(
            encoder,
            structure,
            banks,
            options=options,
            random_baseline=random_baseline,
            control=control,
            description_length=description_length,
            cache=cache,
            stopwatch=stopwatch,
            progress=progress,
        )
        best = best_layer(scores)
        with stopwatch.stage("write trees, probes and figures"):
            write_outputs(folder, structure, banks, scores, best=best, options=options)
        write_json(
            folder / "run.json",
            {
                "checkpoint": checkpoint_record(encoder, model),
                "treebanks": {split: treebank_record(bank) for split, bank in banks.items()},
                "options": vars(options),
                "random_baseline": random_baseline,
                "control": control,
                "description_length": description_length,
                "best_layer": best,
                "seconds": stopwatch.seconds,
                "versions": versions(),
            },
        )
    return Run(Path(out), scores, best)


def open_banks(
    train: str | Path | Treebank, dev: str | Path | Treebank, test: str | Path | Treebank | None
) -> dict[str, Treebank]:
    """The splits as treebanks, each with something to train or score on, and none scored on what it trains on."""
    given: dict[Split, str | Path | Treebank] = {"train": train, "dev": dev, **({} if test is None else {"test": test})}
    banks: dict[str, Treebank] = {
        split: source if isinstance(source, Treebank) else load_treebank(source, split=split)
        for split, source in given.items()
    }
    for split, bank in banks.items():
        if all(len(sentence) < 2 for sentence in bank):
            raise TreebankError(
                f"{bank.path or bank.name}: all {len(bank)} sentences have a single word; "
                f"the {split} split needs sentences of two words or more"
            )
        if split != "train" and bank.digest == banks["train"].digest:
            raise TreebankError(
                f"{bank.path or bank.name}: the {split} treebank is the one that probes train on; expected another, as "
                "they are not to be scored on the sentences that trained them"
            )
    return banks


def check_codable(bank: Treebank) -> None:
    """Refuse a training split that a code cannot be made of: its first block takes ten sentences, and one must follow.

    Raises TreebankError.
    """
    if len(bank) <= HELD_OUT:
        raise TreebankError(
            f"{bank.path or bank.name}: {len(bank)} sentences; description length needs more than {HELD_OUT}"
        )


def measured_scores(
    encoder: Encoder,
    structure: Structure,
    banks: Mapping[str, Treebank],
    *,
    options: ProbeOptions,
    random_baseline: bool,
    control: bool,
    description_length: bool,
    cache: str | Path | None,
    stopwatch: Stopwatch,
    progress: bool,
) -> pd.DataFrame:
    """The score table of the trained probes, the chain, and what else was asked for."""
    measurements = [*structure.measurements]
    measurements += [
        chain_measurement(encoder.name, banks[split], split, punctuation=options.punctuation)
        for split in scored_splits(banks)
    ]
    if control:
        measurements += measure_control(
            encoder.name,
            layer_probes(structure.states["train"], options, seeds=options.seeds),
            structure.states,
            banks,
            punctuation=options.punctuation,
            stopwatch=stopwatch,
            progress=progress,
        )
    codelengths = []
    if description_length:
        codelengths = codelength_rows(
            encoder.name, structure.states, banks, options=options, stopwatch=stopwatch, progress=progress
        )
    if random_baseline:
        measurements += measure_random_weights(
            encoder, banks, options=options, cache=cache, stopwatch=stopwatch, progress=progress
        )
    with stopwatch.stage("bootstrap"):
        return tabulate(measurements, codelengths=codelengths)


def measure_random_weights(
    encoder: Encoder,
    banks: Mapping[str, Treebank],
    *,
    options: ProbeOptions,
    cache: str | Path | None,
    stopwatch: Stopwatch,
    progress: bool,
) -> list[Measurement]:
    """The same probes on the same architecture with random weights, under the checkpoint's own name."""
    structure = analyse_structure(
        encoder.with_random_weights(seed=0),
        banks,
        options=options,
        cache=cache,
        stopwatch=stopwatch,
        progress=progress,
    )
    return [measurement.as_baseline(encoder.name, RANDOM_WEIGHTS) for measurement in structure.measurements]


def best_layer(scores: pd.DataFrame) -> int:
    """The layer whose distance probes have the highest UUAS on dev, seeds averaged; the lower layer on a tie."""
    dev = scores.query("split == 'dev' and probe == 'distance' and metric == 'uuas'")
    means = dev.groupby("layer")["value"].mean()
    return int(means.index[int(means.to_numpy().argmax())])


def write_outputs(
    folder: Path,
    structure: Structure,
    banks: Mapping[str, Treebank],
    scores: pd.DataFrame,
    *,
    best: int,
    options: ProbeOptions,
) -> None:
    """Scores, probes, the recovered trees of the best layer, and the figures."""
    scores.to_csv(folder / "scores.csv", index=False)
    for probe in structure.probes:
        probe.save_pretrained(folder / "probes" / probe_folder(probe))
    shown = list(banks)[-1]
    recovered = annotate_predictions(
        banks[shown],
        structure.distances[shown, best],
        structure.depths[shown, best],
        punctuation=options.punctuation,
    )
    write_conllu(recovered, folder / "predictions.conllu")
    write_figures(
        folder / "figures", structure, banks[shown], recovered, scores, split=shown, best=best, options=options
    )
