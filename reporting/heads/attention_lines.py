"""The attention of one head over one sentence, as lines from word to word, and panels of the best heads."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from treeprobe.reporting.style.axes import size_in_points
from treeprobe.reporting.style.names import head_name
from treeprobe.reporting.style.palette import BLUE, VERMILLION
from treeprobe.reporting.style.text_fonts import PLAIN, font_families, text_width

MIN_WEIGHT = 0.02
"""Lines of lower attention weights, numerous and hardly visible, are not drawn."""

_LINES_WIDTH = 120.0
"""Width of the lines in points in a figure of the suggested size."""
_FONTSIZE = 8.0


def attention_size(words: Sequence[str], *, fontsize: float = _FONTSIZE) -> tuple[float, float]:
    """The figure size, width and height in inches, that `attention_lines` needs for a sentence."""
    width = 2 * _longest_width(words, fontsize=fontsize) + _LINES_WIDTH
    return width / 72, (1.4 * fontsize * len(words) + 24.0) / 72


def attention_lines(
    words: Sequence[str],
    attention: ArrayLike,
    ax: Axes,
    *,
    marked: ArrayLike = (),
    title: str = "",
    fontsize: float = _FONTSIZE,
) -> Axes:
    """Draw the attention of one head as lines from each query word on the left to the key words on the right.

    The width and opacity of a line show the attention weight. Weights below 0.02 are left out.

    Args:
        words: The sentence.
        attention: (words, words), rows are queries.
        ax: The axes, of the size that `attention_size` suggests; returned.
        marked: (query, key) pairs of words, (pairs, 2), such as dependents and their heads, in another colour and bold.
        title: Above the words.
        fontsize: Of the words, in points.

    Raises:
        ValueError: Attention of another shape, or weights that are negative or not finite.
    """
    weights = word_weights(words, attention)
    pairs = marked_pairs(marked)
    for query, key in np.argwhere(weights > MIN_WEIGHT):
        strong = (int(query), int(key)) in pairs
        weight = float(weights[query, key])
        ax.plot(
            [0.0, 1.0],
            [-query, -key],
            color=VERMILLION if strong else BLUE,
            alpha=min(1.0, 0.08 + weight),
            linewidth=0.4 + 2.2 * weight,
            solid_capstyle="round",
            zorder=3 if strong else 2,
            gid="attention",
        )
    _write_columns(words, pairs, ax, fontsize=fontsize)
    column = _longest_width(words, fontsize=fontsize) + 4
    beside = min(column / max(size_in_points(ax)[0] - 2 * column, 20.0), 2.0)
    ax.set_xlim(-beside, 1 + beside)
    ax.set_ylim(-len(words) + 0.4, 0.6)
    ax.set_title(title, fontsize=8.5, **PLAIN)
    ax.set_axis_off()
    return ax


class HeadExample(Protocol):
    """A head and a sentence in which it tracks its relation, as `treeprobe.attention.best_head_sentences` returns."""

    @property
    def relation(self) -> str:
        """The relation that the head tracks."""

    @property
    def block(self) -> int:
        """The block of the head, from 0."""

    @property
    def head(self) -> int:
        """The head within its block, from 0."""

    @property
    def words(self) -> Sequence[str]:
        """The sentence."""

    @property
    def attention(self) -> NDArray[np.float64]:
        """(words, words), rows are queries."""

    @property
    def pairs(self) -> NDArray[np.int64]:
        """The (query, key) pairs of words in the relation, (pairs, 2)."""


def best_head_examples(examples: Sequence[HeadExample], axes: Sequence[Axes]) -> Sequence[Axes]:
    """Draw one panel for each example, titled "nsubj: head 3-9", after Clark et al. (2019), Figure 5.

    Args:
        examples: Heads at work.
        axes: At least as many, returned; those left over are hidden.

    Raises:
        ValueError: More examples than axes.
    """
    if len(examples) > len(axes):
        raise ValueError(f"{len(examples)} examples but {len(axes)} axes; expected axes for each example")
    for ax in axes:
        ax.set_axis_off()
    figure = axes[0].get_figure(root=True) if axes else None
    if figure is not None:
        figure.draw_without_rendering()  # lays the panels out: words and lines are fitted to their final width
    for example, ax in zip(examples, axes, strict=False):
        title = f"{example.relation}: head {head_name(example.block, example.head)}"
        attention_lines(example.words, example.attention, ax, marked=example.pairs, title=title)
    return axes


def word_weights(words: Sequence[str], attention: ArrayLike) -> NDArray[np.float64]:
    """The attention as a checked array, (words, words).

    Raises:
        ValueError: Another shape, or weights that are negative or not finite.
    """
    weights = np.asarray(attention, dtype=float)
    if weights.shape != (len(words), len(words)):
        raise ValueError(f"{len(words)} words need ({len(words)}, {len(words)}) weights; found {weights.shape}")
    if not np.isfinite(weights).all() or weights.min(initial=0.0) < 0:
        query, key = (int(place) for place in np.argwhere(~np.isfinite(weights) | (weights < 0))[0])
        raise ValueError(f"attention[{query}, {key}] is {weights[query, key]}; expected finite weights of at least 0")
    return weights


def marked_pairs(marked: ArrayLike) -> set[tuple[int, int]]:
    """The marked (query, key) pairs, (pairs, 2), as a set."""
    return {(int(query), int(key)) for query, key in np.asarray(marked, dtype=np.int64).reshape(-1, 2)}


def _longest_width(words: Sequence[str], *, fontsize: float) -> float:
    """The width of the widest word in points; 0 if there are none."""
    families = font_families(words)
    return max((text_width(word, fontsize=fontsize, families=families) for word in words), default=0.0)


def _write_columns(words: Sequence[str], pairs: set[tuple[int, int]], ax: Axes, *, fontsize: float) -> None:
    """The words as queries on the left and as keys on the right; those in a marked pair are bold on its side."""
    families = font_families(words)
    fitting = min(fontsize, 0.85 * size_in_points(ax)[1] / (len(words) + 1))
    for side, align, x in ((0, "right", -0.03), (1, "left", 1.03)):
        bold = {pair[side] for pair in pairs}
        for place, word in enumerate(words):
            ax.text(
                x,
                -place,
                word,
                ha=align,
                va="center_baseline",
                fontsize=fitting,
                fontfamily=families,
                fontweight="bold" if place in bold else "normal",
                **PLAIN,
            )
