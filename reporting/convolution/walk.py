"""Centres of attention on their way to a kernel: in one dimension as lines, and step by step as an animation."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from PIL import Image, ImageSequence

from treeprobe.files import written_whole
from treeprobe.reporting.convolution.images import head_centres
from treeprobe.reporting.style.axes import clean_axes
from treeprobe.reporting.style.end_labels import EndLabel, write_end_labels
from treeprobe.reporting.style.palette import PALE, series_styles
from treeprobe.reporting.style.text_fonts import PLAIN

FRAMES_A_SECOND = 12
HELD = 10
"""Frames for which the last step stands still."""


def centre_lines(centres: ArrayLike, ax: Axes, *, steps: ArrayLike | None = None, kernel: int = 3) -> Axes:
    """Draw where each head of a sequence attends during training, as a line over the steps.

    Args:
        centres: Δ of each head, in positions to the right of the query, (kept, heads, 1) or (kept, heads).
        ax: The axes, returned.
        steps: The step of each, (kept,); their numbers by default.
        kernel: Width of the convolution; its positions are drawn as horizontal lines.

    Raises:
        ValueError: Centres of another shape.
    """
    paths = np.asarray(centres, dtype=float)
    paths = paths[..., 0] if paths.ndim == 3 and paths.shape[2] == 1 else paths
    if paths.ndim != 2:
        raise ValueError(f"expected centres of shape (kept, heads) or (kept, heads, 1); found {np.shape(centres)}")
    along = np.arange(len(paths)) if steps is None else np.asarray(steps)
    half = kernel // 2
    for position in range(-half, half + 1):
        ax.axhline(position, color=PALE, linewidth=0.8, zorder=0)
    ends = []
    for head, style in zip(range(paths.shape[1]), series_styles(), strict=False):
        ax.plot(along, paths[:, head], **style.line)
        ends.append(EndLabel(f"head {head + 1}", float(paths[-1, head]), style.color))
    reach = max(half + 0.5, 1.1 * float(np.abs(paths).max(initial=0.0)))
    ax.set_ylim(-reach, reach)
    ax.set_xlim(along[0], max(along[-1], along[0] + 1))
    ax.set_xlabel("training step")
    ax.set_ylabel("offset attended to")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    clean_axes(ax, grid="")
    return write_end_labels(ends, ax)


def walking_centres(
    centres: ArrayLike, *, steps: ArrayLike | None = None, kernel: int = 3, frames: int = 40, size: float = 3.2
) -> FuncAnimation:
    """The walk of `head_centres`, or of `centre_lines` for a sequence, step by step.

    Args:
        centres: (kept, heads, 2), or (kept, heads, 1) for a sequence.
        steps: The step of each, (kept,).
        kernel: Width of the convolution.
        frames: Frames at most; they are taken more closely where centres move most, near the beginning.
        size: Height of the figure in inches.

    Returns:
        An animation for `animation_gif`, `save_animation` or matplotlib's own `to_jshtml`.
    """
    paths = np.asarray(centres, dtype=float)
    numbers = np.arange(len(paths)) if steps is None else np.asarray(steps)
    flat = paths.ndim == 2 or paths.shape[-1] == 1
    figure = Figure(figsize=(1.5 * size if flat else size, size), layout="constrained")
    ax = figure.add_subplot()
    shown = _frames(len(paths), frames)
    reach = 1.1 * float(np.abs(paths).max(initial=kernel // 2 + 0.5))

    def draw(place: int) -> list[Axes]:
        ax.clear()
        until = slice(None, place + 1)
        if flat:
            centre_lines(paths[until], ax, steps=numbers[until], kernel=kernel)
            ax.set_xlim(numbers[0], max(numbers[-1], 1))
        else:
            head_centres(paths[until], ax, kernel=kernel)
            ax.set_xlim(-reach, reach)
        ax.set_ylim(-reach if flat else reach, reach if flat else -reach)
        ax.set_title(f"step {numbers[place]}", fontsize=9, **PLAIN)
        return [ax]

    return FuncAnimation(figure, draw, frames=[*shown, *[shown[-1]] * HELD], interval=1000 / FRAMES_A_SECOND)


def animation_gif(animation: FuncAnimation, *, dpi: int = 80) -> bytes:
    """An animation as the bytes of a GIF, for `IPython.display.Image(data=...)`."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "animation.gif"
        animation.save(path, writer=PillowWriter(fps=FRAMES_A_SECOND), dpi=dpi)
        return _packed(path.read_bytes())


def save_animation(animation: FuncAnimation, path: str | Path, *, dpi: int = 120) -> Path:
    """Save an animation as .gif, or as a self-contained page with buttons, .html; whole or not at all.

    Raises:
        ValueError: Another suffix.
        FileNotFoundError: The folder does not exist.
    """
    target = Path(path)
    if target.suffix not in (".gif", ".html"):
        raise ValueError(f"cannot save an animation as {target.name!r}; expected a name that ends in .gif or .html")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot save {target.name}: the folder {target.parent} does not exist")
    with written_whole(target) as draft:
        if target.suffix == ".gif":
            draft.write_bytes(animation_gif(animation, dpi=dpi))
        else:
            draft.write_text(animation.to_jshtml(fps=FRAMES_A_SECOND, default_mode="once"), encoding="utf-8")
    return target


def _frames(count: int, most: int) -> list[int]:
    """At most so many of the steps, closer together at the beginning, the first and the last among them."""
    share = np.linspace(0, 1, min(most, count)) ** 2
    return sorted({int(place) for place in np.rint(share * (count - 1))})


def _packed(gif: bytes) -> bytes:
    """The same animation with few colours, which is a fraction of the size."""
    with Image.open(BytesIO(gif)) as image:
        pictures = [one.convert("RGB").quantize(48) for one in ImageSequence.Iterator(image)]
        durations = [one.info.get("duration", 80) for one in ImageSequence.Iterator(image)]
    packed = BytesIO()
    pictures[0].save(
        packed, "GIF", save_all=True, append_images=pictures[1:], loop=0, duration=durations, optimize=True
    )
    return packed.getvalue()
