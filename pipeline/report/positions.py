"""How much of syntax stands on position codes."""

from treeprobe.pipeline.report.heads import MOST_OPEN, place_of
from treeprobe.pipeline.report.results import Results, drawn, said_of_drawn
from treeprobe.reporting import merge_seeds, new_figure, survival_curves
from treeprobe.reporting.html import NARROW, Picture, Section, picture


def positions_section(results: Results) -> Section | None:
    """What probes of the intact model find when the model runs with other position codes."""
    pictures: list[Picture] = []
    found = {place_of(one): one for one in results.of("positions")}
    for name, one in drawn(found).items():
        figure, axes = new_figure((NARROW, 3.2))
        survival_curves(merge_seeds(one.table("positions")), axes)
        result = str(one.record["summary"])
        pictures.append(picture(figure, title=f"UUAS with other positions: {name}", description=result))
    if not pictures:
        return None
    text = (
        "The model runs with other position codes than its own: shifted by one place, put together again from few "
        "frequencies, sinusoids, shuffled, or without positions. Probes are those of the intact model."
    ) + said_of_drawn(len(found))
    return Section("positions", "Positions", text, pictures=pictures, folded=len(pictures) > MOST_OPEN)
