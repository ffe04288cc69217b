"""Jabberwocky: sentences whose content words are pseudo-words, which keep the beginnings and endings that inflect.

"'Twas brillig, and the slithy toves": what is left of such a sentence is its word order, its function words and its
affixes (Gulordava et al. 2018 keep as much in their nonce sentences; pseudo-words for probing: Maudslay & Cotterell
2021, "Do Syntactic Probes Probe Syntax?"). Nothing here is of one language: affixes and the sequences of letters that
words may have are learnt from a treebank.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random

from treeprobe.errors import TreeprobeError
from treeprobe.parsing.treebanks.features import features_of
from treeprobe.parsing.treebanks.letter_case import in_case_of
from treeprobe.parsing.treebanks.treebank import Sentence

CONTENT = ("NOUN", "PROPN", "VERB", "ADJ", "ADV")
"""Universal tags of content words."""

LONGEST_SUFFIX, LONGEST_PREFIX = 5, 3
SUFFIX_SHARE, PREFIX_SHARE = 0.02, 0.05
"""A suffix is an ending of at least this share of the word forms with its tag and features; a prefix likewise."""
LEAST_FORMS = 5
"""Forms that an affix is found in at least."""
_SHORTEST_PREFIX = 2
"""So many words begin with each single letter that none of them is a prefix."""
_LEAST_STEM = 2
_ORDER = 2
"""How many letters say which may be next."""
_CANDIDATES = 30
"""Stems that are drawn by two letters before each; then so many by one, and by none, where no other will do."""
_START, _END = "^", "$"

Class = tuple[str, str]
"""A universal tag and morphological features."""
Pieces = Callable[[str], int]


class PseudoWordError(TreeprobeError, ValueError):
    """No pseudo-words can be made of a treebank."""


@dataclass(frozen=True, repr=False)
class PseudoWords:
    """What makes pseudo-words like the content words of a treebank, the same for the same seed and word.

    Attributes:
        known: every form and lemma that is taken, in lower case: no pseudo-word is one of them.
        prefixes, suffixes: by tag and features, those that words keep.
        letters: which letters follow two others in content words, one other, or any, and how often.
        seed: what else the draws depend on.
    """

    known: frozenset[str]
    prefixes: Mapping[Class, frozenset[str]]
    suffixes: Mapping[Class, frozenset[str]]
    letters: Mapping[str, Mapping[str, int]]
    seed: int = 0

    @classmethod
    def of(cls, sentences: Iterable[Sentence], *, seed: int = 0) -> "PseudoWords":
        """Learn affixes and sequences of letters from the content words of some sentences, each form counted once.

        Raises:
            PseudoWordError: there is no content word of letters.
        """
        known: set[str] = set()
        forms: dict[Class, set[str]] = defaultdict(set)
        for sentence in sentences:
            known.update(form.lower() for form in (*sentence.words, *sentence.lemmas))
            for place in content_places(sentence):
                forms[_class_of(sentence, place)].add(sentence.words[place].lower())
        every = set().union(*forms.values()) if forms else set()
        if not every:
            raise PseudoWordError("no content words of letters; expected some words tagged " + ", ".join(CONTENT))
        letters: dict[str, Counter[str]] = defaultdict(Counter)
        for form in sorted(every):
            spelt = _START * _ORDER + form + _END
            for place in range(_ORDER, len(spelt)):
                for order in range(_ORDER + 1):
                    letters[spelt[place - order : place]][spelt[place]] += 1
        return cls(
            frozenset(known),
            {kind: _affixes(own, first=True) for kind, own in forms.items()},
            {kind: _affixes(own, first=False) for kind, own in forms.items()},
            letters,
            seed,
        )

    def sentence(self, sentence: Sentence, *, pieces: Pieces | None = None) -> Sentence:
        """The sentence with a pseudo-word for each of its content words; its tree, tags and spaces stay.

        Args:
            pieces: how many subwords a tokenizer makes of a word. Then of the candidates one is taken that has about as
                many as the word had, though at least two: what is one piece is a word that the tokenizer knows.
        """
        words = list(sentence.words)
        for place in content_places(sentence):
            words[place] = self.word(words[place], _class_of(sentence, place), pieces=pieces)
        return replace(sentence, words=tuple(words), multiword=())

    def word(self, word: str, kind: Class, *, pieces: Pieces | None = None) -> str:
        """The pseudo-word for a word of a tag and features, as long as it and in its capitals.

        Words of one stem have the same candidates for their new stem, so that most keep one stem among them.
        """
        prefix, stem, suffix = self.parts(word.lower(), kind)
        generator = Random(f"{self.seed}|{kind[0]}|{stem}")
        aim = None if pieces is None else max(pieces(word), 2)
        best, distance = word, float("inf")
        for order in (order for order in range(_ORDER, -1, -1) for _ in range(_CANDIDATES)):
            drawn = prefix + self._stem(generator, prefix, len(stem), order) + suffix
            if drawn in self.known:
                continue
            candidate = in_case_of(word, drawn)
            found = 0.0 if aim is None or pieces is None else _apart(pieces(candidate), aim)
            # A join of stem and suffix that no word has is taken only where all else fails.
            found += 0.0 if self._joins(drawn, len(suffix)) else 0.5
            if found < distance:
                best, distance = candidate, found
            if distance == 0:
                break
        return best

    def parts(self, form: str, kind: Class) -> tuple[str, str, str]:
        """Prefix, stem and suffix of a form in lower case; affixes are the longest that leave a stem of two letters."""
        suffix = self._affix(form, self.suffixes.get(kind, frozenset()), LONGEST_SUFFIX, first=False)
        rest = form[: len(form) - len(suffix)]
        prefix = self._affix(rest, self.prefixes.get(kind, frozenset()), LONGEST_PREFIX, first=True)
        return prefix, rest[len(prefix) :], suffix

    @staticmethod
    def _affix(form: str, known: frozenset[str], longest: int, *, first: bool) -> str:
        for length in range(min(longest, len(form) - _LEAST_STEM), 0, -1):
            part = form[:length] if first else form[-length:]
            if part in known:
                return part
        return ""

    def _stem(self, generator: Random, prefix: str, length: int, order: int) -> str:
        """So many letters, each drawn by as many before it as `order` says, or by fewer where no word has these."""
        spelt = _START * _ORDER + prefix
        for _ in range(length):
            follow = self._following(spelt[len(spelt) - order :])
            spelt += generator.choices(list(follow), weights=list(follow.values()))[0]
        return spelt[_ORDER + len(prefix) :]

    def _following(self, context: str) -> Mapping[str, int]:
        """What may follow, without the end of the word."""
        found = {letter: count for letter, count in self.letters.get(context, {}).items() if letter != _END}
        return found or self._following(context[1:])

    def _joins(self, form: str, suffix: int) -> bool:
        """Whether the letters around the beginning of the suffix, and at the end, follow each other in some word."""
        spelt = _START * _ORDER + form + _END
        first = len(spelt) - 1 - suffix
        return all(
            spelt[place] in self.letters.get(spelt[place - _ORDER : place], {}) for place in range(first, len(spelt))
        )


def content_places(sentence: Sentence) -> list[int]:
    """The content words of a sentence that are spelt in two letters or more; words with a PronType are none."""
    return [
        place
        for place, (word, tag) in enumerate(zip(sentence.words, sentence.upos))
        if tag in CONTENT
        and len(word) > 1
        and all(unicodedata.category(letter)[0] in "LM" for letter in word)
        and "PronType" not in features_of(sentence.features[place])
    ]


def _class_of(sentence: Sentence, place: int) -> Class:
    return sentence.upos[place], sentence.features[place]


def _apart(found: int, aim: int) -> float:
    """How far a number of pieces is from what is aimed at; a single piece is a known word, and worse than any."""
    return float(abs(found - aim)) + (100.0 if found < 2 else 0.0)


def _affixes(forms: Iterable[str], *, first: bool) -> frozenset[str]:
    """Beginnings or endings that enough of the forms of a class have."""
    own = sorted(forms)
    share, longest = (PREFIX_SHARE, LONGEST_PREFIX) if first else (SUFFIX_SHARE, LONGEST_SUFFIX)
    shortest = _SHORTEST_PREFIX if first else 1
    counts = Counter(
        form[:length] if first else form[-length:]
        for form in own
        for length in range(shortest, min(longest, len(form) - _LEAST_STEM) + 1)
    )
    least = max(share * len(own), LEAST_FORMS)
    return frozenset(affix for affix, count in counts.items() if count >= least)
