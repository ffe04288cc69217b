"""Sentences to their recovered trees, with the probes of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from treeprobe.devices import check_device
from treeprobe.extraction import Encoder, Reading, States, extract
from treeprobe.extraction.reading import Context
from treeprobe.hub import fetched_folder
from treeprobe.parsing import Sentence
from treeprobe.parsing.decoding import complete_tree
from treeprobe.pipeline.packaged_probes import embedded_probes
from treeprobe.pipeline.probing.probe_folders import depth_beside, distance_folder, folders_of_layers, recorded_model
from treeprobe.pipeline.probing.recovered_trees import recovered_relations
from treeprobe.pipeline.words import SentenceError, Split, is_punctuation, words_of
from treeprobe.probes import DepthProbe, DistanceProbe, ProbeError


@dataclass(frozen=True)
class Inspected:
    """A sentence as a parser sees it.

    Attributes:
        tree: what the probes recover.
        distances: the squared distances that the distance probe predicts, (words, words).
        vectors: the words in the model's own space, (words, dim).
        points: the words in the space of the probe's map B, (words, rank).
    """

    tree: Sentence
    distances: NDArray[np.float32]
    vectors: NDArray[np.float32]
    points: NDArray[np.float32]

    def distance(self, one: str, other: str) -> float:
        """The predicted squared distance of two words, the first of their form; SentenceError for one not there."""
        places = []
        for word in (one, other):
            if word not in self.tree.words:
                raise SentenceError(f"no word {word!r} in {' '.join(self.tree.words)!r}")
            places.append(self.tree.words.index(word))
        return float(self.distances[places[0], places[1]])


@dataclass(frozen=True)
class Parser:
    """A checkpoint with the probes that read trees off its states.

    Without a depth probe nothing chooses a root, and the first word is taken.
    """

    encoder: Encoder
    distance: DistanceProbe
    depth: DepthProbe | None

    @classmethod
    def from_pretrained(
        cls,
        probe: str | Path | None = None,
        *,
        model: str | Path | None = None,
        layer: int | None = None,
        device: str = "cpu",
    ) -> Self:
        """Load the probes of a run's folder, or a saved distance probe and the depth probe beside it.

        Args:
            probe: the folder of a run, or of a saved distance probe, or OWNER/NAME of one on the Hugging Face hub; the
                probes that travel with the package where None (`embedded_probes`).
            model: the checkpoint when it is no longer where the probes were trained on it.
            layer: which layer's probes of a run; those of its best layer where None.
            device: where the model computes.

        Raises:
            DeviceError: this machine has no such device.
            FindingsError: the folder holds no probes, or none of that layer, or does not tell its checkpoint.
            ProbeError: the checkpoint is not the one that the probes were trained on.
            CheckpointError: the checkpoint cannot be loaded.
        """
        check_device(torch, device)
        place = embedded_probes() if probe is None else fetched_folder(probe)
        folder = distance_folder(place, layer)
        distance = DistanceProbe.from_pretrained(folder)
        encoder = Encoder.from_pretrained(model or recorded_model(place, distance), device=device)
        _check_same_checkpoint(encoder, distance, folder)
        return cls(encoder, distance, depth_beside(folder))

    @classmethod
    def of_layers(
        cls, probe: str | Path | None = None, *, model: str | Path | None = None, device: str = "cpu"
    ) -> "LayerParsers":
        """A parser for each layer that a run probed, all of one encoder; errors as of `from_pretrained`."""
        place = embedded_probes() if probe is None else fetched_folder(probe)
        best = cls.from_pretrained(place, model=model, device=device)
        found = []
        for folder in folders_of_layers(place):
            distance = DistanceProbe.from_pretrained(folder)
            _check_same_checkpoint(best.encoder, distance, folder)
            found.append(cls(best.encoder, distance, depth_beside(folder)))
        return LayerParsers(found, best.distance.layer or 0)

    def parse(self, sentence: str | Sequence[str]) -> Sentence:
        """The tree that the probes recover for a raw sentence, or for words that are split already; see `parse_all`."""
        return self.parse_all([sentence])[0]

    def parse_all(self, sentences: Sequence[str | Sequence[str]]) -> list[Sentence]:
        """The tree that the probes recover for each sentence.

        Raw text is split as English treebanks split it, with the warning `UnsplitText` for scripts without spaces.
        Punctuation takes no part in a tree; each mark is attached to the word that is nearest by predicted distance.

        Raises SentenceError when there are no words, or an empty one.
        """
        return self._trees([words_of(sentence) for sentence in sentences])

    def inspect(self, sentence: str | Sequence[str]) -> Inspected:
        """The tree that the probes recover with what it is read from: distances, and the words in both spaces.

        Raises SentenceError as `parse_all` does.
        """
        split = words_of(sentence)
        return self.inspect_states(split, self.read([split]))

    def inspect_states(self, split: Split, states: States) -> Inspected:
        """The same for a sentence whose states were read (`read`), this parser's layer among them."""
        (distances,), (depths,) = self._predicted([split], states)
        layer = self.distance.layer if self.distance.layer is not None else states.layers[0]
        (points,) = self.distance.transform(states)
        return Inspected(_tree(split, distances, depths), distances, states.sentence(0, layer), points)

    def parse_by_word(self, sentence: str | Sequence[str]) -> list[Sentence]:
        """The tree over the first word of a sentence, over the first two, and so on to all: see `parse_all`.

        Each prefix is read by itself, so that no word's states know what follows; the last is the whole sentence. A
        masked model thus reads all words anew with each word. The words of a causal model have the same states in
        every prefix, and its trees are those of `parsing.decoding.prefix_trees`. So they are for probes of states that
        were read prefix by prefix (`Reading.context`): then no word is read again. A sentence of n words takes n passes
        of the model, in batches.

        Raises SentenceError when there are no words, or an empty one.
        """
        words, space_after = words_of(sentence)
        prefixes = [(words[:count], space_after[:count]) for count in range(1, len(words) + 1)]
        if self._context == "sentence":
            return self._trees(prefixes)
        whole = [(words, space_after)]
        (distances,), (depths,) = self._predicted(whole, self.read(whole))
        return [
            _tree(prefix, distances[:count, :count], depths[:count]) for count, prefix in enumerate(prefixes, start=1)
        ]

    @property
    def _context(self) -> Context:
        """What the model read for each word of the states that the probes were trained on."""
        found: Context = self.distance.identity_.get("settings", {}).get("context", "sentence")
        return found

    def _trees(self, split: Sequence[Split]) -> list[Sentence]:
        """The trees of sentences that are split into words."""
        return [_tree(*one) for one in zip(split, *self._predicted(split, self.read(split)))] if split else []

    def read(self, split: Sequence[Split], *, layers: Sequence[int] | None = None) -> States:
        """The states of sentences that are split into words, read as the probes' own; by default of their layers."""
        own = {probe.layer for probe in (self.distance, self.depth) if probe is not None and probe.layer is not None}
        natural = self.distance.identity_.get("text", {}).get("form") == "natural"
        pooling = self.distance.identity_.get("settings", {}).get("pooling", "mean")
        return extract(
            self.encoder,
            [words for words, _ in split],
            space_after=[spaces for _, spaces in split] if natural else None,
            reading=Reading(layers=sorted(own if layers is None else layers), pooling=pooling, context=self._context),
        )

    def _predicted(
        self, split: Sequence[Split], states: States
    ) -> tuple[Sequence[NDArray[Any]], Sequence[NDArray[Any]]]:
        """The distances, (words, words), and depths, (words,), that the probes predict of each sentence."""
        distances = self.distance.predict(states)
        depths: Sequence[NDArray[Any]] = [np.arange(len(words)) for words, _ in split]
        if self.depth is not None:
            depths = self.depth.predict(states)
        return distances, depths


@dataclass(frozen=True)
class LayerParsers:
    """A parser for each probed layer, from the lowest on, and the number of the layer that the run chose."""

    parsers: Sequence[Parser]
    best: int


def _tree(split: Split, distances: NDArray[Any], depths: NDArray[Any]) -> Sentence:
    """The tree of a sentence from what probes predict of its words."""
    words, space_after = split
    marks = np.array([is_punctuation(word) for word in words])
    heads = tuple(int(head) for head in complete_tree(distances, depths, left_out=marks))
    return Sentence(
        words=tuple(words),
        heads=heads,
        relations=recovered_relations(heads, marks),
        upos=tuple("PUNCT" if mark else "_" for mark in marks),
        xpos=("_",) * len(words),
        space_after=tuple(space_after),
    )


def parse(
    sentence: str | Sequence[str],
    *,
    probe: str | Path | None = None,
    model: str | Path | None = None,
    layer: int | None = None,
) -> Sentence:
    """The tree that a run's probes recover for one sentence, or the embedded probes; for many keep a `Parser`.

    Raises as `Parser.from_pretrained` and `Parser.parse` do.
    """
    return Parser.from_pretrained(probe, model=model, layer=layer).parse(sentence)


def _check_same_checkpoint(encoder: Encoder, probe: DistanceProbe, folder: Path) -> None:
    """Refuse a checkpoint with other weights than the probe was trained on."""
    expected = probe.identity_.get("checkpoint", {}).get("digest")
    if expected is not None and expected != encoder.digest:
        raise ProbeError(
            f"{folder}: was trained on a checkpoint with digest {expected[:12]}…; "
            f"{encoder.name} has {encoder.digest[:12]}…"
        )
