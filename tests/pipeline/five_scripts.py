"""A few sentences of five languages in five scripts, each word as form, lemma, tag, head and features.

English has no word in common with the others, full stops included.
"""

from pathlib import Path

from treeprobe.parsing import Sentence, Treebank, write_conllu

SENTENCES = {
    "english": (
        "The/the/DET/2 cat/cat/NOUN/3/Number=Sing sleeps/sleep/VERB/0/Number=Sing|Tense=Pres !/!/PUNCT/3",
        "Two/two/NUM/2 cats/cat/NOUN/3/Number=Plur sleep/sleep/VERB/0/Tense=Pres here/here/ADV/3 !/!/PUNCT/3",
        "The/the/DET/3 old/old/ADJ/3 man/man/NOUN/4 reads/read/VERB/0 a/a/DET/6 book/book/NOUN/4 !/!/PUNCT/4",
        "A/a/DET/2 girl/girl/NOUN/3 sees/see/VERB/0 the/the/DET/5 cats/cat/NOUN/3/Number=Plur !/!/PUNCT/3",
        "The/the/DET/2 man/man/NOUN/3 sees/see/VERB/0 a/a/DET/5 cat/cat/NOUN/3 !/!/PUNCT/3",
        "A/a/DET/2 cat/cat/NOUN/3 reads/read/VERB/0 here/here/ADV/3 !/!/PUNCT/3",
        "Old/old/ADJ/2 girls/girl/NOUN/3/Number=Plur sleep/sleep/VERB/0 !/!/PUNCT/3",
    ),
    "русский": (
        "Кошка/кошка/NOUN/2/Case=Nom спит/спать/VERB/0 ././PUNCT/2",
        "Старый/старый/ADJ/2/Case=Nom человек/человек/NOUN/3/Case=Nom читает/читать/VERB/0 "
        "книгу/книга/NOUN/3/Case=Acc ././PUNCT/3",
        "Девочка/девочка/NOUN/2/Case=Nom видит/видеть/VERB/0 кошку/кошка/NOUN/2/Case=Acc ././PUNCT/2",
        "Книги/книга/NOUN/2/Number=Plur лежат/лежать/VERB/0 здесь/здесь/ADV/2 ././PUNCT/2",
        "Человек/человек/NOUN/2 видит/видеть/VERB/0 старую/старый/ADJ/4 кошку/кошка/NOUN/2 ././PUNCT/2",
        "Книгу/книга/NOUN/3 здесь/здесь/ADV/3 читает/читать/VERB/0 девочка/девочка/NOUN/3 ././PUNCT/3",
        "Кошки/кошка/NOUN/2/Number=Plur спят/спать/VERB/0 здесь/здесь/ADV/2 ././PUNCT/2",
    ),
    "العربية": (
        "تنام/نام/VERB/0 القطة/قطة/NOUN/1 ././PUNCT/1",
        "يقرأ/قرأ/VERB/0 الرجل/رجل/NOUN/1 كتابا/كتاب/NOUN/1/Case=Acc ././PUNCT/1",
        "ترى/رأى/VERB/0 البنت/بنت/NOUN/1 القطة/قطة/NOUN/1 الكبيرة/كبير/ADJ/3 ././PUNCT/1",
        "الكتاب/كتاب/NOUN/2 هنا/هنا/ADV/0 ././PUNCT/2",
        "يرى/رأى/VERB/0 الرجل/رجل/NOUN/1 الكبير/كبير/ADJ/2 القطة/قطة/NOUN/1 ././PUNCT/1",
        "تقرأ/قرأ/VERB/0 البنت/بنت/NOUN/1 هنا/هنا/ADV/1 ././PUNCT/1",
        "ينام/نام/VERB/0 الرجل/رجل/NOUN/1 هنا/هنا/ADV/1 ././PUNCT/1",
    ),
    "हिन्दी": (
        "बिल्ली/बिल्ली/NOUN/2 सोती/सो/VERB/0/Gender=Fem है/है/AUX/2 ।/।/PUNCT/2",
        "लड़की/लड़की/NOUN/3 किताब/किताब/NOUN/3 पढ़ती/पढ़/VERB/0/Gender=Fem है/है/AUX/3 ।/।/PUNCT/3",
        "बूढ़ा/बूढ़ा/ADJ/2 आदमी/आदमी/NOUN/4 यहाँ/यहाँ/ADV/4 सोता/सो/VERB/0/Gender=Masc है/है/AUX/4 ।/।/PUNCT/4",
        "आदमी/आदमी/NOUN/4 बड़ी/बड़ा/ADJ/3 बिल्ली/बिल्ली/NOUN/4 देखता/देख/VERB/0 है/है/AUX/4 ।/।/PUNCT/4",
        "लड़की/लड़की/NOUN/3 यहाँ/यहाँ/ADV/3 सोती/सो/VERB/0 है/है/AUX/3 ।/।/PUNCT/3",
        "बिल्ली/बिल्ली/NOUN/3 किताब/किताब/NOUN/3 देखती/देख/VERB/0 है/है/AUX/3 ।/।/PUNCT/3",
        "आदमी/आदमी/NOUN/3 किताब/किताब/NOUN/3 पढ़ता/पढ़/VERB/0 है/है/AUX/3 ।/।/PUNCT/3",
    ),
    "中文": (
        "猫/猫/NOUN/2 睡觉/睡觉/VERB/0 。/。/PUNCT/2",
        "老/老/ADJ/2 人/人/NOUN/3 看/看/VERB/0 书/书/NOUN/3 。/。/PUNCT/3",
        "女孩/女孩/NOUN/3 在这里/在这里/ADV/3 看见/看见/VERB/0 大/大/ADJ/5 猫/猫/NOUN/3 。/。/PUNCT/3",
        "两/两/NUM/3 只/只/NOUN/1 猫/猫/NOUN/4 睡觉/睡觉/VERB/0 。/。/PUNCT/4",
        "大/大/ADJ/2 猫/猫/NOUN/3 看见/看见/VERB/0 书/书/NOUN/3 。/。/PUNCT/3",
        "老/老/ADJ/2 女孩/女孩/NOUN/4 在这里/在这里/ADV/4 看/看/VERB/0 书/书/NOUN/4 。/。/PUNCT/4",
        "人/人/NOUN/2 睡觉/睡觉/VERB/0 。/。/PUNCT/2",
    ),
}
"""The last three of each language are its dev split."""
DEV = 3


def sentences_of(language: str) -> list[Sentence]:
    """The sentences of a language."""
    return [sentence_of(text, f"{language}-{number}") for number, text in enumerate(SENTENCES[language])]


def sentence_of(text: str, identifier: str = "") -> Sentence:
    """One sentence of words, `FORM/LEMMA/UPOS/HEAD[/FEATURES]` each."""
    cells = [[*word.split("/"), "_"][:5] for word in text.split()]
    forms, lemmas, tags, heads, features = zip(*cells, strict=True)
    return Sentence(
        words=forms,
        heads=tuple(int(head) - 1 for head in heads),
        relations=tuple(
            "root" if head == "0" else "punct" if tag == "PUNCT" else "dep" for head, tag in zip(heads, tags)
        ),
        upos=tags,
        xpos=("_",) * len(forms),
        space_after=(True,) * len(forms),
        identifier=identifier,
        lemmas=lemmas,
        features=features,
    )


def write_languages(folder: Path) -> dict[str, Path]:
    """Write each language's train and dev split into a folder of its own; returns the folders."""
    found = {}
    for number, language in enumerate(SENTENCES):
        sentences = sentences_of(language)
        found[language] = folder / f"bank-{number}"
        found[language].mkdir(parents=True)
        for split, some in (("train", sentences[:-DEV]), ("dev", sentences[-DEV:])):
            write_conllu(Treebank(some, name=language), found[language] / f"xx-{split}.conllu")
    return found
