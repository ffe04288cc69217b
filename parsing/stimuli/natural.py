"""Natural sentences that the project wrote and annotated by hand, by the conventions of UD English EWT."""

from importlib.resources import as_file, files
from typing import Literal

from treeprobe.parsing.treebanks.conllu import read_conllu
from treeprobe.parsing.treebanks.treebank import Treebank


def natural_sentences(split: Literal["train", "test"]) -> Treebank:
    """The natural sentences to train on, or the 40 that are held out, each with its gold tree.

    Raises ValueError for another split.
    """
    if split not in ("train", "test"):
        raise ValueError(f"no split {split!r} of the natural sentences; expected 'train' or 'test'")
    with as_file(files("treeprobe.parsing.stimuli") / f"natural-{split}.conllu") as path:
        return read_conllu(path)
