"""How tasks share parameters and how their losses become one: what probes and fine-tuned models have in common.

Plain arithmetic on whatever arrays it is given, so that it needs no package.
"""

from typing import Any, Literal

Weighting = Literal["equal", "fixed", "uncertainty"]
"""`equal`: the sum. `fixed`: a weighted sum. `uncertainty`: by noise that follows the losses (Kendall et al. 2018)."""

WEIGHTING: tuple[Weighting, ...] = ("equal", "fixed", "uncertainty")


def uncertain_sum(losses: Any, log_noise: Any, terms: Any) -> Any:
    """Σ L exp(-u) + c u, over tasks, with u the logarithm of a task's noise: its likelihood, up to constants.

    An L1 loss is a Laplace likelihood of scale b = exp(u), with c = 1: L / b + log b. A cross-entropy is that of a
    softmax of temperature σ² = exp(u), for which Kendall, Gal & Cipolla (2018), "Multi-Task Learning Using Uncertainty
    to Weigh Losses", equation 10, have L / σ² + log σ, so c = ½. The least is at u = log(L / c).

    Args:
        losses: mean loss of each task, (tasks,).
        log_noise: u, (tasks,).
        terms: c, (tasks,).
    """
    return (losses * (-log_noise).exp() + terms * log_noise).sum()


def drawn_together(values: Any, *, amount: float) -> Any:
    """The proximal step of the penalty Σ ‖xₜ - mean‖² of soft sharing (Duong et al. 2015): each towards the mean.

    Args:
        values: parameters of the tasks, (tasks, ...).
        amount: strength times step size; 0 moves nothing, infinity leaves the mean.
    """
    mean = values.mean(0)
    return mean + (values - mean) / (1 + 2 * amount)
