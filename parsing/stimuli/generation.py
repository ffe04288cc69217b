"""Generation of distinct sentences with exact trees from the grammar."""

from random import Random

from treeprobe.parsing.stimuli.grammar.constructions import CONSTRUCTIONS, NESTING, Construction
from treeprobe.parsing.stimuli.grammar.phrases import Phrase, mark, sentence_of
from treeprobe.parsing.treebanks.treebank import Sentence, Treebank

_PATIENCE = 1000
_DEEPEST = 20
_NATURAL_LENGTHS = (5, 30)
_ANY_LENGTH = (1, 10_000)


def generate(
    count: int,
    *,
    seed: int = 0,
    construction: Construction | None = None,
    length: int | tuple[int, int] | None = None,
    depth: int | None = None,
) -> Treebank:
    """Distinct English sentences from a dependency grammar, each with its Universal Dependencies tree.

    The same arguments give the same sentences. Each sentence's metadata hold its construction and depth.

    Args:
        count: Number of sentences.
        seed: Seed of the grammar.
        construction: One of `CONSTRUCTIONS`; None for equal numbers of all.
        length: Number of words, punctuation included, or the smallest and largest; 5 to 30 by default, unbounded if a
            depth is given.
        depth: Number of nested clauses, for the constructions in `NESTING`; 1 by default.

    Raises:
        ValueError: For an unknown construction, a depth of one that does not nest, or if the grammar has too few
            sentences as requested.
    """
    kinds = _kinds_of(construction, depth)
    fewest, most = _bounds(length, depth)
    if count < 0:
        raise ValueError(f"count is {count}; expected 0 or more sentences")
    rng, found, failures = Random(seed), dict[str, Sentence](), 0
    while len(found) < count:
        kind, level = kinds[len(found) % len(kinds)], depth or 1
        phrase = _closed(CONSTRUCTIONS[kind](rng, level), kind)
        sentence = sentence_of(
            phrase,
            identifier=f"{kind}-{seed}-{len(found) + 1}",
            metadata={"construction": kind, **({"depth": str(level)} if kind in NESTING else {})},
        )
        if fewest <= len(sentence) <= most and sentence.text not in found:
            found[sentence.text], failures = sentence, 0
        elif (failures := failures + 1) >= _PATIENCE:
            if len(kinds) == 1:
                raise ValueError(
                    f"found {len(found)} of {count} distinct sentences: more of {kind} at depth {level} "
                    f"with {fewest} to {most} words are out of reach; ask for fewer or for another length"
                )
            kinds, failures = [other for other in kinds if other != kind], 0
    return Treebank(list(found.values()), name="grammar")


def _kinds_of(construction: Construction | None, depth: int | None) -> list[Construction]:
    """The constructions that fit a request."""
    if construction is not None and construction not in CONSTRUCTIONS:
        raise ValueError(f"unknown construction {construction!r}; expected one of {', '.join(CONSTRUCTIONS)}")
    if depth is None:
        return list(CONSTRUCTIONS) if construction is None else [construction]
    if not 1 <= depth <= _DEEPEST:
        raise ValueError(f"depth is {depth}; expected 1 to {_DEEPEST} nested clauses")
    if construction is not None and construction not in NESTING:
        raise ValueError(f"{construction} does not nest; depth can be asked for {', '.join(NESTING)}")
    return list(NESTING) if construction is None else [construction]


def _bounds(length: int | tuple[int, int] | None, depth: int | None) -> tuple[int, int]:
    """The smallest and largest number of words."""
    if length is None:
        return _NATURAL_LENGTHS if depth is None else _ANY_LENGTH
    fewest, most = (length, length) if isinstance(length, int) else length
    if not 1 <= fewest <= most:
        raise ValueError(f"length is {length}; expected a number of words, or the smallest and largest")
    return fewest, most


def _closed(phrase: Phrase, kind: Construction) -> Phrase:
    """The clause with its final punctuation mark."""
    return phrase.after(("punct", mark("?" if kind.endswith("question") else ".")))
