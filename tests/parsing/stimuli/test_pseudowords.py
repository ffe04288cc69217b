"""Pseudo-words keep affixes, length and capitals, are no words, and are the same for the same seed."""

from dataclasses import replace

import pytest

from treeprobe.parsing import Sentence
from treeprobe.parsing.stimuli import PseudoWordError, PseudoWords, generate, natural_sentences
from treeprobe.parsing.stimuli.pseudowords import content_places

TRAIN = natural_sentences("train")


@pytest.fixture(scope="module")
def bank() -> list[Sentence]:
    return [*TRAIN, *generate(300, seed=0)]


@pytest.fixture(scope="module")
def words(bank: list[Sentence]) -> PseudoWords:
    return PseudoWords.of(bank)


def test_only_content_words_change_and_the_tree_stays(bank: list[Sentence], words: PseudoWords) -> None:
    known = {form.lower() for sentence in bank for form in (*sentence.words, *sentence.lemmas)}
    for sentence in bank[:120]:
        new = words.sentence(sentence)
        content = set(content_places(sentence))
        for place, (old, own) in enumerate(zip(sentence.words, new.words)):
            assert (own != old) == (place in content)
            if place in content:
                assert own.lower() not in known
                assert len(own) == len(old)
                assert (own[0].isupper(), own.isupper()) == (old[0].isupper(), old.isupper())
        assert replace(new, words=sentence.words, multiword=sentence.multiword) == sentence


def test_function_words_numbers_and_pronominal_adverbs_are_no_content() -> None:
    one = Sentence(
        words=("Where", "did", "the", "2nd", "dogs", "run", "quickly", "?"),
        heads=(5, 5, 4, 4, 5, -1, 5, 5),
        relations=("advmod", "aux", "det", "amod", "nsubj", "root", "advmod", "punct"),
        upos=("ADV", "AUX", "DET", "ADJ", "NOUN", "VERB", "ADV", "PUNCT"),
        xpos=("WRB", "VBD", "DT", "JJ", "NNS", "VB", "RB", "."),
        space_after=(True,) * 8,
        features=("PronType=Int", "_", "_", "NumType=Ord", "Number=Plur", "VerbForm=Inf", "_", "_"),
    )
    assert content_places(one) == [4, 5, 6]


def test_endings_that_inflect_are_kept(words: PseudoWords) -> None:
    """A language of its own: plurals end in -ok, participles begin with ge-; no rule knows of either."""
    stems = ["balan", "difur", "goman", "hirel", "kusal", "lemit", "nopar", "rasun", "timel", "vudan", "zorik", "pelan"]
    forms = [(stem, "NOUN", "Number=Sing") for stem in stems] + [(f"{stem}ok", "NOUN", "Number=Plur") for stem in stems]
    forms += [(f"ge{stem}", "VERB", "VerbForm=Part") for stem in stems]
    made = PseudoWords.of([_one(*form) for form in forms])
    for stem in stems:
        assert made.parts(f"{stem}ok", ("NOUN", "Number=Plur"))[2].endswith("ok")
        assert made.parts(f"ge{stem}", ("VERB", "VerbForm=Part"))[0] == "ge"
        assert made.word(f"{stem}ok", ("NOUN", "Number=Plur")).endswith("ok")
        assert made.word(f"ge{stem}", ("VERB", "VerbForm=Part")).startswith("ge")
        assert not made.parts(stem, ("NOUN", "Number=Sing"))[2].endswith("ok")


def test_forms_of_one_stem_keep_one_stem(words: PseudoWords) -> None:
    """Most of them: where the form of one is taken, it goes on to the next candidate."""
    singular, plural = ("NOUN", "Number=Sing"), ("NOUN", "Number=Plur")
    made = replace(words, prefixes={}, suffixes={plural: frozenset("s")})
    stems = ["letter", "teacher", "driver", "garden", "doctor", "report", "window", "kitchen"]
    pairs = [(made.word(stem, singular), made.word(f"{stem}s", plural)) for stem in stems]
    assert sum(f"{one}s" == many for one, many in pairs) >= 6


def test_the_same_seed_gives_the_same_words_in_any_process_and_order(words: PseudoWords) -> None:
    own = [words.sentence(sentence).words for sentence in TRAIN[:4]]
    assert " ".join(own[3]) == "She troud a thoter from her catier under the aritat ."
    assert [words.sentence(sentence).words for sentence in list(TRAIN[:4])[::-1]] == own[::-1]
    assert [replace(words, seed=1).sentence(sentence).words for sentence in TRAIN[:4]] != own


def test_candidates_have_the_number_of_pieces_that_is_asked_for(words: PseudoWords) -> None:
    """By a tokenizer that makes a piece of each run of letters up to a vowel, but for known words."""
    vocabulary = {"teacher", "letter", "doctor"}

    def pieces(word: str) -> int:
        return 1 if word.lower() in vocabulary else 1 + sum(letter in "aeiou" for letter in word.lower()[1:])

    for word, aim in (("teacher", 2), ("letter", 2), ("reconsider", 5)):
        assert pieces(words.word(word, ("NOUN", "Number=Sing"), pieces=pieces)) == aim


@pytest.mark.parametrize(
    "forms", [["кошка", "собака", "машина", "улица"], ["老师", "学生", "朋友", "北京"], ["हिन्दी", "किताब", "लड़का"]]
)
def test_any_script_has_pseudo_words(forms: list[str]) -> None:
    """Of few words in a script with many letters too."""
    made = PseudoWords.of([_one(form, "NOUN", "_") for form in forms])
    new = [made.word(form, ("NOUN", "_")) for form in forms]
    assert not set(new) & set(forms)
    letters = set("".join(forms))
    assert set("".join(new)) <= letters


def test_a_treebank_without_content_words_is_refused() -> None:
    with pytest.raises(PseudoWordError, match="NOUN"):
        PseudoWords.of([_one("the", "DET", "_")])


def _one(word: str, upos: str, features: str) -> Sentence:
    return Sentence((word,), (-1,), ("root",), (upos,), ("_",), (True,), features=(features,))
