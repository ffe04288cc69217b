"""What one head attends to in one sentence, as lines from word to word, and examples of the best heads."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from treeprobe.reporting.style.axes import room_in
from treeprobe.reporting.style.names import head_name
from treeprobe.reporting.style.palette import BLUE, VERMILLION
from treeprobe.reporting.style.text_fonts import PLAIN, font_families, text_width

LINES = 120.0
"""Points across which lines are drawn, so that their slopes can be told apart."""

FAINTEST = 0.02
"""Weights below it are not drawn: their lines would hardly show, and there are many."""


def word_weights(words: Sequence[str], attention: ArrayLike) -> NDArray[np.float64]:
    """The attention as an array. Raises ValueError when it is not (words, words), finite and at least 0."""
    weights = np.asarray(attention, dtype=float)
    if weights.shape != (len(words), len(words)):
        raise ValueError(f"{len(words)} words need ({len(words)}, {len(words)}) weights; found {weights.shape}")
    if not np.isfinite(weights).all() or weights.min(initial=0.0) < 0:
        query, key = (int(place) for place in np.argwhere(~np.isfinite(weights) | (weights < 0))[0])
        raise ValueError(
            f"the attention from word {query + 1} to word {key + 1} is {weights[query, key]}; "
            "expected finite numbers of at least 0"
        )
    return weights


def marked_pairs(marked: ArrayLike) -> set[tuple[int, int]]:
    """The marked (query, key) pairs, (pairs, 2), as a set."""
    return {(int(query), int(key)) for query, key in np.asarray(marked, dtype=np.int64).reshape(-1, 2)}


def longest_word(words: Sequence[str], *, size: float) -> float:
    """The width of the widest word in points; 0 where there are none."""
    families = font_families(words)
    return max((text_width(word, size=size, families=families) for word in words), default=0.0)


def attention_size(words: Sequence[str], *, size: float = 8.0) -> tuple[float, float]:
    """Width and height in inches of a figure that shows one sentence's words at `size` points, with room for lines."""
    return (2 * longest_word(words, size=size) + LINES) / 72, (1.4 * size * len(words) + 24.0) / 72


def attention_lines(
    words: Sequence[str],
    attention: ArrayLike,
    ax: Axes,
    *,
    marked: ArrayLike = (),
    title: str = "",
    size: float = 8.0,
) -> Axes:
    """The attention of one head over one sentence: each word on the left attends to the words on the right.

    `attention` is (words, words), rows query; the heavier the line, the more attention. `marked` are (query, key)
    pairs, (pairs, 2), drawn in colour and set in bold, such as the dependents of a relation and their heads.
    """
    weights = word_weights(words, attention)
    pairs = marked_pairs(marked)
    for query, key in np.argwhere(weights > FAINTEST):
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
    write_columns(words, pairs, ax, size=size)
    longest = longest_word(words, size=size)
    side_room = min((longest + 4) / max(room_in(ax)[0] - 2 * (longest + 4), 20.0), 2.0)
    ax.set_xlim(-side_room, 1 + side_room)
    ax.set_ylim(-len(words) + 0.4, 0.6)
    ax.set_title(title, fontsize=8.5, **PLAIN)
    ax.set_axis_off()
    return ax


def write_columns(words: Sequence[str], pairs: set[tuple[int, int]], ax: Axes, *, size: float) -> None:
    """The words as queries on the left and as keys on the right; those in a marked pair are bold on its side."""
    families = font_families(words)
    fitting = min(size, 0.85 * room_in(ax)[1] / (len(words) + 1))
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


class HeadExample(Protocol):
    """A head on a sentence that shows what it tracks, as `treeprobe.attention.best_head_sentences` finds it."""

    @property
    def relation(self) -> str:
        """The relation that the head tracks."""

    @property
    def block(self) -> int:
        """From 0, as is `head`."""

    @property
    def head(self) -> int:
        """From 0, within its block."""

    @property
    def words(self) -> Sequence[str]:
        """The sentence."""

    @property
    def attention(self) -> NDArray[np.float64]:
        """(words, words), rows query."""

    @property
    def pairs(self) -> NDArray[np.int64]:
        """The (query, key) words of the relation, (pairs, 2)."""


def best_head_examples(examples: Sequence[HeadExample], axes: Sequence[Axes]) -> Sequence[Axes]:
    """One panel an example, named "nsubj: head 3-9", in the given axes, which are returned; axes left over are hidden.

    After Figure 5 of Clark et al. (2019). Raises ValueError when there are more examples than axes.
    """
    if len(examples) > len(axes):
        raise ValueError(f"{len(examples)} examples but {len(axes)} axes; expected an axes for each")
    for ax in axes:
        ax.set_axis_off()
    figure = axes[0].get_figure(root=True) if axes else None
    if figure is not None:
        figure.draw_without_rendering()  # lays the panels out: words and lines are fitted to the width they will have
    for example, ax in zip(examples, axes, strict=False):
        title = f"{example.relation}: head {head_name(example.block, example.head)}"
        attention_lines(example.words, example.attention, ax, marked=example.pairs, title=title)
    return axes
