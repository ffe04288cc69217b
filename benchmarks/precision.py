"""What bfloat16 and half-precision storage cost in scores: every layer's distance probe against float32 throughout.

    python -m benchmarks.precision --treebank en_ewt --sentences 2000

Each way of computing is trained on the same sentences with the same seeds, and scored on the same sentences of dev.
Differences are paired, with 95 % bootstrap intervals over documents. Goal: none of UUAS and DSpr. above .003 at any
layer. The difference that other seeds make is shown beside them. A processor without instructions for bfloat16 takes
several times as long for it.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from benchmarks.inputs import open_encoder, parser, read_bank
from benchmarks.measuring import machine
from treeprobe.extraction import Encoder, Reading, States, extract
from treeprobe.extraction.encoder import Dtype
from treeprobe.files import write_json
from treeprobe.parsing import Difference, Scorer, Tally, Treebank, paired_difference
from treeprobe.parsing.scores import mean_tally
from treeprobe.probes import DistanceProbe, fit_all
from treeprobe.probes.precision import Precision
from treeprobe.reporting.style.names import metric_name

METRICS = ("uuas", "dspr")
GOAL = 0.003


@dataclass(frozen=True)
class Way:
    """A way of computing: what the model computes in, what its states are stored in, what probes are trained in.

    `first_seed` is the seed of the first probe on a layer; further seeds follow it.
    """

    name: str
    computed: Dtype = "float32"
    stored: Literal["float32", "float16"] = "float16"
    trained: Precision = "float32"
    first_seed: int = 0


EXACT = Way("float32 throughout", stored="float32")
WAYS = (
    Way("other seeds", stored="float32", first_seed=1000),
    Way("stored in float16"),
    Way("trained in bfloat16", trained="bfloat16"),
    Way("states in bfloat16", computed="bfloat16"),
    Way("states and training in bfloat16", computed="bfloat16", trained="bfloat16"),
)
"""What is compared with float32; states are stored in float16, as those of every analysis are.

Other seeds, in float32 throughout, are the yardstick: so far do scores move when nothing is less exact.
"""


@dataclass(frozen=True)
class Row:
    """A way's difference from float32 at one layer, the mean over seeds."""

    way: str
    layer: int
    exact: float
    difference: Difference

    @property
    def met(self) -> bool:
        """Whether the difference is within the goal, whatever its interval."""
        return abs(self.difference.value) <= GOAL


def main() -> None:
    declared = parser(__doc__, sentences=2000)
    declared.add_argument("--dev-sentences", type=int, help="only so many of dev, which is scored")
    declared.add_argument("--rank", type=int, default=128)
    declared.add_argument("--seeds", type=int, default=1)
    arguments = declared.parse_args()
    train, dev = read_bank(arguments, "train"), read_bank(arguments, "dev", whole=True)[: arguments.dev_sentences]
    print(f"{len(train)} sentences trained on, {len(dev)} scored, rank {arguments.rank}, {arguments.seeds} seeds")
    rows = list(compare(arguments, train, dev))
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        content = {"machine": machine(), "rows": [asdict(row) | {"met": row.met} for row in rows]}
        write_json(arguments.out / "precision.json", content)


def compare(arguments: argparse.Namespace, train: Treebank, dev: Treebank) -> Iterator[Row]:
    """The rows of each way, printed as they are found."""
    encoders = {dtype: open_encoder(arguments, dtype=dtype) for dtype in ("float32", "bfloat16")}
    exact = scored(arguments, EXACT, encoders[EXACT.computed], train, dev)
    for way in WAYS:
        found = scored(arguments, way, encoders[way.computed], train, dev)
        for metric in METRICS:
            rows = [
                Row(way.name, layer, exact[layer, metric].value, paired_difference(tally, exact[layer, metric]))
                for (layer, measured), tally in found.items()
                if measured == metric
            ]
            print_rows(rows)
            yield from rows


def scored(
    arguments: argparse.Namespace, way: Way, encoder: Encoder, train: Treebank, dev: Treebank
) -> dict[tuple[int, str], Tally]:
    """Tallies of every layer and metric on dev, the mean over seeds."""
    states, dev_states = (read(arguments, way, encoder, bank) for bank in (train, dev))
    probes = [
        DistanceProbe(layer, arguments.rank, way.first_seed + seed, precision=way.trained)
        for layer in states.layers
        for seed in range(arguments.seeds)
    ]
    fit_all(probes, states, train, validation=(dev_states, dev))
    scorer = Scorer(dev)
    tallies = [scorer.distances(probe.predict(dev_states)) for probe in probes]
    return {
        (layer, metric): mean_tally([each[metric] for each, probe in zip(tallies, probes) if probe.layer == layer])
        for layer in states.layers
        for metric in METRICS
    }


def read(arguments: argparse.Namespace, way: Way, encoder: Encoder, bank: Treebank) -> States:
    """The states of a way, from the cache where they are in it."""
    return extract(encoder, bank.words, reading=Reading(storage=way.stored), cache=arguments.cache)


def print_rows(rows: Sequence[Row]) -> None:
    """One way and metric as lines of plain text: a layer each, then the largest difference."""
    print(f"\n{rows[0].way}, {metric_name(rows[0].difference.metric)}: layer, float32, difference (95 % interval)")
    for row in rows:
        found = row.difference
        print(f"{row.layer:>3}  {row.exact:.4f}  {found.value:+.4f} ({found.low:+.4f} to {found.high:+.4f})")
    largest = max(abs(row.difference.value) for row in rows)
    print(f"largest {largest:.4f}, goal {GOAL}: {'met' if largest <= GOAL else 'missed'}", flush=True)


if __name__ == "__main__":
    main()
