"""A phrase is a head word with dependents to its left and right; a sentence is a phrase read from left to right."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from treeprobe.parsing.treebanks.treebank import MultiwordToken, Sentence

Dependent = tuple[str, "Phrase"]
_MARKS = (",", ".", "?")


@dataclass(frozen=True)
class Phrase:
    """A head word and its dependents, each with its UD relation, in the order they are spoken.

    A `clitic` is written together with the word before it (does|n't, Mary|'s), as one multiword token.
    `plural` is how verbs agree with the phrase: they read, I read, Mary and John read.
    """

    form: str
    lemma: str
    upos: str
    xpos: str
    left: tuple[Dependent, ...] = ()
    right: tuple[Dependent, ...] = ()
    plural: bool = False
    clitic: bool = False

    def before(self, *dependents: Dependent) -> "Phrase":
        """The phrase with dependents put before everything in it."""
        return replace(self, left=dependents + self.left)

    def after(self, *dependents: Dependent) -> "Phrase":
        """The phrase with dependents put after everything in it."""
        return replace(self, right=self.right + dependents)

    def spoken(self, relation: str, above: int = -1) -> Iterator[tuple["Phrase", str, int]]:
        """Every word as (phrase it heads, relation, identity of its head), from left to right."""
        for name, phrase in self.left:
            yield from phrase.spoken(name, id(self))
        yield self, relation, above
        for name, phrase in self.right:
            yield from phrase.spoken(name, id(self))

    def __len__(self) -> int:
        """The number of words."""
        return 1 + sum(len(phrase) for _, phrase in self.left + self.right)


def mark(form: str) -> Phrase:
    """A punctuation mark."""
    return Phrase(form, form, "PUNCT", form if form == "," else ".")


def adposition(form: str) -> Phrase:
    """A preposition."""
    return Phrase(form, form, "ADP", "IN")


def adjective(form: str) -> Phrase:
    """An adjective."""
    return Phrase(form, form, "ADJ", "JJ")


def adverb(form: str) -> Phrase:
    """An adverb."""
    return Phrase(form, form, "ADV", "RB")


def subordinator(form: str) -> Phrase:
    """A subordinating conjunction."""
    return Phrase(form, form, "SCONJ", "IN")


def conjunction(form: str) -> Phrase:
    """A coordinating conjunction."""
    return Phrase(form, form, "CCONJ", "CC")


def joined(first: Phrase, second: Phrase, form: str) -> Phrase:
    """Two phrases coordinated: the second is the conjunct of the first, and the conjunction hangs from the second."""
    return first.after(("conj", second.before(("cc", conjunction(form)))))


def sentence_of(phrase: Phrase, *, identifier: str, metadata: dict[str, str]) -> Sentence:
    """The phrase as a sentence with its tree: capital first, `an` before vowels, clitics in multiword tokens."""
    spoken = list(phrase.spoken("root"))
    places = {id(word): place for place, (word, _, _) in enumerate(spoken)}
    if len(places) != len(spoken):
        raise ValueError(f"a phrase stands twice in {[word.form for word, _, _ in spoken]}; build each word anew")
    forms = _written([word.form for word, _, _ in spoken])
    close = [word.clitic or word.form in _MARKS for word, _, _ in spoken]
    return Sentence(
        words=tuple(forms),
        heads=tuple(places.get(above, -1) for _, _, above in spoken),
        relations=tuple(relation for _, relation, _ in spoken),
        upos=tuple(word.upos for word, _, _ in spoken),
        xpos=tuple(word.xpos for word, _, _ in spoken),
        space_after=tuple(not following for following in [*close[1:], False]),
        identifier=identifier,
        metadata=metadata,
        lemmas=tuple(word.lemma for word, _, _ in spoken),
        multiword=_multiword_tokens(forms, [word.clitic for word, _, _ in spoken]),
    )


def _written(forms: list[str]) -> list[str]:
    """The forms of a sentence: an before vowels, a capital first."""
    forms = ["an" if form == "a" and after[0] in "aeiou" else form for form, after in zip(forms, [*forms[1:], "."])]
    return [forms[0][0].upper() + forms[0][1:], *forms[1:]]


def _multiword_tokens(forms: list[str], clitic: list[bool]) -> tuple[MultiwordToken, ...]:
    """Words and the clitics that follow them."""
    hosts, host = [], 0
    for place, attached in enumerate(clitic):
        host = host if attached else place
        hosts.append(host)
    runs = (list(places) for _, places in groupby(range(len(forms)), key=hosts.__getitem__))
    spans = ((run[0], run[-1]) for run in runs if len(run) > 1)
    return tuple(MultiwordToken(first, last, "".join(forms[first : last + 1])) for first, last in spans)
