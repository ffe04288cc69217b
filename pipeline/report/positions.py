"""How much of syntax stands on position codes."""

from treeprobe.pipeline.report.heads import MOST_OPEN, place_of
from treeprobe.pipeline.report.results import Results, drawn, said_of_drawn
from treeprobe.pipeline.report.survival import survival_picture
from treeprobe.reporting.html import Section


def positions_section(results: Results) -> Section | None:
    """What probes of the intact model find when the model runs with other position codes."""
    found = {place_of(one): one for one in results.of("positions")}
    pictures = [
        survival_picture(one, "positions", title="UUAS with other positions", height=3.2)
        for one in drawn(found).values()
    ]
    if not pictures:
        return None
    text = (
        "The model runs with other position codes than its own: shifted by one place, put together again from few "
        "frequencies, sinusoids, shuffled, or without positions. Probes are those of the intact model."
    ) + said_of_drawn(len(found))
    return Section("positions", "Positions", text, pictures=pictures, folded=len(pictures) > MOST_OPEN)
