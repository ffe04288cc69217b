"""The face and the training that all probe families share: any parameters, any differentiable loss."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from tqdm import tqdm

from probes.artefacts import Arrays, SavedProbe
from probes.batches import Batch, Group, ordered_batches, read_batches, shuffled_batches
from probes.maps import layer_of, layer_scales
from probes.schedule import epochs_for, falling, has_stopped
from probes.states import States, as_states

ORDER_SEED = 0
PREDICTION_BATCH = 64

Vectors = States | Sequence[NDArray[Any]]
Parameters = dict[str, Tensor]


class GradientProbe(SavedProbe):
    """A probe whose parameters are found by gradient descent through `loss`.

    The vectors of a layer are divided by their typical size before anything else, so that one step size serves all
    models; the divisor is kept among the parameters, as `scale`.

    Parameters:
        layer, rank, seed, epochs, patience, batch_size, learning_rate: as for `DistanceProbe`; the
            first step size is `learning_rate` times the family's `pace`.

    Attributes after `fit`:
        parameters_: arrays by name. history_: loss on training and validation data after each epoch. best_epoch_: the
        epoch, from 1, that was kept. identity_: which checkpoint the vectors came from.
    """

    parameters_: dict[str, NDArray[np.float32]]

    # Adam moves every number equally far, whatever its size: families whose numbers are larger take larger steps.
    pace: ClassVar[float] = 1.0

    def __init__(
        self,
        layer: int | None = None,
        rank: int = 128,
        seed: int = 0,
        *,
        epochs: int | None = None,
        patience: int | None = 10,
        batch_size: int = 32,
        learning_rate: float = 0.0005,
    ) -> None:
        self.layer = layer
        self.rank = rank
        self.seed = seed
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.learning_rate = learning_rate

    @abstractmethod
    def initial(self, dim: int, generator: torch.Generator) -> Parameters:
        """First values of everything that is learned."""

    @abstractmethod
    def gold(self, targets: Any, states: States) -> Any:
        """The targets, checked and packed, to be indexed by `batch_gold`."""

    @abstractmethod
    def batch_gold(self, packed: Any, batch: Batch) -> list[Any]:
        """What `loss` needs of a batch's targets, group by group."""

    @abstractmethod
    def loss(self, parameters: Parameters, words: Tensor, gold: Any, group: Group) -> Tensor:
        """Loss summed over the sentences of a group; `words` (sentences, words, dim) is padded with zeros."""

    @abstractmethod
    def read_off(self, parameters: Parameters, words: Tensor) -> Any:
        """What the probe predicts of one sentence's words, (words, dim)."""

    def penalty(self, parameters: Parameters) -> Tensor | None:
        """What is added to a batch's mean loss, if anything."""
        return None

    def retract(self, parameters: Parameters) -> None:
        """Bring parameters back to where they must stay, after a step."""

    def typical_scale(self, scales: Tensor) -> Tensor:
        """What vectors are divided by, given the deviation of each of their numbers, (dim,)."""
        return scales

    @classmethod
    def parameter_count(cls, dim: int, rank: int) -> int:
        """How many numbers are learned on vectors of width `dim`."""
        return sum(tensor.numel() for tensor in cls(rank=rank).initial(dim, torch.Generator()).values())

    def fit(
        self, states: Vectors, targets: Any, *, validation: tuple[Vectors, Any] | None = None, progress: bool = False
    ) -> Self:
        """Train; with `validation`, the epoch with the least loss on it is kept, without it the last.

        Raises ValueError when states and targets do not fit each other, or when the loss is not finite.
        """
        source = as_states(states, layer=self.layer)
        packed = self.gold(targets, source)
        held_out = None
        if validation is not None:
            held_states = as_states(validation[0], layer=self.layer)
            held_out = (held_states, self.gold(validation[1], held_states))
        [scale] = layer_scales(source, [layer_of(self, source)])
        scale = self.typical_scale(scale.squeeze(-1))
        parameters = {
            name: tensor.requires_grad_()
            for name, tensor in self.initial(source.dim, torch.Generator().manual_seed(self.seed)).items()
        }
        self._descend(parameters, scale, source, packed, held_out, progress=progress)
        self.identity_ = dict(getattr(source, "identity", {}))
        return self

    def predict(self, states: Vectors) -> list[Any]:
        """What the probe says of each sentence."""
        check_is_fitted(self, "parameters_")
        source = as_states(states, layer=self.layer)
        parameters = {name: torch.from_numpy(array) for name, array in self.parameters_.items()}
        scale = parameters.pop("scale")
        if source.dim != len(scale):
            raise ValueError(f"vectors of width {source.dim}; the probe reads vectors of width {len(scale)}")
        lengths = np.asarray(source.lengths)
        found: dict[int, Any] = {}
        with torch.inference_mode():
            for batch in self._batches(source, ordered_batches(lengths, size=PREDICTION_BATCH)):
                sentences = batch.sentences.tolist()
                for sentence, words in zip(sentences, (batch.words[0] / scale).split(lengths[sentences].tolist())):
                    found[sentence] = self.read_off(parameters, words)
        return [found[sentence] for sentence in range(len(found))]

    def _arrays(self) -> Arrays:
        return self.parameters_

    def _restore(self, arrays: Arrays) -> None:
        dim = len(arrays["scale"])
        expected = {name: tuple(tensor.shape) for name, tensor in self.initial(dim, torch.Generator()).items()}
        found = {name: array.shape for name, array in arrays.items() if name != "scale"}
        if found != expected:
            raise ValueError(f"the arrays are {found}; expected {expected}")
        self.parameters_ = arrays

    def _batches(self, states: States, batches: Sequence[NDArray[np.int64]]) -> Any:
        return read_batches(states, batches, layers=[layer_of(self, states)], device=torch.device("cpu"))

    def _descend(
        self,
        parameters: Parameters,
        scale: Tensor,
        states: States,
        packed: Any,
        held_out: tuple[States, Any] | None,
        *,
        progress: bool,
    ) -> None:
        """Adam along a half cosine; keeps the best epoch."""
        lengths = np.asarray(states.lengths)
        epochs = epochs_for(self.epochs, sentences=len(lengths), batch_size=self.batch_size)
        steps = epochs * -(-len(lengths) // self.batch_size)
        optimiser = torch.optim.Adam(parameters.values(), lr=self.pace * self.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: falling(step / steps))
        order = np.random.default_rng(ORDER_SEED)
        self.history_, best = [], float("inf")
        with tqdm(total=steps, desc=f"training a {self.kind} probe", disable=not progress, leave=False) as bar:
            for epoch in range(1, epochs + 1):
                total = 0.0
                batches = shuffled_batches(lengths, size=self.batch_size, generator=order)
                for batch in self._batches(states, batches):
                    optimiser.zero_grad()
                    loss = self._batch_loss(parameters, scale, batch, packed)
                    penalty = self.penalty(parameters)
                    mean = loss / len(batch.sentences)
                    (mean if penalty is None else mean + penalty).backward()
                    optimiser.step()
                    schedule.step()
                    self.retract(parameters)
                    total += float(loss.detach())
                    bar.update()
                entry = {"epoch": float(epoch), "training": total / len(lengths)}
                judged = -float(epoch)
                if held_out is not None:
                    entry["validation"] = judged = self._mean_loss(parameters, scale, *held_out)
                if not np.isfinite([entry["training"], judged]).all():
                    raise ValueError(f"epoch {epoch}: the loss is not finite; do the vectors hold NaN or infinity?")
                self.history_.append(entry)
                if judged < best:
                    best, self.best_epoch_ = judged, epoch
                    kept = {"scale": scale, **parameters}
                    self.parameters_ = {name: tensor.detach().numpy().copy() for name, tensor in kept.items()}
                if has_stopped(epoch, best=self.best_epoch_, patience=self.patience):
                    break

    @torch.inference_mode()
    def _mean_loss(self, parameters: Parameters, scale: Tensor, states: States, packed: Any) -> float:
        lengths = np.asarray(states.lengths)
        batches = self._batches(states, ordered_batches(lengths, size=PREDICTION_BATCH))
        return sum(float(self._batch_loss(parameters, scale, batch, packed)) for batch in batches) / len(lengths)

    def _batch_loss(self, parameters: Parameters, scale: Tensor, batch: Batch, packed: Any) -> Tensor:
        vectors = batch.words[0] / scale
        sums = []
        for group, gold in zip(batch.groups, self.batch_gold(packed, batch)):
            sums.append(self.loss(parameters, vectors[group.index] * group.mask[..., None], gold, group))
        return torch.stack(sums).sum()
