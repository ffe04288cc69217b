"""What the Universal Dependencies guidelines ask of a tree, as checks: labels from the closed sets, shapes.

Every check returns the complaints it has, none for a good sentence.
"""

from collections.abc import Iterator

from treeprobe.parsing import Sentence

UPOS = set("ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split())
XPOS = set(
    "CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS PDT POS PRP PRP$ RB RBR RBS RP SYM TO UH VB VBD VBG VBN VBP "
    "VBZ WDT WP WP$ WRB , . : `` '' -LRB- -RRB- HYPH $ NFP ADD AFX GW XX".split()
)
RELATIONS = set(
    "acl advcl advmod amod appos aux case cc ccomp compound conj cop csubj dep det discourse dislocated expl fixed "
    "flat goeswith iobj list mark nmod nsubj nummod obj obl orphan parataxis punct reparandum root vocative "
    "xcomp".split()
)
LEAVES = {"case", "mark", "cc", "aux", "cop", "det", "punct"}
# What may still hang from a function word: the rest of a fixed expression, a conjunct, a modifier ("almost all").
UNDER_LEAVES = {"fixed", "conj", "cc", "advmod", "goeswith", "punct"}
TO_THE_RIGHT = {"conj", "fixed", "flat", "appos", "goeswith"}


def universal(relation: str) -> str:
    """A relation without its subtype."""
    return relation.split(":")[0]


def wrong_labels(sentence: Sentence) -> set[str]:
    """Tags and relations outside the closed sets."""
    relations = {relation for relation in sentence.relations if universal(relation) not in RELATIONS}
    return (set(sentence.upos) - UPOS) | (set(sentence.xpos) - XPOS) | relations


def wrong_shapes(sentence: Sentence) -> list[str]:
    """Words that hang where the guidelines let none hang."""
    return [
        f"{sentence.words[word]} ({sentence.relations[word]}): {complaint}"
        for word in range(len(sentence))
        for complaint in complaints(sentence, word)
    ]


def complaints(sentence: Sentence, word: int) -> Iterator[str]:
    """What is wrong with one word's attachment."""
    head, relation = sentence.heads[word], sentence.relations[word]
    if (head < 0) != (relation == "root"):
        yield "the root, and no other word, is called root"
    if (sentence.upos[word] == "PUNCT") != (relation == "punct"):
        yield "punct is the relation of punctuation"
    if head < 0:
        return
    above = universal(sentence.relations[head])
    if above == "punct" or (above in LEAVES and universal(relation) not in UNDER_LEAVES):
        yield f"hangs from {sentence.words[head]} ({above})"
    if universal(relation) in TO_THE_RIGHT and head > word:
        yield "stands before its head"
    if relation == "cc" and head < word:
        yield "belongs to the following conjunct"
