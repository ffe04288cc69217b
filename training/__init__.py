"""Small checkpoints made on the spot: BERT pre-trained on a treebank's text, in minutes and without a download.

Models of known syntax are made by `treeprobe.training.planted`; importing this package makes transformers know the
class of the one that holds trees, so that its checkpoint loads like any other.
"""

from treeprobe.training.category_trees import CategoryTrees
from treeprobe.training.family import make_family
from treeprobe.training.options import PretrainingError, PretrainingOptions
from treeprobe.training.pretraining import pretrain
from treeprobe.training.tree_bert import TreeBertConfig, TreeBertForMaskedLM, TreeBertModel, with_trees

__all__ = [
    "CategoryTrees",
    "PretrainingError",
    "PretrainingOptions",
    "TreeBertConfig",
    "TreeBertForMaskedLM",
    "TreeBertModel",
    "make_family",
    "pretrain",
    "with_trees",
]
