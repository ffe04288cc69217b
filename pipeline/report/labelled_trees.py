"""Labelled trees: LAS and UAS of DepProbe by layer."""

import pandas as pd

from treeprobe.pipeline.report.results import MOST_SHOWN, Results
from treeprobe.reporting import layer_curves, metric_name, new_figure
from treeprobe.reporting.html import Picture, Section, curve_size, picture

_SHOWN = ("las", "uas")


def labelled_trees_section(results: Results) -> Section | None:
    """Curves over layers for each treebank; None where no labelled trees were probed for."""
    finished = results.of("labelled_trees")
    if not finished:
        return None
    summaries = [str(one.record["summary"]) for one in finished] if len(finished) == 1 else []
    text = (
        "DepProbe (Müller-Eberstein et al. 2022) gives each word a head and a relation. Scores of the development "
        "sentences, punctuation left out, relations without subtypes; bands are 95 % intervals."
    )
    pictures = []
    for bank in dict.fromkeys(one.treebank for one in finished):
        own = [one for one in finished if one.treebank == bank]
        # The best are shown: those whose curves reach highest.
        tables = sorted((one.scores() for one in own), key=_highest)[-MOST_SHOWN:]
        rows = pd.concat(tables)
        rows = rows[(rows["split"] == "dev") & (rows["checkpoint"].nunique() == 1 or rows["layer"].notna())]
        if rows["checkpoint"].nunique() > 1:
            rows = rows[rows["probe"] == "depprobe"]
        pictures += [_picture(rows, metric, bank) for metric in _SHOWN]
        if len(own) > len(tables):
            text += f" Curves of {bank} show the {len(tables)} best of {len(own)} checkpoints."
    return Section("labelled-trees", "Labelled trees", " ".join([*summaries, text]), pictures=pictures)


def _highest(scores: pd.DataFrame) -> float:
    """The highest LAS of a checkpoint's probes on dev."""
    rows = scores[(scores["split"] == "dev") & (scores["metric"] == "las") & (scores["probe"] == "depprobe")]
    return float(rows["value"].max())


def _picture(rows: pd.DataFrame, metric: str, bank: str) -> Picture:
    """The curves of one score."""
    own = rows[rows["metric"] == metric]
    figure, axes = new_figure(curve_size(own["checkpoint"].nunique()))
    layer_curves(own, axes, metric=metric)
    text = own[["checkpoint", "probe", "layer", "seed", "value"]].round(3).to_string(index=False)
    return picture(figure, title=f"{metric_name(metric)} by layer, {bank}", description=text)
