"""Sentences to their recovered trees, with the probes of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from treeprobe.devices import check_device
from treeprobe.extraction import Encoder, Reading, extract
from treeprobe.extraction.reading import Context
from treeprobe.parsing import Sentence
from treeprobe.parsing.decoding import complete_tree
from treeprobe.pipeline.probing.probes import probe_folder
from treeprobe.pipeline.probing.recovered_trees import recovered_relations
from treeprobe.pipeline.results.findings import RECORD, FindingsError, read_record
from treeprobe.pipeline.words import SentenceError, is_punctuation, split_words, warn_of_script
from treeprobe.probes import DepthProbe, DistanceProbe, ProbeError


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
        cls, probe: str | Path, *, model: str | Path | None = None, layer: int | None = None, device: str = "cpu"
    ) -> Self:
        """Load the probes of a run's folder, or a saved distance probe and the depth probe beside it.

        Args:
            probe: the folder of a run, or of a saved distance probe.
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
        folder = _distance_folder(Path(probe), layer)
        distance = DistanceProbe.from_pretrained(folder)
        beside = folder.with_name(folder.name.replace("distance", "depth", 1))
        depth = DepthProbe.from_pretrained(beside) if (beside / "probe.json").exists() else None
        encoder = Encoder.from_pretrained(model or _recorded_model(Path(probe), distance), device=device)
        _check_same_checkpoint(encoder, distance, folder)
        return cls(encoder, distance, depth)

    def parse(self, sentence: str | Sequence[str]) -> Sentence:
        """The tree that the probes recover for a raw sentence, or for words that are split already; see `parse_all`."""
        return self.parse_all([sentence])[0]

    def parse_all(self, sentences: Sequence[str | Sequence[str]]) -> list[Sentence]:
        """The tree that the probes recover for each sentence.

        Raw text is split as English treebanks split it, with the warning `UnsplitText` for scripts without spaces.
        Punctuation takes no part in a tree; each mark is attached to the word that is nearest by predicted distance.

        Raises SentenceError when there are no words, or an empty one.
        """
        return self._trees([_words_of(sentence) for sentence in sentences])

    def parse_by_word(self, sentence: str | Sequence[str]) -> list[Sentence]:
        """The tree over the first word of a sentence, over the first two, and so on to all: see `parse_all`.

        Each prefix is read by itself, so that no word's states know what follows; the last is the whole sentence. A
        masked model thus reads all words anew with each word. The words of a causal model have the same states in
        every prefix, and its trees are those of `parsing.decoding.prefix_trees`. So they are for probes of states that
        were read prefix by prefix (`Reading.context`): then no word is read again. A sentence of n words takes n passes
        of the model, in batches.

        Raises SentenceError when there are no words, or an empty one.
        """
        words, space_after = _words_of(sentence)
        prefixes = [(words[:count], space_after[:count]) for count in range(1, len(words) + 1)]
        if self._context == "sentence":
            return self._trees(prefixes)
        (distances,), (depths,) = self._predicted([(words, space_after)])
        return [
            _tree(prefix, distances[:count, :count], depths[:count]) for count, prefix in enumerate(prefixes, start=1)
        ]

    @property
    def _context(self) -> Context:
        """What the model read for each word of the states that the probes were trained on."""
        found: Context = self.distance.identity_.get("settings", {}).get("context", "sentence")
        return found

    def _trees(self, split: Sequence["_Split"]) -> list[Sentence]:
        """The trees of sentences that are split into words."""
        return [_tree(*one) for one in zip(split, *self._predicted(split))] if split else []

    def _predicted(self, split: Sequence["_Split"]) -> tuple[Sequence[NDArray[Any]], Sequence[NDArray[Any]]]:
        """The distances, (words, words), and depths, (words,), that the probes predict of each sentence."""
        layers = {probe.layer for probe in (self.distance, self.depth) if probe is not None and probe.layer is not None}
        # As the probes' own states were read.
        natural = self.distance.identity_.get("text", {}).get("form") == "natural"
        pooling = self.distance.identity_.get("settings", {}).get("pooling", "mean")
        states = extract(
            self.encoder,
            [words for words, _ in split],
            space_after=[spaces for _, spaces in split] if natural else None,
            reading=Reading(layers=sorted(layers), pooling=pooling, context=self._context),
        )
        distances = self.distance.predict(states)
        depths: Sequence[NDArray[Any]] = [np.arange(len(words)) for words, _ in split]
        if self.depth is not None:
            depths = self.depth.predict(states)
        return distances, depths


_Split = tuple[list[str], list[bool]]
"""Words, and whether a space follows each."""


def _words_of(sentence: str | Sequence[str]) -> _Split:
    """Words, and whether a space follows each. Raises SentenceError when there are none, or an empty one."""
    if isinstance(sentence, str):
        warn_of_script(sentence)
        return split_words(sentence)
    if not sentence or not all(sentence):
        raise SentenceError(f"no words in {sentence!r}; expected a sentence, or words none of which is empty")
    return list(sentence), [True] * len(sentence)


def _tree(split: _Split, distances: NDArray[Any], depths: NDArray[Any]) -> Sentence:
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
    sentence: str | Sequence[str], *, probe: str | Path, model: str | Path | None = None, layer: int | None = None
) -> Sentence:
    """The tree that a run's probes recover for one sentence; for many sentences keep a `Parser`.

    Raises as `Parser.from_pretrained` and `Parser.parse` do.
    """
    return Parser.from_pretrained(probe, model=model, layer=layer).parse(sentence)


def _distance_folder(folder: Path, layer: int | None) -> Path:
    """The folder itself when it is a saved probe's; when it is a run's, that of a layer's distance probe."""
    if (folder / "probe.json").exists():
        if layer is not None:
            raise FindingsError(f"{folder}: is a single probe's; expected a run's folder to choose layer {layer} from")
        return folder
    record = read_record(folder)
    if record["analysis"] != "structure":
        raise FindingsError(
            f"{folder}: holds the analysis {record['analysis']}; expected a run's or a saved distance probe's"
        )
    options, best = record["options"], record["details"]["best_layer"]
    if best is None and layer is None:
        raise FindingsError(
            f"{folder}: none of its layers is best, as no edge was scored; expected a layer (--layer), or a saved "
            "probe's folder"
        )

    def place(one: int | str) -> str:
        return probe_folder("distance", one, max(options["ranks"]), options["seeds"][0])

    found = folder / "probes" / place(best if layer is None else layer)
    if layer is not None and not found.is_dir():
        there = sorted(int(path.name.split("-")[2]) for path in (folder / "probes").glob(place("*")))
        raise FindingsError(f"{folder}: holds no probe of layer {layer}; found {', '.join(map(str, there)) or 'none'}")
    return found


def _recorded_model(folder: Path, probe: DistanceProbe) -> str:
    """Where the run found its checkpoint; for a probe on its own, the name it was trained under."""
    for place in (folder, *folder.absolute().parents[:2]):
        if (place / RECORD).exists():
            return str(read_record(place)["checkpoint"]["path"])
    name = probe.identity_.get("checkpoint", {}).get("name")
    if name is None:
        raise FindingsError(f"{folder}: does not say which checkpoint the probe belongs to; give the model (--model)")
    return str(name)


def _check_same_checkpoint(encoder: Encoder, probe: DistanceProbe, folder: Path) -> None:
    """Refuse a checkpoint with other weights than the probe was trained on."""
    expected = probe.identity_.get("checkpoint", {}).get("digest")
    if expected is not None and expected != encoder.digest:
        raise ProbeError(
            f"{folder}: was trained on a checkpoint with digest {expected[:12]}…; "
            f"{encoder.name} has {encoder.digest[:12]}…"
        )
