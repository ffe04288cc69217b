"""The numbers of Devlin et al. (2019) that the ablations stand beside, in per cent but for perplexities.

All are of BERT base and large on Wikipedia and BooksCorpus: accuracy on the development data of the tasks after
fine-tuning, averaged over five runs in table 6. Only the perplexity is a quantity that is measured here too, of another
text and another vocabulary.
"""

from collections.abc import Mapping

Scores = Mapping[str, float]

MASKING: Mapping[str, Scores] = {
    "80 / 10 / 10": {"MNLI": 84.2, "NER": 95.4, "NER, features": 94.9},
    "100 / 0 / 0": {"MNLI": 84.3, "NER": 94.9, "NER, features": 94.0},
    "80 / 0 / 20": {"MNLI": 84.1, "NER": 95.2, "NER, features": 94.6},
    "80 / 20 / 0": {"MNLI": 84.4, "NER": 95.2, "NER, features": 94.7},
    "0 / 20 / 80": {"MNLI": 83.7, "NER": 94.8, "NER, features": 94.6},
    "0 / 0 / 100": {"MNLI": 83.6, "NER": 94.9, "NER, features": 94.6},
}
"""Table 8, by the shares of the predicted subwords that are shown as [MASK], as they are, and as a random one."""

OBJECTIVES: Mapping[str, Scores] = {
    "masked, NSP": {"MNLI": 84.4, "QNLI": 88.4, "MRPC": 86.7, "SST-2": 92.7, "SQuAD": 88.5},
    "masked, no NSP": {"MNLI": 83.9, "QNLI": 84.9, "MRPC": 86.5, "SST-2": 92.6, "SQuAD": 87.9},
    "left to right, no NSP": {"MNLI": 82.1, "QNLI": 84.3, "MRPC": 77.5, "SST-2": 92.1, "SQuAD": 77.8},
    "left to right, no NSP, + BiLSTM": {"MNLI": 82.1, "QNLI": 84.1, "MRPC": 75.7, "SST-2": 91.6, "SQuAD": 84.9},
}
"""Table 5. Left to right with NSP is none of theirs."""

SIZES: Mapping[tuple[int, int, int], Scores] = {
    (3, 768, 12): {"perplexity": 5.84, "MNLI": 77.9, "MRPC": 79.8, "SST-2": 88.4},
    (6, 768, 3): {"perplexity": 5.24, "MNLI": 80.6, "MRPC": 82.2, "SST-2": 90.7},
    (6, 768, 12): {"perplexity": 4.68, "MNLI": 81.9, "MRPC": 84.8, "SST-2": 91.3},
    (12, 768, 12): {"perplexity": 3.99, "MNLI": 84.4, "MRPC": 86.7, "SST-2": 92.9},
    (12, 1024, 16): {"perplexity": 3.54, "MNLI": 85.7, "MRPC": 86.9, "SST-2": 93.3},
    (24, 1024, 16): {"perplexity": 3.23, "MNLI": 86.6, "MRPC": 87.8, "SST-2": 93.7},
}
"""Table 6, by layers, width and heads; perplexity of held-out masked words."""

VOCABULARY = 30_522
"""Subwords in the vocabulary of their English uncased models, for counting parameters."""


def parameters(layers: int, dim: int, *, vocabulary: int = VOCABULARY, positions: int = 512) -> int:
    """Weights of a BERT encoder of a size: embeddings, blocks and pooler, without the heads of its objectives."""
    embeddings = (vocabulary + positions + 2) * dim + 2 * dim
    block = 4 * dim * (dim + 1) + 4 * dim * (dim + 1) + dim * (4 * dim + 1) + 4 * dim
    return embeddings + layers * block + dim * (dim + 1)
