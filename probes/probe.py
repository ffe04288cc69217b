"""What all probes share: their options, how they are fitted, and how they read sentences."""

import inspect
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treeprobe.probes.artefacts import SavedProbe
from treeprobe.probes.batches import ordered_batches, read_batches
from treeprobe.probes.states import States, as_states
from treeprobe.probes.targets import Kind, Targets
from treeprobe.probes.trainable import Learner, layer_of
from treeprobe.probes.training import fit_all

PREDICTION_BATCH = 64

Vectors = States | Sequence[NDArray[Any]]


class Probe(SavedProbe):
    """A map of word vectors whose geometry is to be the tree's, found by gradient descent on an L1 loss.

    Parameters:
        layer: which layer's vectors are read; None for vectors given as plain arrays.
        rank: the dimension of the probe's space, at most the width of the vectors: a linear map of more rows than that
            can say nothing more.
        seed: draws the first values; the order of the sentences is the same for every seed, so that probes trained
            together see the same batches.
        epochs: passes over the data at most; None for 5, or on a small treebank as many as make 300 steps.
        patience: training ends when the validation loss has not fallen for so many epochs; None to train to the end.
            A small one cuts off the fall that only the last, small steps bring.
        batch_size, learning_rate: sentences a step, and Adam's first step size, which falls to zero along a half
            cosine.
        device: where to train, "cpu" or "cuda".

    Attributes after `fit`:
        history_: loss on training and validation data after each epoch. best_epoch_: the epoch, from 1, that was kept.
        identity_: which checkpoint the vectors came from.
    """

    needs: ClassVar[tuple[Kind, ...]]
    learner: ClassVar[type[Learner]]

    def __init_subclass__(cls, **settings: Any) -> None:
        """Raises TypeError where `__init__` takes `*args` or `**options`.

        scikit-learn reads the options off the names there: others would be lost from clones and saved probes.
        """
        super().__init_subclass__(**settings)
        for parameter in inspect.signature(cls.__init__).parameters.values():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise TypeError(f"{cls.__name__}.__init__ takes {parameter}; expected every option by its own name")

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
        device: str = "cpu",
    ) -> None:
        self.layer = layer
        self.rank = rank
        self.seed = seed
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.device = device

    @staticmethod
    @abstractmethod
    def columns(targets: Any) -> Targets:
        """What `fit` is given, as targets of `fit_all`."""

    @abstractmethod
    def keep(self, learned: Any) -> None:
        """Take what was learned by the best epoch."""

    @property
    def relations(self) -> Sequence[str]:
        """The relations that the probe tells apart; none for most."""
        return ()

    def prepare(self, targets: Any) -> None:
        """Look at the targets before training."""

    def fit(
        self, states: Vectors, targets: Any, *, validation: tuple[Vectors, Any] | None = None, progress: bool = False
    ) -> Self:
        """Train on one entry of gold a sentence; with `validation`, the epoch with the least loss on it is kept.

        Raises ValueError when states and targets do not fit each other, or hold values that are not finite, and
        NotFiniteError when a loss is not.
        """
        held_out = None if validation is None else (validation[0], self.columns(validation[1]))
        fit_all([self], states, self.columns(targets), validation=held_out, progress=progress)
        return self

    def _sentences(
        self, states: Vectors, begin: Callable[[Tensor], Tensor], *, width: int
    ) -> Iterator[tuple[int, Tensor]]:
        """Each sentence's number and what `begin` makes of its words, shortest sentences first.

        `begin` is given the words of many sentences at once, (words, dim).
        """
        source = as_states(states, layer=self.layer)
        if source.dim != width:
            raise ValueError(f"vectors of width {source.dim}; the probe reads vectors of width {width}")
        lengths = np.asarray(source.lengths)
        batches = ordered_batches(lengths, size=PREDICTION_BATCH)
        for batch in read_batches(source, batches, layers=[layer_of(self, source)], device=torch.device("cpu")):
            yield from zip(batch.sentences.tolist(), begin(batch.words[0]).split(lengths[batch.sentences].tolist()))


def in_order(found: dict[int, Any]) -> list[Any]:
    """One entry a sentence, by its number."""
    return [found[sentence] for sentence in range(len(found))]
