"""How convolutional heads are."""

import pandas as pd

from treeprobe.pipeline.report.heads import MOST_OPEN, grid_pictures, place_of
from treeprobe.pipeline.report.results import Results
from treeprobe.pipeline.sweeping.store import read_json
from treeprobe.reporting import new_figure, survival_curves
from treeprobe.reporting.html import Picture, Section, picture


def convolution_section(results: Results) -> Section | None:
    """How much of each head a convolution explains, and what survives when it rules."""
    pictures: list[Picture] = []
    folders = {place_of(task): results.folder(task) / "convolution" for task in results.of("convolution")}
    kernels = {name: pd.read_csv(folder / "kernels.csv") for name, folder in folders.items()}
    grids = grid_pictures(kernels, "share", "Share of attention that a convolution explains")
    for (name, folder), grid in zip(folders.items(), grids):
        pictures.append(grid)
        survival = pd.read_csv(folder / "survival.csv")
        figure, axes = new_figure((5.2, 3.2))
        survival_curves(survival, axes)
        result = (read_json(folder / "convolution.json") or {}).get("result", "")
        pictures.append(picture(figure, title=f"UUAS with heads replaced: {name}", description=result))
    if not pictures:
        return None
    text = (
        "A head is a convolution when it attends by relative position alone. What probes still find when every head is "
        "replaced by its own convolution, by uniform attention, or by another head’s."
    )
    return Section("convolution", "Convolution", text, pictures=pictures, folded=len(pictures) > 2 * MOST_OPEN)
