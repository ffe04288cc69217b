"""How short a code the vectors allow for the trees: description length, as rows of the score table."""

from collections.abc import Mapping
from typing import Any

from treeprobe.extraction import States
from treeprobe.parsing import Score, Treebank
from treeprobe.pipeline.record import Stopwatch
from treeprobe.pipeline.score_table import Setting
from treeprobe.pipeline.structural.analysis import ProbeOptions, kind_of, layer_probes
from treeprobe.probes import CodeLength, online_codes


def codelength_rows(
    checkpoint: str,
    states: Mapping[str, States],
    banks: Mapping[str, Treebank],
    *,
    options: ProbeOptions,
    stopwatch: Stopwatch,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """The online code of the training trees by the first seed's probe of every layer (see `probes.online_code`).

    Rows are of the split `train`, metrics `codelength` (bits) and `compression` (uniform code / online code), n the
    sentences coded. A code has no interval: it is a length of these very trees in one order.
    """
    probes = layer_probes(states["train"], options, seeds=options.seeds[:1])
    with stopwatch.stage("description length"):
        codes = online_codes(probes, states["train"], banks["train"], progress=progress)
    return [
        row
        for probe, code in zip(probes, codes)
        for row in Setting(
            checkpoint, banks["train"].name, "train", kind_of(probe), probe.layer, probe.rank, probe.seed
        ).rows(code_scores(code))
    ]


def code_scores(code: CodeLength) -> list[Score]:
    """The two figures of a code."""
    sentences = sum(block.sentences for block in code.blocks)
    nan = float("nan")
    return [
        Score("codelength", code.bits, nan, nan, sentences),
        Score("compression", code.compression, nan, nan, sentences),
    ]
