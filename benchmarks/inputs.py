"""What benchmarks are given: the options that they share, and the treebank and checkpoint that these name."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from treeprobe.extraction import Encoder, Reading, States, embedded_checkpoint, extract
from treeprobe.extraction.encoder import Dtype
from treeprobe.parsing import Treebank
from treeprobe.parsing.treebanks import Split, load_treebank
from treeprobe.probes import fit_all


def parser(
    doc: str | None, *, treebank: bool = True, sentences: int | None = None, rounds: int | None = None
) -> argparse.ArgumentParser:
    """The options of a benchmark: its treebank, and how much is measured how often.

    Args:
        doc: the benchmark's docstring, which its help shows.
        treebank: whether it reads one, and a checkpoint.
        sentences: the default of `--sentences`; None for all of them.
        rounds: the default of `--rounds`; without it there is no such option.
    """
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--out", type=Path, help="folder to write the rows in, as JSON")
    if rounds is not None:
        made.add_argument("--rounds", type=int, default=rounds, help="how often each side is measured, in turn")
    if not treebank:
        return made
    made.add_argument("--treebank", required=True, help="folder of a UD release, or a UD name such as en_ewt")
    made.add_argument("--model", help="a checkpoint; the embedded MiniLM unless given")
    made.add_argument("--cache", type=Path, default=Path("cache"), help="where states of a split are kept")
    made.add_argument("--sentences", type=int, default=sentences, help="only so many, from the start of a split")
    return made


def read_bank(arguments: argparse.Namespace, split: Split, *, whole: bool = False) -> Treebank:
    """A split of the treebank, or no more than its first `--sentences`."""
    return load_treebank(arguments.treebank, split=split)[: None if whole else arguments.sentences]


def open_encoder(arguments: argparse.Namespace, *, dtype: Dtype = "float32") -> Encoder:
    """The checkpoint."""
    return Encoder.from_pretrained(arguments.model or embedded_checkpoint(), dtype=dtype)


def read_states(arguments: argparse.Namespace, bank: Treebank, *, reading: Reading | None = None) -> States:
    """States of a treebank's sentences, from the cache where they are in it."""
    return extract(open_encoder(arguments), bank.words, reading=reading or Reading(), cache=arguments.cache)


@dataclass(frozen=True)
class Material:
    """What probes are trained on, and what they are validated on."""

    train: Treebank
    dev: Treebank
    states: States
    dev_states: States

    @classmethod
    def read(cls, arguments: argparse.Namespace) -> Self:
        """The first sentences of train, and a sixth as many of dev, about as in a treebank."""
        train, dev = read_bank(arguments, "train"), read_bank(arguments, "dev", whole=True)
        dev = dev[: max(1, len(train) // 6)]
        states, dev_states = (read_states(arguments, bank, reading=Reading(storage="float16")) for bank in (train, dev))
        return cls(train, dev, states, dev_states)

    def fit(self, probes: Sequence[Any], states: Any = None, dev_states: Any = None) -> Sequence[Any]:
        """Train probes on all of it, or on what is made of its states."""
        validation = (self.dev_states if dev_states is None else dev_states, self.dev)
        return fit_all(probes, self.states if states is None else states, self.train, validation=validation)
