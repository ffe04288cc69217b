"""Many tables of scores parsed together, as each would be by itself: for a table of ten thousand analyses."""

from collections.abc import Mapping, Sequence
from io import BytesIO

import numpy as np
import pandas as pd

from treeprobe.pipeline.results.files import ResultFiles
from treeprobe.pipeline.results.scores import SIGNATURE, read_scores

OWNER = "owner"
"""The column that says by its number which of the analyses a row is of."""


def read_together(files: Sequence[ResultFiles], name: str) -> list[pd.DataFrame] | None:
    """The rows of the tables of a name, with their `OWNER`; those with the same columns are parsed as one table.

    None where each has to be read by itself: where a file is damaged, has no signatures, as an earlier version left it,
    or has a line that is no row, as within a cell of two lines, so that rows cannot be told apart by counting lines.
    """
    try:
        bodies = _read_bodies(files, name)
        parsed = [_parse(header, own) for header, own in bodies.items()]
    except Exception:  # Parsers of damaged bytes raise what they like; reading each will tell which file it is.
        return None
    frames = [frame for frame in parsed if frame is not None]
    if len(frames) < len(parsed):
        return None
    if len(frames) < 2:
        return frames
    return [pd.concat(frames, ignore_index=True).sort_values(OWNER, kind="stable", ignore_index=True)]


def _read_bodies(files: Sequence[ResultFiles], name: str) -> dict[bytes, dict[int, bytes]]:
    """The lines below the header of each table that has some, by the header and the number of the analysis."""
    found: dict[bytes, dict[int, bytes]] = {}
    for number, one in enumerate(files):
        if name in one:
            with one.reading(name) as path:
                header, _, body = path.read_bytes().partition(b"\n")
            if body:
                found.setdefault(header, {})[number] = body
    return found


def _parse(header: bytes, bodies: Mapping[int, bytes]) -> pd.DataFrame | None:
    """The rows of tables of one header; None where their lines cannot be told to be their rows."""
    table = read_scores(BytesIO(header + b"\n" + b"".join(bodies.values())))
    rows = [body.count(b"\n") for body in bodies.values()]
    if SIGNATURE not in table or len(table) != sum(rows) or not all(body.endswith(b"\n") for body in bodies.values()):
        return None
    return table.assign(**{OWNER: np.repeat(list(bodies), rows)})
