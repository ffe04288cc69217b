"""Which words are punctuation: the one place that says so."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.treebanks.treebank import Sentence

PunctuationRule = Literal["xpos", "upos", "none"]

# The Penn Treebank tags that Hewitt & Manning (2019) leave out of UUAS and root accuracy.
PENN_PUNCTUATION = frozenset({"''", ",", ".", ":", "``", "-LRB-", "-RRB-"})


def punctuation_mask(sentence: Sentence, rule: PunctuationRule = "xpos") -> NDArray[np.bool_]:
    """Whether each word is punctuation, (words,): by Penn Treebank tag, by UPOS `PUNCT`, or never.

    Raises ValueError for another rule.
    """
    if rule == "xpos":
        return np.array([tag in PENN_PUNCTUATION for tag in sentence.xpos], dtype=bool)
    if rule == "upos":
        return np.array([tag == "PUNCT" for tag in sentence.upos], dtype=bool)
    if rule == "none":
        return np.zeros(len(sentence), dtype=bool)
    raise ValueError(f"no punctuation rule {rule!r}; expected 'xpos', 'upos' or 'none'")
