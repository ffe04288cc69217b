"""A small sentence, a table of scores, and a guard: no figure may change matplotlib's settings."""

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WORDS = ("The", "chef", "who", "ran", "to", "the", "store", "was", "out", "of", "food", ".")
HEADS = (1, 10, 3, 1, 6, 6, 3, 10, 10, 10, -1, 10)


@pytest.fixture(autouse=True)
def settings_untouched() -> Iterator[None]:
    mpl.use("agg")
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before, "a figure changed matplotlib's global settings"


@pytest.fixture
def ax() -> Axes:
    return Figure(figsize=(6, 4)).add_subplot()


@pytest.fixture
def words() -> tuple[str, ...]:
    return WORDS


@pytest.fixture
def gold() -> np.ndarray:
    """The gold edges of the sentence, (11, 2)."""
    return np.array([(head, word) for word, head in enumerate(HEADS) if head >= 0])


@pytest.fixture
def chain() -> np.ndarray:
    """Every word joined to the next, (11, 2)."""
    return np.array([(word, word + 1) for word in range(len(WORDS) - 1)])


@pytest.fixture
def scores() -> pd.DataFrame:
    """Two seeds of a distance probe at ranks 8 and 32 over four layers, and the chain, which has none of these."""
    probes = [
        {"probe": "distance", "layer": layer, "rank": rank, "seed": seed, "value": 0.5 + 0.05 * layer + 0.01 * seed}
        for layer in range(4)
        for rank in (8, 32)
        for seed in range(2)
    ]
    rows = [*probes, {"probe": "chain", "layer": None, "rank": None, "seed": None, "value": 0.43}]
    frame = pd.DataFrame(rows).assign(checkpoint="MiniLM", treebank="ewt", split="dev", metric="uuas", n=100)
    frame["low"], frame["high"] = frame["value"] - 0.02, frame["value"] + 0.02
    return frame.astype({"layer": "Int64", "rank": "Int64", "seed": "Int64"})
