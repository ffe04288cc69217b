"""What all probes share: their options, how any number of them is fitted in one pass, and how they are saved."""

import inspect
import os
import tempfile
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from tqdm import tqdm

from treeprobe.devices import check_device, memory_named
from treeprobe.hub import fetched_folder, push_folder
from treeprobe.overlap import made_ahead
from treeprobe.probes.card import probe_card
from treeprobe.probes.data import Examples, ordered_batches
from treeprobe.probes.initial import layer_scales
from treeprobe.probes.precision import Precision, check_precision
from treeprobe.probes.resident import held_on
from treeprobe.probes.saving import (
    PROBE,
    REMEDY,
    Arrays,
    ProbeError,
    check_identity,
    read_arrays,
    read_record,
    write_saved,
)
from treeprobe.probes.states import States, Vectors, as_states
from treeprobe.probes.targets import Quantity, Targets, column_of
from treeprobe.probes.training import Learner, Schedule, Trainer, split_contiguously

PREDICTION_BATCH = 64
# Layers are divided between threads only where whole layers would give the busiest of them so many times the load: the
# probes of a divided layer are no longer trained in the same operations.
IMBALANCE = 1.25
LESS_MEMORY = "fewer layers, ranks or seeds at once (--layers, --ranks, --seeds), or smaller batches (batch_size)"
"""What helps where a card's memory is too small to train on."""

AnyProbe = TypeVar("AnyProbe", bound="Probe")


class Probe(BaseEstimator):
    """A map of word vectors whose geometry is to be the tree's, found by gradient descent on an L1 loss.

    Parameters:
        layer: layer of the states that is read; None for vectors given as plain arrays.
        rank: dimension of the probe's space, at most the width of the vectors: a linear map of more rows gains nothing.
        seed: draws the initial values. The order of the sentences is the same for every seed, so that probes trained
            together see the same batches.
        epochs: passes over the data at most; None for 5, or on a small treebank as many as make 300 steps.
        patience: training ends when the validation loss has not fallen for so many epochs; None to train to the end.
            A small one cuts off the fall that only the last, small steps bring.
        batch_size: sentences a step.
        learning_rate: Adam's initial step size, which falls to zero along half a cosine.
        device: where to train, by torch's name: "cpu", "cuda", "cuda:1".
        precision: number format of the matrix products of training; the structural probes alone take "bfloat16".

    Attributes after `fit`:
        history_: training and validation loss of each epoch.
        best_epoch_: the epoch that was kept, counted from 1.
        identity_: record of the checkpoint and settings that the vectors came from; {} for plain arrays.
    """

    kind: ClassVar[str]  # the probe's name in tables and saved folders
    quantities: ClassVar[tuple[Quantity, ...]]  # the gold values that it is trained on
    learner: ClassVar[type[Learner]]  # how probes of this sort are trained side by side
    precisions: ClassVar[tuple[Precision, ...]] = ("float32",)  # number formats that they can be trained in

    history_: list[dict[str, float]]
    best_epoch_: int
    identity_: dict[str, Any]

    def __init_subclass__(cls, **settings: Any) -> None:
        """Raises TypeError where `__init__` takes `*args` or `**options`.

        scikit-learn reads the options from the names there: others would be lost from clones and saved probes.
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
        precision: Precision = "float32",
    ) -> None:
        self.layer = layer
        self.rank = rank
        self.seed = seed
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.device = device
        self.precision = precision

    def fit(
        self, states: Vectors, targets: Any, *, validation: tuple[Vectors, Any] | None = None, progress: bool = False
    ) -> Self:
        """Train on one gold entry a sentence; with `validation`, the epoch with the least loss on it is kept.

        Args:
            states: vectors of the sentences.
            targets: gold values of the sentences, as the class says.
            validation: held-out vectors and gold values.
            progress: show a progress bar.

        Raises:
            ValueError: states and targets do not fit each other, or hold values that are not finite.
            NotFiniteError: a loss is NaN or infinity.
        """
        held_out = None if validation is None else (validation[0], self.as_targets(validation[1]))
        fit_all([self], states, self.as_targets(targets), validation=held_out, progress=progress)
        return self

    @staticmethod
    @abstractmethod
    def as_targets(targets: Any) -> Targets:
        """What `fit` was given, as targets of `fit_all`."""

    def prepare(self, targets: Any) -> None:
        """Take from the training targets what must be known before training; nothing for most probes."""

    def column(self, quantity: Quantity, targets: Any) -> Sequence[NDArray[Any]]:
        """Gold values of one of the probe's quantities: one array a sentence."""
        return column_of(quantity, targets)

    @abstractmethod
    def keep(self, learned: Any) -> None:
        """Take what the learner had learned by the best epoch."""

    @abstractmethod
    def arrays(self) -> Arrays:
        """What was learned, by name, as `save_pretrained` writes it."""

    @abstractmethod
    def restore(self, arrays: Arrays, record: Mapping[str, Any]) -> None:
        """Take back what `arrays` and `record` gave. Raises KeyError or ValueError where it does not fit."""

    def record(self) -> dict[str, Any]:
        """What was learned beside the arrays, for `probe.json`."""
        return {}

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write the probe as a folder of `probe.safetensors` and a readable `probe.json`.

        The second is written last, so that a folder that has it is complete; each file is moved to its place whole.
        """
        check_is_fitted(self, "best_epoch_")
        record = {
            "kind": self.kind,
            "parameters": self.get_params(),
            "best_epoch": self.best_epoch_,
            "history": self.history_,
            "identity": self.identity_,
        }
        write_saved(Path(folder), self.arrays(), record | self.record(), PROBE)

    def push_to_hub(self, repository: str, *, license: str = "unknown", private: bool = False) -> str:
        """Give the probe to the Hugging Face hub, with a card that says what it is of and how it is used.

        Args:
            repository: OWNER/NAME, made where there is none.
            license: of the weights, as the hub names licenses (`cc-by-sa-4.0`): that of the treebank, from which they
                derive.
            private: make it a private one.

        Returns:
            Its address.

        Raises:
            HubError: the hub cannot be reached or refuses, or nobody is logged in.
        """
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            self.save_pretrained(folder)
            card = probe_card(read_record(folder), name=type(self).__name__, repository=repository, license=license)
            (folder / "README.md").write_text(card, encoding="utf-8")
            return push_folder(folder, repository, private=private, message=f"Add a {self.kind} probe")

    @classmethod
    def from_pretrained(
        cls,
        folder: str | os.PathLike[str],
        *,
        identity: Mapping[str, Any] | None = None,
        force: bool = False,
    ) -> Self:
        """Read what `save_pretrained` wrote, bit by bit.

        Args:
            folder: the probe's folder, or the name OWNER/NAME[@REVISION] of one on the Hugging Face hub.
            identity: `states.identity` of the vectors that the probe is to read, compared with what it was trained on.
            force: accept the probe although the checkpoints differ.

        Raises:
            ProbeError: the folder holds no probe of this kind, or a damaged one, or one trained on the vectors of
                another checkpoint.
            HubError: there is no such folder, and the hub has none of that name, or cannot be reached.
        """
        place = fetched_folder(folder)
        record = read_record(place)
        if (kind := record.text("kind")) != cls.kind:
            raise ProbeError(f"{place}: holds a {kind} probe; expected a {cls.kind} probe")
        trained = record.content["identity"]
        if identity is not None and not force:
            check_identity(place, trained, identity)
        arrays = read_arrays(place, record)
        try:
            probe = cls(**record.content["parameters"])
            probe.best_epoch_, probe.history_ = record.integer("best_epoch"), record.items("history")
            probe.identity_ = trained
            probe.restore(arrays, record.content)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise ProbeError(f"{place}: the probe cannot be read: {type(error).__name__}: {error}; {REMEDY}") from error
        return probe

    def _by_sentence(
        self,
        states: Vectors,
        project: Callable[[Tensor], Tensor],
        decode: Callable[[Sequence[Tensor]], Sequence[Any]],
        *,
        width: int,
    ) -> list[Any]:
        """What `decode` makes of the words of some sentences, once `project` was applied to all of them together.

        Raises ValueError where the vectors are not of the probe's width.
        """
        source = as_states(states, layer=self.layer)
        if source.dim != width:
            raise ValueError(f"vectors of width {source.dim}; the probe reads vectors of width {width}")
        lengths = np.asarray(source.lengths)
        batches = ordered_batches(lengths, size=PREDICTION_BATCH)
        layer = [_layer_of(self, source)]
        found: list[Any] = [None] * len(lengths)
        for batch, words in zip(batches, made_ahead(lambda each: source.read(each, layer), batches)):
            projected = project(torch.from_numpy(words[0])).split(lengths[batch].tolist())
            for sentence, each in zip(batch.tolist(), decode(projected)):
                found[sentence] = each
        return found


def fit_all(
    probes: Sequence[AnyProbe],
    states: Vectors,
    targets: Targets,
    *,
    validation: tuple[Vectors, Targets] | None = None,
    progress: bool = False,
) -> Sequence[AnyProbe]:
    """Fit every probe, reading the data once an epoch for all of them.

    Probes may differ in family, layer, rank, seed and learning rate. Those that differ in `epochs`, `batch_size` or
    `device` take other batches, and are trained in passes of their own. With `validation`, each probe keeps what it had
    learned by its own best epoch and stops when its loss has not fallen for `patience` epochs; without it, it is
    trained to the end and keeps the last. On a CPU the probes are divided among as many threads as torch has.

    Args:
        probes: the probes, of any families.
        states: vectors of the sentences.
        targets: gold values of the sentences; trees, as in a treebank, where a `DepProbe` is among the probes.
        validation: held-out vectors and gold values.
        progress: show a progress bar.

    Returns:
        The probes, fitted.

    Raises:
        ValueError: before training, a layer is not in the states, a rank is above the width of the vectors, there are
            not as many targets as sentences, or a target has another size than its sentence.
        NotFiniteError: in training, the loss of a probe is NaN or infinity.
        DeviceError: this machine has no device that a probe is to be trained on.
        DeviceMemoryError: training does not fit into its memory.
    """
    for probe in probes:
        check_device(torch, probe.device)
        probe.prepare(targets)
    data = _examples(probes, states, targets)
    held_out = None if validation is None else _examples(probes, *validation)
    passes: dict[tuple[int | None, int, str], list[Probe]] = defaultdict(list)
    for probe in probes:
        passes[probe.epochs, probe.batch_size, probe.device].append(probe)
    for (epochs, batch_size, device), together in passes.items():
        schedule = Schedule.of(epochs, sentences=len(data), batch_size=batch_size, device=device)
        with memory_named(torch, work=f"training {len(together)} probes", remedy=LESS_MEMORY):
            _train(together, data, held_out, schedule, progress=progress)
    return probes


def _examples(probes: Sequence[Probe], states: Vectors, targets: Any) -> Examples:
    """The data that these probes need. Raises ValueError where layers, ranks, lengths or gold values do not fit."""
    source = as_states(states, layer=next((probe.layer for probe in probes if probe.layer is not None), None))
    columns: dict[Quantity, Sequence[NDArray[Any]]] = {}
    for probe in probes:
        if probe.layer is not None and probe.layer not in source.layers:
            raise ValueError(f"no layer {probe.layer} in the states; they hold layers {list(source.layers)}")
        if not 1 <= probe.rank <= source.dim:
            raise ValueError(f"rank {probe.rank}; expected 1 to {source.dim}, the width of the vectors")
        check_precision(probe.precision, probe.device, known=probe.precisions, what=type(probe).__name__)
        for quantity in probe.quantities:
            if quantity not in columns:
                columns[quantity] = probe.column(quantity, targets)
    return Examples.of(source, columns)


def _train(
    probes: Sequence[Probe], data: Examples, held_out: Examples | None, schedule: Schedule, *, progress: bool
) -> None:
    """Train probes of one schedule together until all have stopped, and hand each what it has learned.

    On a card, where they fit, the states of their layers are held for as long.
    """
    layers = sorted({_layer_of(probe, data.states) for probe in probes})
    data = held_on(data, layers=layers, device=schedule.device)
    held_out = None if held_out is None else held_on(held_out, layers=layers, device=schedule.device)
    threads = torch.get_num_threads() if schedule.device.type == "cpu" else 1
    scales = {layer: scale.to(schedule.device) for layer, scale in zip(layers, layer_scales(data.states, layers))}
    shares = _divide(probes, data.states, shares=threads)
    trainer = Trainer([_learners(share, data.states, scales) for share in shares])
    steps = schedule.epochs * schedule.steps
    with tqdm(total=steps, desc=f"training {len(probes)} probes", disable=not progress, leave=False) as bar:
        trainer.train(data, held_out, schedule, bar=bar)
    for record in trainer.records:
        record.probe.keep(record.learned)
        record.probe.best_epoch_, record.probe.history_ = record.best_epoch, record.history
        record.probe.identity_ = dict(getattr(data.states, "identity", {}))


def _divide(probes: Sequence[Probe], states: States, *, shares: int) -> list[list[Probe]]:
    """The probes of each thread: whole layers, unless these balance badly."""
    ordered = sorted(probes, key=lambda probe: _layer_of(probe, states))
    by_layer: dict[int, list[Probe]] = defaultdict(list)
    for probe in ordered:
        by_layer[_layer_of(probe, states)].append(probe)
    cuts = []
    for units in (list(by_layer.values()), [[probe] for probe in ordered]):
        parts = split_contiguously([_load(unit) for unit in units], min(shares, len(units)))
        cuts.append([[probe for place in part for probe in units[place]] for part in parts])
    whole_layers, divided = cuts
    busiest, ideal = (max(_load(part) for part in cut) for cut in cuts)
    return whole_layers if busiest <= IMBALANCE * ideal else divided


def _load(probes: Sequence[Probe]) -> int:
    """A measure of the work of a step: columns of the matrix products."""
    return sum(probe.rank for probe in probes)


def _learners(probes: Sequence[Probe], states: States, scales: Mapping[int, Tensor]) -> list[Learner]:
    """Learners of these probes; those of one sort and learning rate are trained side by side."""
    alike: dict[tuple[type[Learner], float, str], dict[int, list[Probe]]] = defaultdict(lambda: defaultdict(list))
    for probe in probes:
        alike[probe.learner, probe.learning_rate, probe.precision][_layer_of(probe, states)].append(probe)
    return [each for (sort, *_), by_layer in alike.items() for each in sort.for_layers(by_layer, scales)]


def _layer_of(probe: Probe, states: States) -> int:
    """The layer that a probe reads: its own, or the only one there is."""
    return int(states.layers[0]) if probe.layer is None else probe.layer
