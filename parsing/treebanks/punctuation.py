"""Which words are punctuation."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.treebanks.treebank import Sentence

PunctuationRule = Literal["xpos", "upos", "none"]

# Tag set that marks punctuation in the Penn Treebank; Hewitt & Manning (2019) leave it out of UUAS and root accuracy.
_PENN_TAGS = frozenset({"''", ",", ".", ":", "``", "-LRB-", "-RRB-"})


def punctuation_mask(sentence: Sentence, rule: PunctuationRule = "xpos") -> NDArray[np.bool_]:
    """Whether each word is punctuation, (words,).

    Args:
        sentence: The sentence.
        rule: "xpos" for words with a punctuation tag of the Penn Treebank, "upos" for words tagged `PUNCT`, "none" for
            no word.

    Raises:
        ValueError: For any other rule.
    """
    if rule == "xpos":
        return np.array([tag in _PENN_TAGS for tag in sentence.xpos], dtype=bool)
    if rule == "upos":
        return np.array([tag == "PUNCT" for tag in sentence.upos], dtype=bool)
    if rule == "none":
        return np.zeros(len(sentence), dtype=bool)
    raise ValueError(f"no punctuation rule {rule!r}; expected 'xpos', 'upos' or 'none'")
