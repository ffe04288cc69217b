"""The table that a run closes with on the terminal."""

import pandas as pd

HEADINGS = {"uuas": "UUAS", "dspr": "DSpr.", "root_accuracy": "root acc.", "nspr": "NSpr."}


def closing_table(scores: pd.DataFrame) -> str:
    """Headline scores by split and layer, baselines last, each with half the width of its interval."""
    shown = scores[scores["metric"].isin(HEADINGS.keys())].copy()
    shown["cell"] = [cell(*row) for row in shown[["value", "low", "high"]].itertuples(index=False)]
    shown["row"] = [row_name(*row) for row in shown[["probe", "layer"]].itertuples(index=False)]
    blocks = []
    for split, block in shown.groupby("split", sort=False):
        table = block.pivot_table(index="row", columns="metric", values="cell", aggfunc="first", sort=False)
        table = table.reindex(columns=[metric for metric in HEADINGS if metric in table.columns])
        table.columns = pd.Index([HEADINGS[metric] for metric in table.columns])
        treebank = block["treebank"].iloc[0]
        blocks.append(f"{split_title(str(split), treebank)}\n{table.rename_axis(None).fillna('').to_string()}")
    return "\n\n".join([*blocks, "± is half of the 95 % interval over sentences."])


def split_title(split: str, treebank: str) -> str:
    """`dev (en_ewt)`, or `dev` alone for a treebank of that name."""
    return split if treebank == split else f"{split} ({treebank})"


def cell(value: float, low: float, high: float) -> str:
    """A score and half the width of its 95 % interval."""
    return f"{value:.3f} ±{(high - low) / 2:.3f}"


def row_name(probe: str, layer: int | None) -> str:
    """`layer 3`, or the baseline's name with the layer it has."""
    if pd.isna(layer):
        return probe
    return f"layer {layer}" if probe in ("distance", "depth") else f"{probe}, layer {layer}"
