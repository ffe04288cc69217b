"""Attention heads: their behaviour by layer, their attention over a sentence, and a map of which are alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from reporting.axis_style import SMALL, clean, scale_beside
from reporting.end_labels import EndLabel, write_end_labels
from reporting.label_places import label_places
from reporting.palette import BLUE, GREY, PALE, SEQUENTIAL, VERMILLION, series_styles
from reporting.text_fonts import PLAIN, font_families, text_width
from reporting.word_row import room_in


def head_name(layer: int, head: int) -> str:
    """The name of a head as papers write it, counted from 1: "5-9" is head 9 of layer 5, here (4, 8)."""
    return f"{layer + 1}-{head + 1}"


def behaviour_by_layer(behaviours: Mapping[str, ArrayLike], ax: Axes, *, label: str = "share of attention") -> Axes:
    """Each head as a point and the mean of each layer as a line, for every named behaviour, (layers, heads).

    After Figure 2 of Clark et al. (2019). Layers are counted from 1.
    """
    ends = []
    shift = np.linspace(-0.16, 0.16, len(behaviours)) if len(behaviours) > 1 else np.zeros(1)
    for (name, values), style, aside in zip(behaviours.items(), series_styles(), shift, strict=False):
        matrix = np.asarray(values, dtype=float)
        layers = np.arange(1, len(matrix) + 1)
        ax.plot(
            np.repeat(layers, matrix.shape[1]) + aside,
            matrix.ravel(),
            style.marker,
            color=style.color,
            markersize=2.6,
            alpha=0.5,
            markeredgewidth=0,
        )
        ax.plot(layers + aside, np.nanmean(matrix, axis=1), **style.line)
        ends.append(EndLabel(name, float(np.nanmean(matrix[-1])), style.color))
    ax.set_xlabel("layer")
    ax.set_ylabel(label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    clean(ax)
    if len(ends) > 1:
        write_end_labels(ends, ax)
    return ax


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
    pairs = {(int(query), int(key)) for query, key in np.asarray(marked, dtype=np.int64).reshape(-1, 2)}
    families = font_families(words)
    heavy = {side: {pair[side] for pair in pairs} for side in (0, 1)}
    for query, key in np.argwhere(weights > 0.02):
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
    for side, align, x in ((0, "right", -0.03), (1, "left", 1.03)):
        for place, word in enumerate(words):
            ax.text(
                x,
                -place,
                word,
                ha=align,
                va="center_baseline",
                fontsize=min(size, 0.85 * room_in(ax)[1] / (len(words) + 1)),
                fontfamily=families,
                fontweight="bold" if place in heavy[side] else "normal",
                **PLAIN,
            )
    longest = max((text_width(word, size=size, families=families) for word in words), default=0.0)
    side_room = min((longest + 4) / max(room_in(ax)[0] - 2 * (longest + 4), 20.0), 2.0)
    ax.set_xlim(-side_room, 1 + side_room)
    ax.set_ylim(-len(words) + 0.4, 0.6)
    ax.set_title(title, fontsize=8.5, **PLAIN)
    ax.set_axis_off()
    return ax


@dataclass(frozen=True)
class HeadExample:
    """A head (layer and head from 0) on a sentence that shows what it tracks.

    `attention` is (words, words), rows query; `pairs` are the (query, key) words of the relation, (pairs, 2).
    """

    relation: str
    layer: int
    head: int
    words: tuple[str, ...]
    attention: NDArray[np.float64]
    pairs: NDArray[np.int64]


def best_head_examples(examples: Sequence[HeadExample], axes: Sequence[Axes]) -> Sequence[Axes]:
    """One panel an example, named "nsubj: head 3-9", in the given axes, which are returned; axes left over are hidden.

    After Figure 5 of Clark et al. (2019). Raises ValueError when there are more examples than axes.
    """
    if len(examples) > len(axes):
        raise ValueError(f"{len(examples)} examples but {len(axes)} axes; expected an axes for each")
    for example, ax in zip(examples, axes, strict=False):
        title = f"{example.relation}: head {head_name(example.layer, example.head)}"
        attention_lines(example.words, example.attention, ax, marked=example.pairs, title=title)
    for ax in axes[len(examples) :]:
        ax.set_axis_off()
    return axes


def head_map(
    points: ArrayLike,
    ax: Axes,
    *,
    names: Sequence[str] | None = None,
    behaviours: Sequence[str] | None = None,
    values: ArrayLike | None = None,
    label: str = "",
    named: int = 12,
) -> Axes:
    """Heads as points in two dimensions, (layers × heads, 2), near when they attend alike (Clark et al. 2019, fig. 6).

    They are told apart by `behaviours`, one word a head (colour and marker), or shaded by `values`. The `named` heads
    farthest from the middle are written beside their points.
    """
    cloud = np.asarray(points, dtype=float)
    if cloud.ndim != 2 or cloud.shape[1] != 2:
        raise ValueError(f"expected heads in two dimensions, (heads, 2); found shape {cloud.shape}")
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.1)
    if values is not None:
        shown = ax.scatter(cloud[:, 0], cloud[:, 1], c=np.asarray(values), cmap=SEQUENTIAL, s=26, linewidths=0)
        scale_beside(shown, ax, label=label)
    else:
        scatter_kinds(cloud, behaviours or ["head"] * len(cloud), ax)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_color(PALE)
    if names is not None:
        name_outer(cloud, names, ax, most=named)
    return ax


def scatter_kinds(cloud: NDArray[np.float64], behaviours: Sequence[str], ax: Axes) -> None:
    """Points by kind, the most frequent kind first; the legend stands over the axes."""
    kinds, counts = np.unique(np.asarray(behaviours), return_counts=True)
    handles = []
    for kind, style in zip(kinds[np.argsort(-counts, kind="stable")], series_styles(), strict=False):
        chosen = cloud[np.asarray(behaviours) == kind]
        ax.scatter(chosen[:, 0], chosen[:, 1], s=26, color=style.color, marker=style.marker, alpha=0.85, linewidths=0)
        handles.append(Line2D([], [], color=style.color, marker=style.marker, linestyle="none", label=str(kind)))
    if len(handles) > 1:
        ax.legend(
            handles=handles,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=3,
            frameon=False,
            fontsize=SMALL,
            handletextpad=0.1,
        )


def name_outer(cloud: NDArray[np.float64], names: Sequence[str], ax: Axes, *, most: int) -> None:
    """Write the names of the points that lie farthest out."""
    chosen = np.argsort(-np.linalg.norm(cloud - cloud.mean(axis=0), axis=1), kind="stable")[:most]
    ax.apply_aspect()
    on_page = ax.transData.transform(cloud) * 72 / ax.figure.dpi
    sizes = np.array([(text_width(name, size=7), 7.0) for name in names])
    order = np.concatenate([chosen, np.setdiff1d(np.arange(len(cloud)), chosen)])
    sizes[order[most:]] = 0.0
    offsets = label_places(on_page, sizes, [], clearance=4.0) - on_page
    for index in chosen:
        ax.annotate(
            names[index],
            xy=tuple(cloud[index]),
            xytext=tuple(offsets[index]),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=7,
            color=GREY,
            **PLAIN,
        )


def word_weights(words: Sequence[str], attention: ArrayLike) -> NDArray[np.float64]:
    """The attention as an array. Raises ValueError when it is not (words, words), finite and at least 0."""
    weights = np.asarray(attention, dtype=float)
    if weights.shape != (len(words), len(words)):
        raise ValueError(f"{len(words)} words need ({len(words)}, {len(words)}) weights; found {weights.shape}")
    if not np.isfinite(weights).all() or weights.min(initial=0.0) < 0:
        raise ValueError("attention must be finite and at least 0")
    return weights
