"""How convolutional heads are."""

from treeprobe.pipeline.report.heads import MOST_OPEN, grid_pictures, place_of
from treeprobe.pipeline.report.results import Results, drawn, said_of_drawn
from treeprobe.reporting import merge_seeds, new_figure, survival_curves
from treeprobe.reporting.html import NARROW, Picture, Section, picture


def convolution_section(results: Results) -> Section | None:
    """How much of each head a convolution explains, and what survives when it replaces the head."""
    pictures: list[Picture] = []
    found = {place_of(one): one for one in results.of("convolution")}
    shown = drawn(found)
    kernels = {name: one.table("kernels") for name, one in shown.items()}
    grids = grid_pictures(kernels, "share", "Share of attention that a convolution explains")
    for (name, one), grid in zip(shown.items(), grids):
        pictures.append(grid)
        figure, axes = new_figure((NARROW, 2.8))
        survival_curves(merge_seeds(one.table("survival")), axes)
        result = str(one.record["summary"])
        pictures.append(picture(figure, title=f"UUAS with heads replaced: {name}", description=result))
    if not pictures:
        return None
    text = (
        "A head is a convolution when it attends by relative position alone. What probes still find when every head is "
        "replaced by its own convolution, by uniform attention, or by another head’s."
    ) + said_of_drawn(len(found))
    return Section("convolution", "Convolution", text, pictures=pictures, folded=len(pictures) > 2 * MOST_OPEN)
