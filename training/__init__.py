"""Small checkpoints made on the spot: BERT pre-trained on a treebank's text, in minutes and without a download.

Models of known syntax are made by `treeprobe.training.planted`, models of two languages by
`treeprobe.training.bilingual`; importing this package makes transformers know the classes of those that hold trees, or
languages, so that their checkpoints load like any other.
"""

from treeprobe.training.bilingual import make_bilingual
from treeprobe.training.bilstm import BertBilstmConfig, BertBilstmModel, with_bilstm
from treeprobe.training.category_trees import CategoryTrees
from treeprobe.training.evaluation import Evaluation, evaluate
from treeprobe.training.family import make_family
from treeprobe.training.masked_batch import MaskedBatch, show_masked_batch
from treeprobe.training.options import PositionCode, PretrainingError, PretrainingOptions
from treeprobe.training.pretraining import pretrain
from treeprobe.training.record import TrainingRecord
from treeprobe.training.text import Documents, hold_out, read_documents
from treeprobe.training.tree_bert import TreeBertConfig, TreeBertForMaskedLM, TreeBertModel, with_trees
from treeprobe.training.tree_reader import READ_CONSTRUCTION, save_tree_reader

__all__ = [
    "READ_CONSTRUCTION",
    "BertBilstmConfig",
    "BertBilstmModel",
    "CategoryTrees",
    "Documents",
    "Evaluation",
    "MaskedBatch",
    "PositionCode",
    "PretrainingError",
    "PretrainingOptions",
    "TrainingRecord",
    "TreeBertConfig",
    "TreeBertForMaskedLM",
    "TreeBertModel",
    "evaluate",
    "hold_out",
    "make_bilingual",
    "make_family",
    "pretrain",
    "read_documents",
    "save_tree_reader",
    "show_masked_batch",
    "with_bilstm",
    "with_trees",
]
