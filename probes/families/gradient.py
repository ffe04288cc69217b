"""What all families beside the linear probes share: any parameters, any differentiable loss, gradients by autograd."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from treeprobe.probes.data import Batch, Group, GroupGold
from treeprobe.probes.estimator import Probe
from treeprobe.probes.saving import Arrays
from treeprobe.probes.states import Vectors
from treeprobe.probes.training import Learner

Parameters = dict[str, Tensor]


class GradientLearner:
    """Probes of any families on one layer, each with its own parameters and its own gradient by autograd.

    The vectors are divided by their scale before anything else, so that one learning rate serves all models; the
    divisor is kept among a probe's parameters, as `scale`, a name that no family may give to a parameter of its own.
    """

    @classmethod
    def for_layers(cls, probes: "Mapping[int, Sequence[GradientProbe]]", scales: Mapping[int, Tensor]) -> list[Self]:
        """One learner a layer; see `training.Learner`."""
        return [cls(layer, on_layer, scales[layer]) for layer, on_layer in probes.items()]

    def __init__(self, layer: int, probes: "Sequence[GradientProbe]", scale: Tensor) -> None:
        self.layers: tuple[int, ...] = (layer,)
        self.probes = list(probes)
        shared = scale.squeeze(-1)
        self._scales = [probe.adjust_scale(shared) for probe in probes]
        self._parameters = [probe.initial_parameters(len(scale), device=scale.device) for probe in probes]
        self._optimisers = [
            torch.optim.Adam(probe.parameter_groups(each), fused=True) for probe, each in zip(probes, self._parameters)
        ]

    def step(self, batch: Batch, *, learn: bool) -> Tensor:
        """Losses summed over a batch, (probes,); with `learn`, the gradients of their means are kept for `update`."""
        groups = list(batch.grouped())
        vectors = batch.on(self.layers)[0]
        read: dict[int, list[Tensor]] = {}  # words of each group, by the divisor that most probes have in common
        losses = []
        for probe, scale, parameters in zip(self.probes, self._scales, self._parameters):
            if id(scale) not in read:
                divided = vectors / scale
                read[id(scale)] = [divided[group.index] * group.mask[..., None] for group, _ in groups]
            by_group = [
                probe.loss(parameters, words, gold, group) for words, (group, gold) in zip(read[id(scale)], groups)
            ]
            parts = torch.stack(by_group).sum(dim=0)
            if learn:
                (probe.objective(parameters, parts, len(batch.sentences)) / len(batch.sentences)).backward()
            losses.append(parts.detach().sum())
        return torch.stack(losses)

    def update(self, decay: float) -> None:
        """One step of Adam for each, at `decay` times its learning rate and its family's factor."""
        for probe, parameters, optimiser in zip(self.probes, self._parameters, self._optimisers):
            step = probe.lr_factor * probe.learning_rate * decay
            for group in optimiser.param_groups:
                group["lr"] = group["factor"] * step
            optimiser.step()
            optimiser.zero_grad()
            probe.retract(parameters, step=step)

    def learned(self) -> list[Arrays]:
        """Every probe's parameters by name, `scale` among them."""
        return [
            {name: tensor.detach().cpu().numpy().copy() for name, tensor in {"scale": scale, **parameters}.items()}
            for scale, parameters in zip(self._scales, self._parameters)
        ]

    def drop(self, stopped: Sequence[bool]) -> list[Self]:
        """The learner itself without some of the probes."""
        staying = [place for place, gone in enumerate(stopped) if not gone]
        self.probes = [self.probes[place] for place in staying]
        self._scales = [self._scales[place] for place in staying]
        self._parameters = [self._parameters[place] for place in staying]
        self._optimisers = [self._optimisers[place] for place in staying]
        return [self] if staying else []


class GradientProbe(Probe):
    """A probe whose parameters, `parameters_` by name, are found by gradient descent on `objective`.

    For the options see `Probe`; the initial step size is `learning_rate` times the family's `lr_factor`.
    """

    learner: ClassVar[type[Learner]] = GradientLearner

    # Adam moves every number equally far, whatever its size: families whose numbers are larger need larger steps.
    lr_factor: ClassVar[float] = 1.0
    # The same for single parameters, by name, relative to the others.
    lr_factors: ClassVar[Mapping[str, float]] = MappingProxyType({})

    parameters_: dict[str, NDArray[np.float32]]

    @abstractmethod
    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """Initial values of everything that is learned, for vectors of width `dim`."""

    @abstractmethod
    def loss(self, parameters: Parameters, words: Tensor, gold: GroupGold, group: Group) -> Tensor:
        """Loss by parts, summed over the sentences of a group.

        Args:
            parameters: the parameters by name.
            words: vectors divided by their scale, (sentences, words, dim), zeros at padding; read by other probes too,
                so never changed in place.
            gold: gold values by quantity: distances (sentences, words, words), others (sentences, words).
            group: masks and weights of the words.

        Returns:
            (parts,); one part for most families.
        """

    @abstractmethod
    def decode(self, parameters: Parameters, words: Tensor) -> Any:
        """Prediction for one sentence's words, (words, dim), divided by their scale."""

    def objective(self, parameters: Parameters, parts: Tensor, sentences: int) -> Tensor:
        """What is minimised, given the parts of the loss summed over so many sentences: their sum for most families."""
        return parts.sum()

    def retract(self, parameters: Parameters, *, step: float) -> None:
        """Bring parameters back to their manifold after a step of that size; nothing for most families."""

    def adjust_scale(self, scale: Tensor) -> Tensor:
        """Divisor of the vectors, given each dimension's typical deviation, (dim,)."""
        return scale

    def initial_parameters(self, dim: int, *, device: torch.device) -> Parameters:
        """Initial values drawn by the probe's seed, ready to be learned.

        What could not be saved is refused here, before training.

        Raises:
            TypeError: the family has no `kind`.
            ValueError: the family names a parameter `scale`.
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

    def parameter_groups(self, parameters: Parameters) -> list[dict[str, Any]]:
        """The parameters by the factor of their learning rate, as torch's optimisers take them."""
        factors = {name: self.lr_factors.get(name, 1.0) for name in parameters}
        return [
            {"params": [parameters[name] for name in parameters if factors[name] == factor], "factor": factor}
            for factor in dict.fromkeys(factors.values())
        ]

    def parameter_count(self, dim: int) -> int:
        """How many numbers are learned on vectors of width `dim`."""
        return sum(tensor.numel() for tensor in self.initial(dim, torch.Generator()).values())

    def predict(self, states: Vectors) -> list[Any]:
        """The prediction for each sentence, as `decode` gives it."""
        return self._decoded(states, self.decode)

    def _decoded(self, states: Vectors, decode: Callable[[Parameters, Tensor], Any]) -> list[Any]:
        """What `decode` makes of the parameters and each sentence's words, (words, dim), divided by their scale."""
        check_is_fitted(self, "parameters_")
        parameters = {name: torch.from_numpy(array) for name, array in self.parameters_.items()}
        scale = parameters.pop("scale")
        with torch.inference_mode():
            return self._by_sentence(
                states,
                lambda words: words / scale,
                lambda sentences: [decode(parameters, words) for words in sentences],
                width=len(scale),
            )

    def keep(self, learned: Arrays) -> None:
        """Take the parameters."""
        self.parameters_ = learned

    def arrays(self) -> Arrays:
        """The parameters by name, and the vectors' `scale`."""
        return self.parameters_

    def restore(self, arrays: Arrays, record: Mapping[str, Any]) -> None:
        """Take the parameters back."""
        dim = len(arrays["scale"])
        expected = {name: tuple(tensor.shape) for name, tensor in self.initial(dim, torch.Generator()).items()}
        found = {name: array.shape for name, array in arrays.items() if name != "scale"}
        if found != expected:
            raise ValueError(f"the arrays are {found}; expected {expected}")
        self.parameters_ = arrays
