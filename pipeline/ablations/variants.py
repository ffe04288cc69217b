"""What each ablation pre-trains: a row of the paper's table or a curve of its figure is a variant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args

from treeprobe.errors import TreeprobeError
from treeprobe.pipeline.ablations import published

Experiment = Literal["masking", "objectives", "sizes", "steps"]
EXPERIMENTS: tuple[Experiment, ...] = get_args(Experiment)
"""Table 8, table 5, table 6 and figure 5 of Devlin et al. (2019)."""


class AblationError(TreeprobeError, ValueError):
    """Ablations that cannot be done as asked."""


@dataclass(frozen=True)
class Size:
    """Layers, width of the states, and attention heads a layer; `4x128x4` on the command line."""

    layers: int
    dim: int
    heads: int

    @classmethod
    def read(cls, text: str) -> Self:
        """The size that is written as `LAYERSxDIMxHEADS`. Raises AblationError for anything else."""
        try:
            layers, dim, heads = (int(part) for part in text.strip().split("x"))
        except ValueError as error:
            raise AblationError(f"{text!r}; expected layers, width and heads, such as 4x128x4") from error
        if min(layers, dim, heads) < 1 or dim % heads:
            raise AblationError(f"{text!r}; expected numbers of at least 1, and a width that the heads divide")
        return cls(layers, dim, heads)

    def __str__(self) -> str:
        return f"{self.layers}x{self.dim}x{self.heads}"


SIZES = tuple(Size.read(text) for text in ("1x128x4", "2x128x1", "2x128x4", "4x128x4", "4x192x6", "8x192x6"))
"""The rows of table 6 with a third of the layers and a sixth of the width: 3 to 24 layers, 768 to 1024 wide there."""


@dataclass(frozen=True)
class Variant:
    """One row of an experiment: what is changed of the options that all runs share.

    Attributes:
        experiment, name: which one, and what tables and figures call it.
        changes: fields of `PretrainingOptions`.
        published: what the paper reports of the same row, by task (`published`).
        slug: what the folders of its runs are called, where no earlier variant has the same options.
    """

    experiment: Experiment
    name: str
    slug: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    published: Mapping[str, float] = field(default_factory=dict)


def read_experiments(text: str) -> tuple[Experiment, ...]:
    """The experiments that are written with commas between. Raises AblationError for anything else."""
    asked = [part.strip() for part in text.split(",") if part.strip()]
    if not asked or (unknown := sorted(set(asked) - set(EXPERIMENTS))):
        found = ", ".join(unknown) if asked else "none"
        raise AblationError(f"experiments: found {found}; expected some of {', '.join(EXPERIMENTS)}")
    return tuple(experiment for experiment in EXPERIMENTS if experiment in asked)


def variants_of(experiments: Sequence[Experiment], *, sizes: Sequence[Size] = SIZES) -> list[Variant]:
    """The variants of some experiments in the order of the paper; the first of each is what others are compared with.

    In `sizes` that is the largest.
    """
    makers = {"masking": _masking, "objectives": _objectives, "sizes": lambda: _sizes(sizes), "steps": _steps}
    return [variant for experiment in experiments for variant in makers[experiment]()]


def _masking() -> list[Variant]:
    """Table 8: how the subwords that are predicted are shown."""
    found = []
    for name, scores in published.MASKING.items():
        mask, same, random = (int(share) for share in name.split(" / "))
        changes = {"mask_replace_prob": mask / 100, "random_replace_prob": random / 100}
        found.append(Variant("masking", name, f"mask-{mask}-{same}-{random}", changes, scores))
    return found


def _objectives() -> list[Variant]:
    """Table 5, and left to right with NSP."""
    changes: dict[str, tuple[str, dict[str, bool]]] = {
        "masked, NSP": ("masked-nsp", {"next_sentence": True}),
        "masked, no NSP": ("masked", {"next_sentence": False}),
        "left to right, NSP": ("left-to-right-nsp", {"left_to_right": True, "next_sentence": True}),
        "left to right, no NSP": ("left-to-right", {"left_to_right": True, "next_sentence": False}),
        "left to right, no NSP, + BiLSTM": (
            "left-to-right-bilstm",
            {"left_to_right": True, "next_sentence": False, "bilstm": True},
        ),
    }
    return [
        Variant("objectives", name, slug, change, published.OBJECTIVES.get(name, {}))
        for name, (slug, change) in changes.items()
    ]


def _sizes(sizes: Sequence[Size]) -> list[Variant]:
    """Table 6: layers, width and heads. What the paper reports belongs to its own sizes, not to these."""
    ordered = sorted(sizes, key=lambda size: published.parameters(size.layers, size.dim), reverse=True)
    return [Variant("sizes", str(size), f"size-{size}", vars(size)) for size in ordered]


def _steps() -> list[Variant]:
    """Figure 5: a masked and a left-to-right model by training step, alike in everything else."""
    return [
        Variant("steps", "masked", "masked-nsp", {"left_to_right": False}),
        Variant("steps", "left to right", "left-to-right-nsp", {"left_to_right": True}),
    ]
