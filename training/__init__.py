"""Small checkpoints made on the spot: BERT pre-trained on a treebank's text, in minutes and without a download.

Models of known syntax are made by `treeprobe.training.planted`; importing this package makes transformers know the
classes of those that hold trees, so that their checkpoints load like any other.
"""

from treeprobe.training.bilstm import BertBilstmConfig, BertBilstmModel, with_bilstm
from treeprobe.training.category_trees import CategoryTrees
from treeprobe.training.family import make_family
from treeprobe.training.options import PretrainingError, PretrainingOptions
from treeprobe.training.pretraining import pretrain
from treeprobe.training.tree_bert import TreeBertConfig, TreeBertForMaskedLM, TreeBertModel, with_trees
from treeprobe.training.tree_reader import READ_CONSTRUCTION, save_tree_reader

__all__ = [
    "READ_CONSTRUCTION",
    "BertBilstmConfig",
    "BertBilstmModel",
    "CategoryTrees",
    "PretrainingError",
    "PretrainingOptions",
    "TreeBertConfig",
    "TreeBertForMaskedLM",
    "TreeBertModel",
    "make_family",
    "pretrain",
    "save_tree_reader",
    "with_bilstm",
    "with_trees",
]
