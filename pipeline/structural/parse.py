"""One sentence to its recovered tree, with the probes of a run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from treeprobe.errors import TreeprobeError
from treeprobe.extraction import Encoder, Reading, extract
from treeprobe.parsing import Sentence, head_edges
from treeprobe.parsing.decoding import complete_tree
from treeprobe.pipeline.structural.predictions import recovered_relations
from treeprobe.pipeline.structural.sentences import SentenceError, is_punctuation, split_words
from treeprobe.probes import DepthProbe, DistanceProbe, ProbeError
from treeprobe.reporting import arcs_size, bare_figure, save_figure, tree_arcs


class ProbeFolderError(TreeprobeError, ValueError):
    """A folder that holds neither a run nor a distance probe, or does not say which checkpoint its probe belongs to."""


@dataclass(frozen=True)
class Parser:
    """A checkpoint with the probes that read trees off its states.

    Without a depth probe there is nothing to choose a root by, and the tree hangs from its first word.
    """

    encoder: Encoder
    distance: DistanceProbe
    depth: DepthProbe | None

    @classmethod
    def from_pretrained(cls, probe: str | Path, *, model: str | Path | None = None) -> Self:
        """Load the probes of a run's folder (its best layer), or a saved distance probe and the depth probe beside it.

        `model` is the checkpoint when it is no longer where the probes were trained on it.

        Raises ProbeFolderError when the folder holds neither, or does not tell its checkpoint; ProbeError when the
        checkpoint is not the one that the probes were trained on; CheckpointError when it cannot be loaded.
        """
        folder = distance_folder(Path(probe))
        distance = DistanceProbe.from_pretrained(folder)
        beside = folder.with_name(folder.name.replace("distance", "depth", 1))
        depth = DepthProbe.from_pretrained(beside) if (beside / "probe.json").exists() else None
        encoder = Encoder.from_pretrained(model or recorded_model(Path(probe), distance))
        check_same_checkpoint(encoder, distance, folder)
        return cls(encoder, distance, depth)

    def parse(self, sentence: str | Sequence[str]) -> Sentence:
        """The tree that the probes recover for a raw sentence, or for words that are split already.

        Raw text is split as English treebanks split it. Punctuation takes no part in the tree; each mark hangs from the
        word that the probe puts nearest.

        Raises SentenceError when there are no words, or an empty one.
        """
        if isinstance(sentence, str):
            words, space_after = split_words(sentence)
        else:
            words, space_after = list(sentence), [True] * len(sentence)
        if not words or not all(words):
            raise SentenceError(f"no words in {sentence!r}; expected a sentence, or words none of which is empty")
        layers = {probe.layer for probe in (self.distance, self.depth) if probe is not None and probe.layer is not None}
        # As the probes' own states were read.
        natural = self.distance.identity_.get("text", {}).get("form") == "natural"
        pooling = self.distance.identity_.get("settings", {}).get("pooling", "mean")
        states = extract(
            self.encoder,
            [words],
            space_after=[space_after] if natural else None,
            reading=Reading(layers=layers, pooling=pooling),
        )
        marks = np.array([is_punctuation(word) for word in words])
        depths = np.arange(len(words)) if self.depth is None else self.depth.predict(states)[0]
        found = complete_tree(self.distance.predict(states)[0], depths, left_out=marks)
        heads = tuple(int(head) for head in found)
        return Sentence(
            words=tuple(words),
            heads=heads,
            relations=recovered_relations(heads, marks),
            upos=tuple("PUNCT" if mark else "_" for mark in marks),
            xpos=("_",) * len(words),
            space_after=tuple(space_after),
        )


def parse(sentence: str | Sequence[str], *, probe: str | Path, model: str | Path | None = None) -> Sentence:
    """The tree that a run's probes recover for one sentence; for many sentences keep a `Parser`.

    Raises as `Parser.from_pretrained` and `Parser.parse` do.
    """
    return Parser.from_pretrained(probe, model=model).parse(sentence)


def distance_folder(folder: Path) -> Path:
    """The folder itself when it is a saved probe; the best layer's distance probe when it is a run's."""
    if (folder / "probe.json").exists():
        return folder
    record = run_record(folder)
    if not folder.is_dir():
        raise ProbeFolderError(f"{folder}: there is no such folder; expected a run's or a saved distance probe's")
    if record is None:
        raise ProbeFolderError(
            f"{folder}: holds neither run.json nor probe.json; expected a run's folder or a saved distance probe's"
        )
    return folder / "probes" / f"distance-layer-{record['best_layer']}"


def run_record(folder: Path) -> dict | None:
    """What a run's `run.json` says; None when there is none. Raises ProbeFolderError when it is not a run's."""
    path = folder / "run.json"
    if not path.exists():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ProbeFolderError(f"{path}: is not JSON: {error}") from error
    if not isinstance(record, dict) or not record.keys() >= {"best_layer", "checkpoint"}:
        raise ProbeFolderError(f"{path}: is not the record of a run; expected best_layer and checkpoint in it")
    return record


def recorded_model(folder: Path, probe: DistanceProbe) -> str:
    """Where the run found its checkpoint; for a probe on its own, the name it was trained under."""
    for place in (folder, *folder.absolute().parents[:2]):
        record = run_record(place)
        if record is not None:
            return str(record["checkpoint"]["path"])
    name = probe.identity_.get("checkpoint", {}).get("name")
    if name is None:
        raise ProbeFolderError(f"{folder}: does not say which checkpoint it belongs to; pass model=")
    return str(name)


def check_same_checkpoint(encoder: Encoder, probe: DistanceProbe, folder: Path) -> None:
    """Refuse a checkpoint with other weights than the probe was trained on."""
    expected = probe.identity_.get("checkpoint", {}).get("digest")
    if expected is not None and expected != encoder.digest:
        raise ProbeError(
            f"{folder}: was trained on a checkpoint with digest {expected[:12]}…; "
            f"{encoder.name} has {encoder.digest[:12]}…"
        )


def save_drawing(tree: Sentence, path: str | Path) -> Path:
    """Draw a tree as arcs over its words in a .svg, .pdf or .png file. Raises ValueError for another suffix."""
    edges = head_edges(tree.heads)
    figure, axes = bare_figure(arcs_size(tree.words, edges))
    tree_arcs(tree.words, edges, axes, arrows=True)
    return save_figure(figure, path)
