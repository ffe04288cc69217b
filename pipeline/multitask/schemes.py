"""The rungs of the ladder: separate probes, and every way of sharing with every weighting of the losses."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from treeprobe.parsing import Treebank
from treeprobe.pipeline.options import Options, OptionsError
from treeprobe.probes import MultitaskProbe
from treeprobe.probes.families.multitask import TASKS
from treeprobe.probes.families.sharing import PENALISED, SHARING, Sharing
from treeprobe.probes.families.weighting import constant_error, constant_surprise
from treeprobe.sharing import WEIGHTING, Weighting

SEPARATE = "separate"
PENALISED_SEPARATE = "separate, trace norm"
"""Separate probes whose own maps pay the trace norm: what of its gain is no sharing."""
BASELINES = (SEPARATE, PENALISED_SEPARATE)


@dataclass(frozen=True)
class Scheme:
    """How the tasks of a word share, what their losses weigh, and the strength of the penalty, where there is one."""

    sharing: str
    weighting: Weighting = "equal"
    strength: float | None = None

    def probes(
        self, layer: int, rank: int, seed: int, *, weights: Sequence[float], epochs: int | None, device: str
    ) -> list[MultitaskProbe]:
        """A probe of all tasks, or one of each task; `weights` are those of fixed weighting."""
        own: Sharing = "trace-norm" if self.sharing == PENALISED_SEPARATE else "hard"
        sharing = next((one for one in SHARING if one == self.sharing), own)
        return [
            MultitaskProbe(
                layer,
                rank,
                seed,
                tasks=tasks,
                sharing=sharing,
                strength=1.0 if self.strength is None else self.strength,
                weighting=self.weighting,
                weights=tuple(weights) if self.weighting == "fixed" else None,
                epochs=epochs,
                device=device,
            )
            for tasks in ([(task,) for task in TASKS] if self.sharing in BASELINES else [TASKS])
        ]


def schemes_of(options: Options) -> list[Scheme]:
    """The rungs that are asked for, separate probes first; the weights of separate losses do not matter.

    Raises OptionsError for a sharing or weighting that there is not.
    """
    for name, asked, known in (
        ("sharing", options.sharing, SHARING),
        ("weighting", options.weighting, WEIGHTING),
    ):
        if unknown := [one for one in asked if one not in known]:
            raise OptionsError(f"{name}: found {', '.join(unknown)}; expected some of {', '.join(known)}")
    found = [Scheme(SEPARATE), *(Scheme(PENALISED_SEPARATE, strength=each) for each in options.strengths)]
    for sharing, weighting in product(options.sharing, options.weighting):
        strengths = options.strengths if sharing in PENALISED else (None,)
        found += [Scheme(sharing, weighting, strength) for strength in strengths]
    return found


def balanced_weights(bank: Treebank) -> tuple[float, ...]:
    """The weights of fixed weighting: each task's loss as a share of that of the best constant prediction."""
    relations = [sentence.relations for sentence in bank]
    losses = (constant_error(bank.distances), constant_error(bank.depths), constant_surprise(relations))
    # Sentences so alike that a constant is right leave nothing to weigh.
    return tuple(1 / loss if loss > 0 else 1.0 for loss in losses)
