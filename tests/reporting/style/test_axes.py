"""What the axes of all figures have in common."""

from matplotlib.figure import Figure

from treeprobe.reporting.style.axes import legend_above


def test_names_in_a_legend_are_plain_text(tmp_path) -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.plot([0, 1], label=r"a $\frac$ b")
    legend_above(ax)
    figure.savefig(tmp_path / "figure.svg")
    assert not any(text.get_parse_math() for text in ax.get_legend().get_texts())
