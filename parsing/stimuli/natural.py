"""Natural sentences written and annotated by hand for this project, following UD English EWT."""

from importlib.resources import as_file, files
from typing import Literal

from treeprobe.parsing.treebanks.conllu import read_conllu
from treeprobe.parsing.treebanks.treebank import Sentence, Treebank


def chef_sentence() -> Sentence:
    """The example of Hewitt & Manning (2019) with its gold tree: The chef who ran to the store was out of food.

    Side by side stand *store* and *was*, yet the store was not out of food: what joins *chef* and *was* is the tree.
    """
    with as_file(files("treeprobe.parsing.stimuli") / "chef.conllu") as path:
        return read_conllu(path)[0]


def natural_sentences(split: Literal["train", "test"]) -> Treebank:
    """The natural sentences of a split: 96 to train on, 40 held out.

    Raises:
        ValueError: If there is no such split.
    """
    if split not in ("train", "test"):
        raise ValueError(f"no split {split!r} of the natural sentences; expected 'train' or 'test'")
    with as_file(files("treeprobe.parsing.stimuli") / f"natural-{split}.conllu") as path:
        return read_conllu(path)
