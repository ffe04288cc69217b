"""What a checkpoint loses when a head is ablated: masked-LM loss, and the UUAS of probes at later layers."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from tqdm import tqdm

from treeprobe.attention import ablated_heads, ablation_effects
from treeprobe.extraction import CheckpointError, Encoder, Reading, extract, masked_lm_encoder, masked_lm_loss
from treeprobe.parsing import Scorer, Treebank
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.probing.probes import SavedProbes, load_probes
from treeprobe.pipeline.subjects.subject import Subject, spaces
from treeprobe.probes import DistanceProbe


@dataclass(frozen=True)
class AblationMeasures:
    """What a cut is measured by: the checkpoint with its masked-LM head, where it has one, and a run's probes."""

    language_model: Encoder | None
    saved: SavedProbes | None


def ablation_measures(subject: Subject) -> AblationMeasures:
    """What ablations of a checkpoint can be measured by, known before any work.

    Raises:
        CheckpointError: the checkpoint has no masked-LM head, and there are no probes; or its attention cannot be
            edited.
        FindingsError, ProbeError: the subject's `probes` hold none, or those of another checkpoint.
    """
    with ablated_heads(subject.encoder, []):
        pass
    saved = None if subject.probes is None else load_probes(subject.probes, subject)
    try:
        return AblationMeasures(masked_lm_encoder(subject.source, subject.encoder), saved)
    except CheckpointError as error:
        if saved is None:
            raise CheckpointError(
                f"{error}; to measure ablations, give the probes of a run (--probes RUN; in a sweep, add structure to "
                "--analyses)"
            ) from error
        return AblationMeasures(None, saved)


def ablation_table(subject: Subject, bank: Treebank, measures: AblationMeasures, options: Options) -> pd.DataFrame:
    """One row a head and measurement: layer, head (from 1), metric, probe_layer, value, difference to the whole model.

    `metric` is masked_lm_loss (nats) or uuas; `probe_layer` is the layer that the probe reads.
    """
    tables = []
    if measures.language_model is not None:
        model = measures.language_model
        effects = ablation_effects(model, lambda: masked_lm_loss(model, bank.words), progress=subject.progress)
        tables.append(effects.assign(metric="masked_lm_loss", probe_layer=float("nan")))
    if measures.saved is not None:
        tables.append(_probe_effects(subject, bank, measures.saved, measures.saved.reading(options)))
    table = pd.concat(tables, ignore_index=True).astype({"probe_layer": "Int64"})
    return table[["layer", "head", "metric", "probe_layer", "value", "difference"]]


def _probe_effects(subject: Subject, bank: Treebank, saved: SavedProbes, options: Options) -> pd.DataFrame:
    """UUAS of the first seed's distance probes at or above a head's layer, with that head cut."""
    encoder, scorer = subject.encoder, Scorer(bank, punctuation=options.punctuation)
    probes = [probe for probe in saved.distance if probe.seed == saved.distance[0].seed]

    def scores(wanted: Sequence[DistanceProbe]) -> dict[int, float]:
        """UUAS by the layers of some probes, of the model as it runs now."""
        layers = [probe.layer for probe in wanted if probe.layer is not None]
        reading = Reading(layers=layers, pooling=options.pooling, context=options.context)
        states = extract(encoder, bank.words, reading=reading, space_after=spaces(bank, options))
        return {layer: scorer.distances(probe.predict(states))["uuas"].value for layer, probe in zip(layers, wanted)}

    whole = scores(probes)
    rows = []
    every = [(block, head) for block in range(encoder.blocks) for head in range(encoder.heads)]
    for block, head in tqdm(every, desc="heads cut, probes", disable=not subject.progress):
        # Block `block`, from 0, makes layer `block` + 1: probes below it cannot change.
        later = [probe for probe in probes if probe.layer is not None and probe.layer > block]
        if not later:
            continue
        with ablated_heads(encoder, [(block, head)]):
            cut = scores(later)
        rows += [(block + 1, head + 1, "uuas", at, value, value - whole[at]) for at, value in cut.items()]
    return pd.DataFrame(rows, columns=["layer", "head", "metric", "probe_layer", "value", "difference"])
