"""What all probe families share beside the linear ones: any parameters, any differentiable loss."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from treeprobe.probes.artefacts import Arrays
from treeprobe.probes.batches import Batch, Group
from treeprobe.probes.probe import Probe, Vectors, in_order
from treeprobe.probes.targets import BatchGold, Kind
from treeprobe.probes.trainable import Learner

Parameters = dict[str, Tensor]
GroupGold = Mapping[Kind, Tensor]


class GradientLearner:
    """Probes of any families on one layer, each with its own parameters and its own gradient by autograd.

    The vectors are divided by their typical size before anything else, so that one step size serves all models; the
    divisor is kept among a probe's parameters, as `scale`, a name that no family may give to a parameter of its own.
    """

    def __init__(self, layer: int, probes: "Sequence[GradientProbe]", scale: Tensor) -> None:
        self.layer = layer
        self.probes = list(probes)
        self.scales = [probe.typical_scale(scale.squeeze(-1)) for probe in probes]
        self.parameters = [probe.first_parameters(len(scale), device=scale.device) for probe in probes]
        self.optimisers = [torch.optim.Adam(each.values(), fused=True) for each in self.parameters]

    def step(self, batch: Batch, gold: BatchGold, *, learn: bool) -> Tensor:
        """Losses of every probe summed over a batch, (probes,); with `learn`, gradients of their mean are left."""
        sums = []
        for probe, scale, parameters in zip(self.probes, self.scales, self.parameters):
            vectors = batch.layer(self.layer) / scale
            parts = torch.stack(
                [
                    probe.loss(parameters, vectors[group.index] * group.mask[..., None], values, group)
                    for group, values in zip(batch.groups, by_group(gold, batch))
                ]
            ).sum(dim=0)
            if learn:
                (probe.weigh(parameters, parts, len(batch.sentences)) / len(batch.sentences)).backward()
            sums.append(parts.detach().sum())
        return torch.stack(sums)

    def move(self, share: float) -> None:
        """One step of Adam for each, at the pace of its family."""
        for probe, parameters, optimiser in zip(self.probes, self.parameters, self.optimisers):
            optimiser.param_groups[0]["lr"] = probe.pace * probe.learning_rate * share
            optimiser.step()
            optimiser.zero_grad()
            probe.retract(parameters)

    def learned(self) -> list[Arrays]:
        """Every probe's parameters by name, `scale` among them."""
        return [
            {name: tensor.detach().cpu().numpy().copy() for name, tensor in {"scale": scale, **parameters}.items()}
            for scale, parameters in zip(self.scales, self.parameters)
        ]

    def drop(self, stopped: Sequence[bool]) -> Self | None:
        """Go on without some of the probes."""
        staying = [place for place, gone in enumerate(stopped) if not gone]
        self.probes = [self.probes[place] for place in staying]
        self.scales = [self.scales[place] for place in staying]
        self.parameters = [self.parameters[place] for place in staying]
        self.optimisers = [self.optimisers[place] for place in staying]
        return self if staying else None


def by_group(gold: BatchGold, batch: Batch) -> list[GroupGold]:
    """Gold by kind, group by group: distances (sentences, words, words), others (sentences, words).

    Beyond a sentence's end stands anything; the group's weights are 0 there.
    """
    return [
        {kind: values[place] if kind == "distance" else values[group.index] for kind, values in gold.items()}
        for place, group in enumerate(batch.groups)
    ]


class GradientProbe(Probe):
    """A probe whose parameters, `parameters_` by name, are found by gradient descent through `loss`.

    For the parameters see `Probe`; the first step size is `learning_rate` times the family's `pace`.
    """

    learner: ClassVar[type[Learner]] = GradientLearner

    # Adam moves every number equally far, whatever its size: families whose numbers are larger take larger steps.
    pace: ClassVar[float] = 1.0

    parameters_: dict[str, NDArray[np.float32]]

    @abstractmethod
    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """First values of everything that is learned."""

    @abstractmethod
    def loss(self, parameters: Parameters, words: Tensor, gold: GroupGold, group: Group) -> Tensor:
        """Losses by part, (parts,), summed over the sentences of a group; words (sentences, words, dim) are padded."""

    @abstractmethod
    def read_off(self, parameters: Parameters, words: Tensor) -> Any:
        """What the probe predicts of one sentence's words, (words, dim)."""

    def weigh(self, parameters: Parameters, parts: Tensor, sentences: int) -> Tensor:
        """What is descended, of the parts of the loss summed over so many sentences: their sum."""
        return parts.sum()

    def retract(self, parameters: Parameters) -> None:
        """Bring parameters back to where they must stay, after a step."""

    def typical_scale(self, scales: Tensor) -> Tensor:
        """What vectors are divided by, given the deviation of each of their numbers, (dim,)."""
        return scales

    def first_parameters(self, dim: int, *, device: torch.device) -> Parameters:
        """First values by the probe's seed, to be learned.

        Raises TypeError where the family has no `kind`, and ValueError where it names a parameter `scale`: found here,
        both are told before training instead of after it.
        """
        family = type(self).__name__
        if not hasattr(self, "kind"):
            raise TypeError(
                f'{family} has no kind; expected a name under which it is saved, such as kind = "manhattan"'
            )
        first = self.initial(dim, torch.Generator().manual_seed(self.seed))
        if "scale" in first:
            raise ValueError(f"{family}: a parameter named scale; the divisor of the vectors is kept under that name")
        return {name: tensor.to(device).requires_grad_() for name, tensor in first.items()}

    @classmethod
    def parameter_count(cls, dim: int, rank: int) -> int:
        """How many numbers are learned on vectors of width `dim`."""
        return sum(tensor.numel() for tensor in cls(rank=rank).initial(dim, torch.Generator()).values())

    def keep(self, learned: Arrays) -> None:
        """Take the parameters."""
        self.parameters_ = learned

    def predict(self, states: Vectors) -> list[Any]:
        """What the probe says of each sentence."""
        check_is_fitted(self, "parameters_")
        parameters = {name: torch.from_numpy(array) for name, array in self.parameters_.items()}
        scale = parameters.pop("scale")
        with torch.inference_mode():
            scaled = self._sentences(states, lambda words: words / scale, width=len(scale))
            return in_order({sentence: self.read_off(parameters, words) for sentence, words in scaled})

    def _arrays(self) -> Arrays:
        return self.parameters_

    def _restore(self, arrays: Arrays) -> None:
        dim = len(arrays["scale"])
        expected = {name: tuple(tensor.shape) for name, tensor in self.initial(dim, torch.Generator()).items()}
        found = {name: array.shape for name, array in arrays.items() if name != "scale"}
        if found != expected:
            raise ValueError(f"the arrays are {found}; expected {expected}")
        self.parameters_ = arrays
