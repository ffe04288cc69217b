"""Which words are punctuation, and by which column of a treebank that is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from treeprobe.parsing.treebanks.treebank import Sentence

PunctuationRule = Literal["auto", "xpos", "upos", "none"]

# Punctuation tags of the Penn Treebank; Hewitt & Manning (2019) leave such words out of UUAS and root accuracy.
_PENN_PUNCTUATION = frozenset({"''", ",", ".", ":", "``", "-LRB-", "-RRB-"})
# All tags of the Penn Treebank (Marcus et al. 1993, table 2), and those that the English Web Treebank added to them.
_PENN_TAGS = _PENN_PUNCTUATION | frozenset(
    "# $ CC CD DT EX FW IN JJ JJR JJS LS MD NN NNP NNPS NNS PDT POS PRP PRP$ RB RBR RBS RP SYM TO UH VB VBD VBG VBN "
    "VBP VBZ WDT WP WP$ WRB ADD AFX GW HYPH NFP XX".split()
)
# Share of words whose XPOS must be a Penn tag. Penn's tags are on every word of a treebank that has them but for slips;
# other tag sets share a few tags, such as NN, with it.
_PENN_SHARE = 0.95


@dataclass(frozen=True)
class PunctuationChoice:
    """The rule by which words of a treebank are punctuation.

    Attributes:
        rule: "xpos", "upos" or "none"; never "auto".
        reason: Why it is this one, as a clause.
    """

    rule: PunctuationRule
    reason: str


def choose_punctuation(sentences: Sequence[Sentence], rule: PunctuationRule = "auto") -> PunctuationChoice:
    """Choose the column that marks punctuation by looking at the tags of a treebank.

    XPOS is chosen where its tags are those of the Penn Treebank, as they are in English EWT and in the treebank of
    Hewitt & Manning (2019); UPOS everywhere else.

    Args:
        sentences: The treebank. Of a run with several splits the dev split decides for all.
        rule: Any rule but "auto" is kept.

    Raises:
        ValueError: If there is no such rule.
    """
    if rule != "auto":
        _check_rule(rule)
        return PunctuationChoice(rule, "as asked")
    tags = [tag for sentence in sentences for tag in sentence.xpos]
    penn = sum(tag in _PENN_TAGS for tag in tags)
    share = f"{penn:,} of {len(tags):,} words have a Penn Treebank tag in XPOS"
    chosen: PunctuationRule = "xpos" if tags and penn >= _PENN_SHARE * len(tags) else "upos"
    return PunctuationChoice(chosen, share)


def punctuation_mask(sentence: Sentence, rule: PunctuationRule = "auto") -> NDArray[np.bool_]:
    """Whether each word is punctuation, (words,).

    Args:
        sentence: The sentence.
        rule: "xpos" for words with a punctuation tag of the Penn Treebank, "upos" for words tagged `PUNCT`, "none" for
            no word; "auto" for what `choose_punctuation` chooses for this sentence alone. Choose once for a treebank
            where the masks of several sentences are to agree.

    Raises:
        ValueError: If there is no such rule.
    """
    if rule == "auto":
        rule = choose_punctuation([sentence]).rule
    if rule == "xpos":
        return np.array([tag in _PENN_PUNCTUATION for tag in sentence.xpos], dtype=bool)
    if rule == "upos":
        return np.array([tag == "PUNCT" for tag in sentence.upos], dtype=bool)
    _check_rule(rule)
    return np.zeros(len(sentence), dtype=bool)


def punctuation_masks(sentences: Sequence[Sentence], rule: PunctuationRule = "auto") -> list[NDArray[np.bool_]]:
    """The masks of a treebank's sentences by one rule, which "auto" chooses for all of them; see `punctuation_mask`."""
    chosen = choose_punctuation(sentences, rule).rule
    return [punctuation_mask(sentence, chosen) for sentence in sentences]


def _check_rule(rule: str) -> None:
    """Refuse what is no rule."""
    if rule not in ("xpos", "upos", "none"):
        raise ValueError(f"no punctuation rule {rule!r}; expected 'auto', 'xpos', 'upos' or 'none'")
