"""Tables of an atlas: each language by its own probes, and what the probes of each lose on each of the others."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from treeprobe.parsing.scores import resample
from treeprobe.pipeline.atlas.reading import METRIC, Charted
from treeprobe.pipeline.results.measured import Measured
from treeprobe.pipeline.results.scores import CHAIN, INTEGERS, RANDOM_WEIGHTS, SIGNATURE

ABOVE_CHAIN = "above chain"
"""What the column `metric` calls the difference between a language's own probes and its chain."""
_SCORES = [
    "checkpoint", "treebank", "split", "layer", "probe", "rank", "metric", "value", "low", "high", "n", SIGNATURE
]  # fmt: skip
_TRANSFER = [
    "checkpoint", "trained_on", "treebank", "split", "layer", "rank", "value", "low", "high", "loss", "loss_low",
    "loss_high", "n", SIGNATURE,
]  # fmt: skip


def score_rows(charted: Sequence[Charted]) -> pd.DataFrame:
    """UUAS of each language by its own probes, of its baselines, and by how much the probes are above the chain.

    Intervals are 95 %; the difference is paired, on the same sentences.
    """
    rows = [row for one in charted for language in one.languages for row in _own_rows(one, language)]
    return pd.DataFrame(rows, columns=_SCORES).astype({"layer": "Int64", "rank": "Int64", "n": "Int64"})


def transfer_rows(charted: Sequence[Charted]) -> pd.DataFrame:
    """UUAS of the probes of every language on every language, and what they lose against that language's own.

    `loss` is own less transferred on the same sentences of `treebank`, with its paired 95 % interval; 0, and without
    one, where a language meets itself.
    """
    rows = [row for one in charted for language in one.languages for row in _column(one, language)]
    return pd.DataFrame(rows, columns=_TRANSFER).astype({name: INTEGERS[name] for name in ("layer", "rank", "n")})


def _own_rows(one: Charted, language: str) -> Iterator[dict[str, Any]]:
    """The rows of one language."""
    own = one.measured(language, language)
    if own is None:
        return
    found = [own] + [base for name in (CHAIN, RANDOM_WEIGHTS) if (base := one.baseline(language, name)) is not None]
    drawn = resample([each.tally() for each in found])
    for number, each in enumerate(found):
        yield {**_setting(each), "metric": METRIC, **vars(drawn.score(number)), SIGNATURE: str(each.signature)}
    for number, each in enumerate(found):
        if each.setting.probe == CHAIN:
            gap = {**vars(drawn.difference(0, number)), "metric": ABOVE_CHAIN}
            yield {**_setting(own), **gap, SIGNATURE: str(own.signature)}


def _column(one: Charted, language: str) -> Iterator[dict[str, Any]]:
    """The probes of every language on one."""
    own = one.measured(language, language)
    if own is None:
        return
    others = {name: one.measured(name, language) for name in one.languages if name != language}
    cells = {language: own, **{name: each for name, each in others.items() if each is not None}}
    drawn = resample([each.tally() for each in cells.values()])
    for number, (name, each) in enumerate(cells.items()):
        gap = drawn.difference(0, number)
        low, high = (gap.low, gap.high) if number else (np.nan, np.nan)
        loss = {"loss": gap.value, "loss_low": low, "loss_high": high}
        score = {**_setting(each), **vars(drawn.score(number)), **loss, SIGNATURE: str(each.signature)}
        yield score | {"trained_on": name}


def _setting(each: Measured) -> dict[str, Any]:
    return vars(each.setting)


def matrix(table: pd.DataFrame, languages: Sequence[str], *, values: str, rows: str, columns: str) -> pd.DataFrame:
    """A column of a table of pairs as a matrix, languages by languages; NaN where there is no such pair."""
    wide = table.pivot(index=rows, columns=columns, values=values)
    return wide.reindex(index=list(languages), columns=list(languages))
