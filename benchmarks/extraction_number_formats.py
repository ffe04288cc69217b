"""Probe scores on states computed in bfloat16 and stored in half, against float32 throughout.

    python benchmarks/extraction_number_formats.py --train en_ewt-train.conllu --dev en_ewt-dev.conllu

A distance probe of one layer, trained and scored on each. Goal: UUAS and DSpr. within 0.003.
"""

import argparse
from pathlib import Path

from treeprobe.extraction import Encoder, Reading, embedded_checkpoint, extract
from treeprobe.parsing import read_conllu, score_distances
from treeprobe.probes import DistanceProbe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--dev", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=None, help="of the training treebank")
    parser.add_argument("--layer", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    train, dev = list(read_conllu(options.train))[: options.sentences], list(read_conllu(options.dev))
    for compute, storage in (("float32", "float32"), ("bfloat16", "bfloat16"), ("bfloat16", "float16")):
        encoder = Encoder.from_pretrained(embedded_checkpoint(), dtype=compute)
        states, dev_states = (
            extract(encoder, [one.words for one in bank], reading=Reading(layers=[options.layer], storage=storage))
            for bank in (train, dev)
        )
        for seed in range(options.seeds):
            probe = DistanceProbe(layer=options.layer, rank=128, seed=seed)
            probe.fit(states, [one.distances for one in train], validation=(dev_states, [one.distances for one in dev]))
            tallies = score_distances(dev, probe.predict(dev_states))
            scores = ", ".join(f"{name} {tally.value:.4f}" for name, tally in tallies.items())
            print(f"computed in {compute}, stored in {storage}, seed {seed}: {scores}", flush=True)


if __name__ == "__main__":
    main()
