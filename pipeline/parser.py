"""One sentence to its recovered tree, with the probes of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from treeprobe.extraction import Encoder, Reading, extract
from treeprobe.parsing import Sentence
from treeprobe.parsing.decoding import complete_tree
from treeprobe.pipeline.findings import RECORD, FindingsError, read_record
from treeprobe.pipeline.probing import probe_folder
from treeprobe.pipeline.recovered_trees import recovered_relations
from treeprobe.pipeline.words import SentenceError, is_punctuation, split_words
from treeprobe.probes import DepthProbe, DistanceProbe, ProbeError
from treeprobe.reporting import arcs_size, bare_figure, save_figure, tree_arcs


@dataclass(frozen=True)
class Parser:
    """A checkpoint with the probes that read trees off its states.

    Without a depth probe nothing chooses a root, and the first word is taken.
    """

    encoder: Encoder
    distance: DistanceProbe
    depth: DepthProbe | None

    @classmethod
    def from_pretrained(cls, probe: str | Path, *, model: str | Path | None = None) -> Self:
        """Load the probes of a run's folder (its best layer), or a saved distance probe and the depth probe beside it.

        `model` is the checkpoint when it is no longer where the probes were trained on it.

        Raises FindingsError when the folder holds neither, or does not tell its checkpoint; ProbeError when the
        checkpoint is not the one that the probes were trained on; CheckpointError when it cannot be loaded.
        """
        folder = _distance_folder(Path(probe))
        distance = DistanceProbe.from_pretrained(folder)
        beside = folder.with_name(folder.name.replace("distance", "depth", 1))
        depth = DepthProbe.from_pretrained(beside) if (beside / "probe.json").exists() else None
        encoder = Encoder.from_pretrained(model or _recorded_model(Path(probe), distance))
        _check_same_checkpoint(encoder, distance, folder)
        return cls(encoder, distance, depth)

    def parse(self, sentence: str | Sequence[str]) -> Sentence:
        """The tree that the probes recover for a raw sentence, or for words that are split already.

        Raw text is split as English treebanks split it. Punctuation takes no part in the tree; each mark is attached to
        the word that is nearest by predicted distance.

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
            reading=Reading(layers=sorted(layers), pooling=pooling),
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


def _distance_folder(folder: Path) -> Path:
    """The folder itself when it is a saved probe's; that of the best layer's distance probe when it is a run's."""
    if (folder / "probe.json").exists():
        return folder
    record = read_record(folder)
    if record["analysis"] != "structure":
        raise FindingsError(
            f"{folder}: holds the analysis {record['analysis']}; expected a run's or a saved distance probe's"
        )
    options, best = record["options"], record["details"]["best_layer"]
    if best is None:
        raise FindingsError(
            f"{folder}: none of its layers is best, as no edge was scored; expected a saved probe's folder"
        )
    found = probe_folder("distance", best, max(options["ranks"]), options["seeds"][0])
    return folder / "probes" / found


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


def save_drawing(tree: Sentence, path: str | Path) -> Path:
    """Draw a tree as arcs over its words in a .svg, .pdf or .png file. Raises ValueError for another suffix."""
    figure, axes = bare_figure(arcs_size(tree.words, tree.heads, relations=tree.relations))
    tree_arcs(tree.words, tree.heads, axes, relations=tree.relations)
    return save_figure(figure, path)
