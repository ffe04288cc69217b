"""The real thing on a slice: MiniLM's middle layer knows trees that its embeddings do not."""

import pytest

from treeprobe.extraction import Encoder, embedded_checkpoint, extract
from treeprobe.parsing import read_conllu, score_depths, score_distances
from treeprobe.probes import DepthProbe, DistanceProbe, control_targets, fit_all


@pytest.mark.ewt
@pytest.mark.slow
def test_a_slice_of_ewt(ewt):
    train, dev = read_conllu(ewt / "en_ewt-train.conllu")[:1500], read_conllu(ewt / "en_ewt-dev.conllu")[:300]
    encoder = Encoder.from_pretrained(embedded_checkpoint())
    states, dev_states = (extract(encoder, bank.words) for bank in (train, dev))
    distance = [DistanceProbe(layer, 64) for layer in (0, 3)]
    depth = DepthProbe(4, 64)
    fit_all([*distance, depth], states, train, validation=(dev_states, dev))
    uuas = [score_distances(dev, probe.predict(dev_states))["uuas"].value for probe in distance]
    assert uuas[1] > 0.55
    assert uuas[1] > uuas[0] + 0.1
    assert score_depths(dev, depth.predict(dev_states))["root_accuracy"].value > 0.5

    control = DistanceProbe(3, 64)
    fit_all([control], states, control_targets(train.words), validation=(dev_states, control_targets(dev.words)))
    real_loss, control_loss = (probe.history_[-1]["validation"] for probe in (distance[1], control))
    assert real_loss < control_loss
