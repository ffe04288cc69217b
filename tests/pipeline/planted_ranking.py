"""Three checkpoints whose ranking is known: states that hold every tree, states that hold wrong ones, and neither."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tests.pipeline.conftest import random_tree
from treeprobe.parsing import write_conllu
from treeprobe.parsing.stimuli import AGREEMENT_WORDS, agreement_pairs
from treeprobe.training.category_trees import CategoryTrees
from treeprobe.training.models import new_model, save_checkpoint
from treeprobe.training.options import PretrainingOptions
from treeprobe.training.tokenizer import word_tokenizer
from treeprobe.training.tree_bert import with_trees

TRUE, WRONG, NEITHER = "true", "wrong", "neither"


def write_planted(folder: Path, *, train: int = 80, dev: int = 40) -> dict[str, Path]:
    """Write the checkpoints and the treebank `train.conllu`, `dev.conllu` of agreement sentences; all by name."""
    sentences = [pair.sentence for pair in agreement_pairs(4 * (train + dev), seed=3)]
    unique = list({sentence.text: sentence for sentence in sentences}.values())
    splits = {"train": unique[:train], "dev": unique[train : train + dev]}
    folder.mkdir(parents=True, exist_ok=True)
    for split, found in splits.items():
        write_conllu(found, folder / f"{split}.conllu")
    tokenizer = word_tokenizer(AGREEMENT_WORDS, max_subwords=32)
    options = PretrainingOptions(layers=1, dim=16, heads=2, max_subwords=32, next_sentence=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = new_model(tokenizer, options).eval()
    trees = CategoryTrees.of(sentences)
    generator = np.random.default_rng(0)
    wrong = {pattern: random_tree(generator, len(pattern)) for pattern in trees.heads}
    models = {
        TRUE: with_trees(model, trees, tokenizer),
        WRONG: with_trees(model, replace(trees, heads=wrong), tokenizer),
        NEITHER: model,
    }
    for name, made in models.items():
        (folder / name).mkdir()
        save_checkpoint(made, tokenizer, folder / name)
    return {name: folder / name for name in models} | {split: folder / f"{split}.conllu" for split in splits}
