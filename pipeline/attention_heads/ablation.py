"""What a checkpoint loses when a head is cut: masked-LM loss, and the UUAS of probes at later layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from treeprobe.attention import ablated_heads, ablation_effects
from treeprobe.extraction import CheckpointError, Encoder, Reading, extract, masked_lm_encoder, masked_lm_loss
from treeprobe.parsing import PunctuationRule, Scorer, Treebank
from treeprobe.probes import DistanceProbe, ProbeError


@dataclass(frozen=True)
class AblationMeasures:
    """What tells the loss of a head: the checkpoint with its masked-LM head, where it has one, and distance probes."""

    speaker: Encoder | None
    probes: Sequence[DistanceProbe]


def ablation_measures(model: str | Path, encoder: Encoder, run: str | Path | None) -> AblationMeasures:
    """What ablations of a checkpoint can be measured on, known before any work.

    Args:
        run: a run's folder, whose distance probes are to be scored; None for the masked-LM loss alone.

    Raises:
        CheckpointError: the checkpoint has no masked-LM head, and there are no probes; or its attention cannot be
            edited.
        ProbeError: the folder holds no distance probes, or those of another checkpoint.
    """
    with ablated_heads(encoder, []):
        pass
    probes = [] if run is None else saved_distance_probes(Path(run), encoder)
    try:
        return AblationMeasures(masked_lm_encoder(model, encoder), probes)
    except CheckpointError as error:
        if not probes:
            raise CheckpointError(f"{error}; give distance probes (--probes RUN) to measure ablations on") from error
        return AblationMeasures(None, probes)


def saved_distance_probes(folder: Path, encoder: Encoder) -> list[DistanceProbe]:
    """The distance probes of a run's folder, of its first seed, by layer.

    Raises ProbeError when there are none, or when they were trained on another checkpoint.
    """
    found = sorted((folder / "probes").glob("distance-layer-*"))
    if not found:
        raise ProbeError(f"{folder} holds no distance probes; expected a run's folder with probes/distance-layer-N")
    identity = {"checkpoint": {"name": encoder.name, "digest": encoder.digest}}
    loaded = [DistanceProbe.from_pretrained(one, identity=identity) for one in found]
    return sorted((probe for probe in loaded if probe.seed == loaded[0].seed), key=lambda probe: probe.layer or 0)


def ablation_table(
    encoder: Encoder,
    bank: Treebank,
    measures: AblationMeasures,
    *,
    punctuation: PunctuationRule = "xpos",
    progress: bool = True,
) -> pd.DataFrame:
    """One row a head and measurement: layer, head (from 1), metric, probe_layer, value, difference to the whole model.

    `metric` is masked_lm_loss (nats) or uuas; `probe_layer` is the layer that the probe reads.
    """
    tables = []
    if measures.speaker is not None:
        speaker = measures.speaker
        effects = ablation_effects(speaker, lambda: masked_lm_loss(speaker, bank.words), progress=progress)
        tables.append(effects.assign(metric="masked_lm_loss", probe_layer=float("nan")))
    if measures.probes:
        tables.append(probe_effects(encoder, bank, measures.probes, punctuation=punctuation, progress=progress))
    table = pd.concat(tables, ignore_index=True).astype({"probe_layer": "Int64"})
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
        """UUAS by the layers of some probes, of the model as it runs now."""
        layers = [probe.layer for probe in wanted if probe.layer is not None]
        states = extract(encoder, bank.words, reading=Reading(layers=layers))
        return {layer: scorer.distances(probe.predict(states))["uuas"].value for layer, probe in zip(layers, wanted)}

    whole = scores(probes)
    rows = []
    every = [(block, head) for block in range(encoder.blocks) for head in range(encoder.heads)]
    for block, head in tqdm(every, desc="heads cut, probes", disable=not progress):
        # Block `block`, from 0, makes layer `block` + 1: probes below it cannot change.
        later = [probe for probe in probes if probe.layer is not None and probe.layer > block]
        if not later:
            continue
        with ablated_heads(encoder, [(block, head)]):
            cut = scores(later)
        rows += [(block + 1, head + 1, "uuas", at, value, value - whole[at]) for at, value in cut.items()]
    return pd.DataFrame(rows, columns=["layer", "head", "metric", "probe_layer", "value", "difference"])
