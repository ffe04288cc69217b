"""How convolutional heads are."""

from treeprobe.pipeline.report.heads import MOST_OPEN, grid_pictures, place_of
from treeprobe.pipeline.report.results import Results, drawn, said_of_drawn
from treeprobe.pipeline.report.survival import survival_picture
from treeprobe.reporting.html import Picture, Section


def convolution_section(results: Results) -> Section | None:
    """How much of each head a convolution explains, and what survives when it replaces the head."""
    pictures: list[Picture] = []
    found = {place_of(one): one for one in results.of("convolution")}
    shown = drawn(found)
    kernels = {name: one.table("kernels") for name, one in shown.items()}
    grids = grid_pictures(kernels, "share", "Share of attention that a convolution explains")
    for one, grid in zip(shown.values(), grids):
        pictures += [grid, survival_picture(one, "survival", title="UUAS with heads replaced", height=2.8)]
    if not pictures:
        return None
    text = (
        "A head is a convolution when it attends by relative position alone. What probes still find when every head is "
        "replaced by its own convolution, by uniform attention, or by another head’s."
    ) + said_of_drawn(len(found))
    return Section("convolution", "Convolution", text, pictures=pictures, folded=len(pictures) > 2 * MOST_OPEN)
