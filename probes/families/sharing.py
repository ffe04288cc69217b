"""How tasks share maps: one map for all, maps drawn together, maps of few common directions, maps that are mixed.

After each step of Adam the maps of soft sharing take a proximal step of their penalty, as decoupled weight decay does
(Loshchilov & Hutter 2019): strengths then mean the same whatever the losses' scale, a strength of 0 is no sharing, and
a large one of `l2` is one map for all.
"""

from typing import Literal

import torch
from torch import Tensor

from treeprobe.sharing import drawn_together

Sharing = Literal["hard", "l2", "trace-norm", "cross-stitch"]
"""How the maps of several tasks are shared.

`hard`: one map. `l2`: the penalty is Σ ‖Bₜ - mean‖² (Duong et al. 2015). `trace-norm`: it is the sum of the singular
values of the maps side by side (Argyriou et al. 2008; Yang & Hospedales 2017), which for a single map asks for few
directions and shares nothing. `cross-stitch`: each task reads a learned mixture of all maps (Misra et al. 2016).
"""

SHARING: tuple[Sharing, ...] = ("hard", "l2", "trace-norm", "cross-stitch")
PENALISED: tuple[Sharing, ...] = ("l2", "trace-norm")
"""Those that have a strength."""

OWN_SHARE = 0.9  # of a task's own map in its mixture at the start, as Misra et al. (2016), section 4.1


def initial_maps(start: Tensor, sharing: Sharing, *, tasks: int) -> Tensor:
    """The same map (dim, rank) for every task, (tasks, dim, rank); with hard sharing once."""
    return start.repeat(1 if sharing == "hard" else tasks, 1, 1)


def initial_mixture(tasks: int) -> Tensor:
    """Shares of all maps in each task's own, (tasks, tasks); each row sums to 1."""
    if tasks == 1:
        return torch.ones(1, 1)
    mixture = torch.full((tasks, tasks), (1 - OWN_SHARE) / (tasks - 1))
    return mixture.fill_diagonal_(OWN_SHARE)


def task_maps(maps: Tensor, mixture: Tensor | None, *, tasks: int) -> Tensor:
    """The map that each task reads, (tasks, dim, rank).

    Since maps are linear, a mixture of projections is the projection by a mixture: with cross-stitch units the tasks
    can read what separate maps can, no more and no less. What differs is the way there.

    Args:
        maps: (tasks, dim, rank), or (1, dim, rank) where all tasks have one.
        mixture: (tasks, tasks) of cross-stitch units, None without them.
        tasks: how many.
    """
    if mixture is not None:
        return torch.einsum("ts,sdr->tdr", mixture, maps)
    return maps.expand(tasks, -1, -1)


def coupled(maps: Tensor, sharing: Sharing, *, amount: float) -> Tensor:
    """The proximal step of a penalty: argmin over X of ½ ‖X - maps‖² + amount · penalty(X).

    Args:
        maps: (tasks, dim, rank).
        sharing: one of `PENALISED`.
        amount: strength times step size.
    """
    if sharing == "l2":
        return drawn_together(maps, amount=amount)
    tasks, dim, rank = maps.shape
    left, values, right = torch.linalg.svd(maps.transpose(0, 1).reshape(dim, tasks * rank), full_matrices=False)
    shrunk = (left * (values - amount).clamp_min(0)) @ right
    return shrunk.reshape(dim, tasks, rank).transpose(0, 1)
