"""Pages on which a reader chooses what is drawn: a head, a layer, a sentence. They need no server and no network."""

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from treeprobe.files import written_whole
from treeprobe.reporting.heads.attention_lines import word_weights
from treeprobe.reporting.html.templates import render
from treeprobe.reporting.html.tree_layout import with_layout

MOST_WEIGHTS = 8_000_000
"""Attention weights of a page: one byte each before compression."""
MOST_HEADS_OF_WORDS = 2_000_000
"""Recovered heads of a page: one for each word, layer and checkpoint."""
_TALLEST = 640
"""Pixels of a picker in a notebook; it scrolls inside."""


@dataclass(frozen=True, repr=False)
class Picker:
    """An interactive page: shown by a notebook that returns it, in a frame of its own, or saved as a file.

    What it shows travels with it, so it still works in a saved notebook, and in HTML made of one.

    Attributes:
        page: The text of the HTML file.
        height: Of the frame in a notebook, in pixels.
    """

    page: str
    height: int

    def __repr__(self) -> str:
        return f"Picker({len(self.page):,} characters of HTML; notebooks show it, .save(path) writes it)"

    def _repr_html_(self) -> str:
        """The page in a frame that keeps its style and its script apart from the notebook's."""
        # In single quotes, of which the page has few: its data are full of double ones.
        page = escape(self.page, quote=False).replace("'", "&#39;")
        return (
            f'<iframe srcdoc=\'{page}\' title="Made by treeprobe" sandbox="allow-scripts" '
            f'style="width:100%;height:{self.height}px;border:0;resize:vertical"></iframe>'
        )

    def save(self, path: str | Path) -> Path:
        """Write the page as an HTML file, whole or not at all; returns its path."""
        target = Path(path)
        with written_whole(target) as draft:
            draft.write_text(self.page, encoding="utf-8")
        return target


def attention_picker(
    sentences: Sequence[Sequence[str]],
    attention: Sequence[ArrayLike],
    *,
    layers: Sequence[int] | None = None,
    layer: int | None = None,
    head: int = 1,
) -> Picker:
    """Choose sentence, layer and head, and see the attention as lines from word to word or as a matrix.

    Hovering over a word on the left brings out its lines; each line and cell has its weight as a tooltip. Weights are
    kept to 1/255. A page holds up to `MOST_WEIGHTS` of them: about 60 sentences of 30 words for a model of 12 layers
    with 12 heads each.

    Args:
        sentences: The words of each sentence, special tokens included where the attention has them.
        attention: An array for each sentence, (layers, heads, words, words); rows are queries. See
            `treeprobe.extraction.AttentionBatch.unpadded`.
        layers: The numbers of the layers in the arrays, by default from 1.
        layer: The layer that is shown first, by default the first one.
        head: The head that is shown first, counted from 1.

    Raises:
        ValueError: No sentences, arrays of other shapes, weights that are negative or not finite or above 1, a layer or
            head that is not there, or more weights than a page holds.
    """
    arrays = [np.asarray(one) for one in attention]
    count, heads = _check_shapes(sentences, arrays)
    numbers = [int(one) for one in layers] if layers is not None else list(range(1, count + 1))
    first = numbers[0] if layer is None else layer
    if len(numbers) != count:
        raise ValueError(f"layers names {len(numbers)} layers; the attention has {count}")
    if first not in numbers or not 1 <= head <= heads:
        raise ValueError(f"head {first}-{head} is not there; found layers {numbers} with heads 1 to {heads}")
    quantised = b"".join(_quantise(words, one) for words, one in zip(sentences, arrays))
    data = {
        "sentences": [list(words) for words in sentences],
        "layers": numbers,
        "heads": heads,
        "layer": first,
        "head": head,
        "weights": base64.b64encode(zlib.compress(quantised, 9)).decode(),
    }
    longest = max(map(len, sentences))
    page = render("picker.html", scripts=["attention.js"], data=data, title="Attention", fragment="attention.html")
    return Picker(page, min(_TALLEST, 170 + 20 * longest))


def tree_picker(explorer: Mapping[str, Any]) -> Picker:
    """Choose checkpoint, sentence and layer, and see the gold tree above the words and the recovered one below.

    The trees of a run or a sweep: `treeprobe.pipeline.explore_trees`.

    Args:
        explorer: As in `Report`. A page holds up to `MOST_HEADS_OF_WORDS` heads of words.

    Raises:
        ValueError: No trees, or more than a page holds.
    """
    views = explorer.get("views", [])
    if not views:
        raise ValueError("no trees to choose from; expected at least one view")
    heads = sum(len(sentence) for view in views for layer in view["recovered"] for sentence in layer)
    if heads > MOST_HEADS_OF_WORDS:
        raise ValueError(
            f"{len(views)} views have {heads:,} recovered heads; expected at most {MOST_HEADS_OF_WORDS:,}: fewer "
            "sentences, layers or checkpoints"
        )
    page = render(
        "picker.html",
        scripts=["trees.js", "explorer.js"],
        data=with_layout(explorer),
        title="Trees",
        fragment="explorer.html",
    )
    return Picker(page, _TALLEST)


def _check_shapes(sentences: Sequence[Sequence[str]], arrays: Sequence[NDArray[Any]]) -> tuple[int, int]:
    """How many layers and heads all arrays have. Raises ValueError where they do not fit, or are too many."""
    if len(sentences) != len(arrays) or not arrays:
        raise ValueError(f"{len(sentences)} sentences but attention of {len(arrays)}; expected one array for each")
    for words, one in zip(sentences, arrays):
        if one.ndim != 4 or one.shape != (*arrays[0].shape[:2], len(words), len(words)) or not one.size:
            raise ValueError(
                f"attention of shape {one.shape} for {len(words)} words; expected (layers, heads, words, words), "
                "as many layers and heads for each sentence"
            )
    weights = sum(one.size for one in arrays)
    if weights > MOST_WEIGHTS:
        fitting = max(0, len(arrays) * MOST_WEIGHTS // weights)
        raise ValueError(
            f"{len(arrays)} sentences have {weights:,} attention weights; expected at most {MOST_WEIGHTS:,}: about "
            f"{fitting} such sentences, or fewer layers"
        )
    return arrays[0].shape[0], arrays[0].shape[1]


def _quantise(words: Sequence[str], attention: NDArray[Any]) -> bytes:
    """The weights of one sentence, a byte each."""
    for layer in attention:
        for head in layer:
            word_weights(words, head)
    if (high := float(attention.max())) > 1.001:
        raise ValueError(f"attention of {high:.3f}; expected weights of at most 1")
    return np.rint(255 * np.minimum(attention, 1.0)).astype(np.uint8).tobytes()
