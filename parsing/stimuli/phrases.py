"""A phrase is a head word with dependents to its left and right; a sentence is a phrase read from left to right."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from parsing.treebank import Sentence

ATTACHED = (",", ".", "?", "'s")


@dataclass(frozen=True)
class Phrase:
    """A head word and its dependents, each with its UD relation, in the order they are spoken."""

    form: str
    lemma: str
    upos: str
    xpos: str
    left: tuple[tuple[str, "Phrase"], ...] = ()
    right: tuple[tuple[str, "Phrase"], ...] = ()
    plural: bool = False

    def before(self, *dependents: tuple[str, "Phrase"]) -> "Phrase":
        """The phrase with dependents put before everything in it."""
        return replace(self, left=dependents + self.left)

    def after(self, *dependents: tuple[str, "Phrase"]) -> "Phrase":
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


def sentence_of(phrase: Phrase, *, identifier: str, metadata: dict[str, str]) -> Sentence:
    """The phrase as a sentence with its tree: capitalised, `a` before a vowel made `an`."""
    spoken = list(phrase.spoken("root"))
    places = {id(word): place for place, (word, _, _) in enumerate(spoken)}
    if len(places) != len(spoken):
        raise ValueError(f"a phrase stands twice in {[word.form for word, _, _ in spoken]}; build each word anew")
    forms = [word.form for word, _, _ in spoken]
    for place, following in enumerate(forms[1:]):
        if forms[place] == "a" and following[0] in "aeiou":
            forms[place] = "an"
    forms[0] = forms[0][0].upper() + forms[0][1:]
    return Sentence(
        words=tuple(forms),
        heads=tuple(places.get(above, -1) for _, _, above in spoken),
        relations=tuple(relation for _, relation, _ in spoken),
        upos=tuple(word.upos for word, _, _ in spoken),
        xpos=tuple(word.xpos for word, _, _ in spoken),
        space_after=tuple(following not in ATTACHED for following in [*forms[1:], ""]),
        identifier=identifier,
        metadata=metadata,
        lemmas=tuple(word.lemma for word, _, _ in spoken),
    )
