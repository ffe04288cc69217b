"""Two languages whose relation is known: a text, and the same text in a vocabulary of its own.

The second language is the first with every subword's id moved by the size of the vocabulary (K et al. 2020; Dufter &
Schütze 2020): no subword is shared, and every gold tree holds for both. So what carries over from one to the other is
what a model has come to share.
"""

from treeprobe.training.bilingual.language_bert import LanguageBertConfig, LanguageBertForMaskedLM, LanguageBertModel
from treeprobe.training.bilingual.making import CONDITIONS, Condition, make_bilingual
from treeprobe.training.bilingual.separate_bert import SeparateBertConfig, SeparateBertModel
from treeprobe.training.bilingual.shifted import shifted_sentence, shifted_text

__all__ = [
    "CONDITIONS",
    "Condition",
    "LanguageBertConfig",
    "LanguageBertForMaskedLM",
    "LanguageBertModel",
    "SeparateBertConfig",
    "SeparateBertModel",
    "make_bilingual",
    "shifted_sentence",
    "shifted_text",
]
