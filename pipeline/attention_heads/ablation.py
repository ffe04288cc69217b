"""What a checkpoint loses when a head is cut: masked-LM loss, and the UUAS of probes at later layers."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from attention import ablated_heads, ablation_effects, masked_lm_encoder, masked_lm_loss
from extraction import CheckpointError, Encoder, extract
from parsing import Scorer, Treebank
from parsing.punctuation import PunctuationRule
from probes import DistanceProbe, ProbeError


def saved_distance_probes(folder: Path) -> list[DistanceProbe]:
    """The distance probes of a run's folder, by layer. Raises ProbeError when there are none."""
    found = sorted((folder / "probes").glob("distance-layer-*"))
    if not found:
        raise ProbeError(f"{folder} holds no distance probes; expected a run's folder with probes/distance-layer-N")
    loaded = [DistanceProbe.from_pretrained(one) for one in found]
    return sorted((probe for probe in loaded if probe.seed == loaded[0].seed), key=lambda probe: probe.layer or 0)


def ablation_table(
    model: str | Path,
    encoder: Encoder,
    bank: Treebank,
    probes: Sequence[DistanceProbe],
    *,
    punctuation: PunctuationRule = "xpos",
    progress: bool = True,
) -> pd.DataFrame:
    """One row a head and measurement: layer, head (from 1), metric, probe_layer, value, difference to the whole model.

    The masked-LM loss is left out for a checkpoint without that head, and UUAS when there are no probes.

    Raises:
        CheckpointError: neither can be measured.
    """
    tables = []
    try:
        speaker = masked_lm_encoder(str(model))
    except CheckpointError as error:
        if not probes:
            raise CheckpointError(f"{error}; give distance probes (--probes RUN) to measure ablations on") from error
    else:
        effects = ablation_effects(speaker, lambda: masked_lm_loss(speaker, bank.words), progress=progress)
        tables.append(effects.assign(metric="masked_lm_loss", probe_layer=float("nan")))
    if probes:
        tables.append(probe_effects(encoder, bank, probes, punctuation=punctuation, progress=progress))
    table = pd.concat(tables, ignore_index=True)
    return table[["layer", "head", "metric", "probe_layer", "value", "difference"]]


def probe_effects(
    encoder: Encoder,
    bank: Treebank,
    probes: Sequence[DistanceProbe],
    *,
    punctuation: PunctuationRule,
    progress: bool,
) -> pd.DataFrame:
    """UUAS of every probe at or above a head's layer, with that head cut."""

    scorer = Scorer(bank, punctuation=punctuation)

    def scores(wanted: Sequence[DistanceProbe]) -> dict[int, float]:
        layers = [probe.layer for probe in wanted if probe.layer is not None]
        states = extract(encoder, bank.words, layers=layers)
        return {layer: scorer.distances(probe.predict(states))["uuas"].value for layer, probe in zip(layers, wanted)}

    whole = scores(probes)
    rows = []
    every = [(layer, head) for layer in range(encoder.blocks) for head in range(encoder.heads)]
    for layer, head in tqdm(every, desc="heads cut, probes", disable=not progress):
        # Block `layer`, from 0, makes hidden layer `layer` + 1: probes below it cannot change.
        later = [probe for probe in probes if probe.layer is not None and probe.layer > layer]
        if not later:
            continue
        with ablated_heads(encoder, [(layer, head)]):
            cut = scores(later)
        rows += [(layer + 1, head + 1, "uuas", at, value, value - whole[at]) for at, value in cut.items()]
    return pd.DataFrame(rows, columns=["layer", "head", "metric", "probe_layer", "value", "difference"])
