"""Probe scores on states computed in bfloat16 and stored in half, against float32 throughout.

    python -m benchmarks.extraction_number_formats --treebank FOLDER [--sentences 1500] [--layer 3] [--seeds 1]

A distance probe of one layer, trained and scored on each. Goal: UUAS and DSpr. within 0.003.
"""

from benchmarks.inputs import open_encoder, parser, read_bank
from treeprobe.extraction import Reading, extract
from treeprobe.parsing import score_distances
from treeprobe.probes import DistanceProbe


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--layer", type=int, default=3)
    options.add_argument("--seeds", type=int, default=1)
    arguments = options.parse_args()
    train, dev = read_bank(arguments, "train"), read_bank(arguments, "dev", whole=True)
    for compute, storage in (("float32", "float32"), ("bfloat16", "bfloat16"), ("bfloat16", "float16")):
        encoder = open_encoder(arguments, dtype=compute)
        states, dev_states = (
            extract(encoder, bank.words, reading=Reading(layers=[arguments.layer], storage=storage))
            for bank in (train, dev)
        )
        for seed in range(arguments.seeds):
            probe = DistanceProbe(layer=arguments.layer, rank=128, seed=seed)
            probe.fit(states, train.distances, validation=(dev_states, dev.distances))
            tallies = score_distances(dev, probe.predict(dev_states))
            scores = ", ".join(f"{name} {tally.value:.4f}" for name, tally in tallies.items())
            print(f"computed in {compute}, stored in {storage}, seed {seed}: {scores}", flush=True)


if __name__ == "__main__":
    main()
