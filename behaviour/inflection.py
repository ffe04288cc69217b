"""The forms of verbs by number, collected from a treebank."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from treeprobe.parsing import Sentence
from treeprobe.parsing.treebanks import features_of
from treeprobe.parsing.treebanks.letter_case import in_case_of

_APOSTROPHES = ("'", "’", "`")
Key = tuple[str, str, bool]


@dataclass(frozen=True)
class NumberForms:
    """Which form a verb has in each number, all else equal; the idea of MultiBLiMP (Jumelet et al. 2025, section 3).

    Attributes:
        forms: by lemma, features without Number, and whether the form is written to the word before it ('s, 're): how
            often each form was seen in each number, in lower case.
    """

    forms: Mapping[Key, Mapping[str, Counter[str]]]

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> "NumberForms":
        """The finite forms of a treebank that show a number."""
        forms: dict[Key, dict[str, Counter[str]]] = {}
        for sentence in sentences:
            for place, cell in enumerate(sentence.features):
                features = features_of(cell)
                if is_finite(sentence, place) and "Number" in features and "Typo" not in features:
                    key, number = _key(sentence, place), features["Number"]
                    forms.setdefault(key, {}).setdefault(number, Counter())[sentence.words[place].lower()] += 1
        return cls(forms)

    def other(self, sentence: Sentence, place: int) -> str | None:
        """The most frequent form of the same verb in the other number, in the case of the word that it replaces.

        None where the word shows no number, where the treebank has no such form, and where the form was also seen in
        the word's own number as often as the word: then it would not be wrong.
        """
        number = features_of(sentence.features[place]).get("Number")
        if number not in ("Sing", "Plur"):
            return None
        seen = self.forms.get(_key(sentence, place), {})
        word, others = sentence.words[place], seen.get("Plur" if number == "Sing" else "Sing", Counter())
        own = seen.get(number, Counter())
        ranked = sorted(others, key=lambda form: (-others[form], form))
        if not ranked or own[ranked[0]] >= max(own[word.lower()], 1) or ranked[0] == word.lower():
            return None
        return in_case_of(word, ranked[0])


def is_finite(sentence: Sentence, place: int) -> bool:
    """Whether a word is a finite verb or auxiliary."""
    return sentence.upos[place] in ("VERB", "AUX") and "VerbForm=Fin" in sentence.features[place].split("|")


def _key(sentence: Sentence, place: int) -> Key:
    parts = [part for part in sentence.features[place].split("|") if not part.startswith("Number=")]
    clitic = sentence.words[place].startswith(_APOSTROPHES)
    return sentence.lemmas[place].lower(), "|".join(parts), clitic
