"""As many distinct sentences as asked, each with its exact tree."""

from random import Random

from treeprobe.parsing.stimuli.grammar.constructions import CONSTRUCTIONS, NESTING, Construction
from treeprobe.parsing.stimuli.grammar.phrases import Phrase, mark, sentence_of
from treeprobe.parsing.treebanks.treebank import Sentence, Treebank

PATIENCE = 1000
DEEPEST = 20
NATURAL_LENGTHS = (5, 30)
ANY_LENGTH = (1, 10_000)


def generate(
    count: int,
    *,
    seed: int = 0,
    construction: Construction | None = None,
    length: int | tuple[int, int] | None = None,
    depth: int | None = None,
) -> Treebank:
    """Distinct English sentences from a dependency grammar, each with its Universal Dependencies tree.

    `construction` is one of `CONSTRUCTIONS`, or None for an even mixture; `length` is the number of words with
    punctuation, or the fewest and the most (5 and 30 unless a length or a depth is asked for); `depth` is how many
    clauses are nested, for the constructions that nest (`NESTING`; 1 unless asked). The same arguments give the same
    sentences. The name of the construction and the depth are in each sentence's metadata.

    Raises ValueError for an unknown construction, a depth where nothing nests, and when sentences as asked run out.
    """
    kinds = kinds_of(construction, depth)
    fewest, most = bounds(length, depth)
    if count < 0:
        raise ValueError(f"count is {count}; expected 0 or more sentences")
    rng, found, failures = Random(seed), dict[str, Sentence](), 0
    while len(found) < count:
        kind, level = kinds[len(found) % len(kinds)], depth or 1
        phrase = closed(CONSTRUCTIONS[kind](rng, level), kind)
        sentence = sentence_of(
            phrase,
            identifier=f"{kind}-{seed}-{len(found) + 1}",
            metadata={"construction": kind, **({"depth": str(level)} if kind in NESTING else {})},
        )
        if fewest <= len(sentence) <= most and sentence.text not in found:
            found[sentence.text], failures = sentence, 0
        elif (failures := failures + 1) >= PATIENCE:
            if len(kinds) == 1:
                raise ValueError(
                    f"found {len(found)} of {count} distinct sentences: more of {kind} at depth {level} "
                    f"with {fewest} to {most} words are out of reach; ask for fewer or for another length"
                )
            kinds, failures = [other for other in kinds if other != kind], 0
    return Treebank(list(found.values()), name="grammar")


def kinds_of(construction: Construction | None, depth: int | None) -> list[Construction]:
    """The constructions that answer a request."""
    if construction is not None and construction not in CONSTRUCTIONS:
        raise ValueError(f"unknown construction {construction!r}; expected one of {', '.join(CONSTRUCTIONS)}")
    if depth is None:
        return list(CONSTRUCTIONS) if construction is None else [construction]
    if not 1 <= depth <= DEEPEST:
        raise ValueError(f"depth is {depth}; expected 1 to {DEEPEST} nested clauses")
    if construction is not None and construction not in NESTING:
        raise ValueError(f"{construction} does not nest; depth can be asked for {', '.join(NESTING)}")
    return list(NESTING) if construction is None else [construction]


def bounds(length: int | tuple[int, int] | None, depth: int | None) -> tuple[int, int]:
    """The fewest and the most words."""
    if length is None:
        return NATURAL_LENGTHS if depth is None else ANY_LENGTH
    fewest, most = (length, length) if isinstance(length, int) else length
    if not 1 <= fewest <= most:
        raise ValueError(f"length is {length}; expected a number of words, or the fewest and the most")
    return fewest, most


def closed(phrase: Phrase, kind: Construction) -> Phrase:
    """The clause with its final mark."""
    return phrase.after(("punct", mark("?" if kind.endswith("question") else ".")))
