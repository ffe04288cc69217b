"""The second language: a text in other letters, and the tokenizer that reads both."""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from tokenizers import Regex, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from treeprobe.parsing import Sentence
from treeprobe.training.options import PretrainingError
from treeprobe.training.tokenizer import SPECIAL_TOKENS, as_berts, train_vocabulary

_MOVED = 0xFEE0
"""From "!" to its fullwidth form "！", and so for all printable characters of ASCII."""
_FULLWIDTH = {code: code + _MOVED for code in range(ord("!"), ord("~") + 1)}
_SYMBOLS = "＄＋＜＝＞＾｀｜～"
"""Fullwidth forms of what BERT's tokenizer takes for punctuation, and which Unicode calls symbols."""
_OTHER_LETTERS = 0.05


def shifted_text(text: str) -> str:
    """The text in fullwidth letters, digits and signs, accents kept as marks of their own.

    BERT's tokenizer drops the accents of both. Characters without a fullwidth form stay as they are; the tokenizer
    knows none of these in either language.
    """
    return unicodedata.normalize("NFD", text).translate(_FULLWIDTH)


def shifted_sentence(sentence: Sentence) -> Sentence:
    """The same tree over the words of the second language; its lemmas, as far as known, are moved too."""
    return replace(
        sentence,
        words=tuple(shifted_text(word) for word in sentence.words),
        lemmas=tuple(lemma if lemma == "_" else shifted_text(lemma) for lemma in sentence.lemmas),
        multiword=tuple(token._replace(form=shifted_text(token.form)) for token in sentence.multiword),
        metadata={key: shifted_text(value) if key == "text" else value for key, value in sentence.metadata.items()},
    )


def bilingual_tokenizer(
    texts: Iterable[str], *, size: int, max_subwords: int, shared: bool = False
) -> PreTrainedTokenizerFast:
    """A WordPiece tokenizer like BERT's that reads a text and its shifted twin.

    The vocabulary is learnt from the text, special tokens first; the id of a shifted subword is that of its twin and
    the number of subwords more (`moved_by`). Special tokens alone are shared.

    Args:
        texts: the first language's.
        size: most subwords of one language, special tokens among them.
        max_subwords: the length to which the tokenizer truncates when asked to.
        shared: give both languages the same ids instead: then they are one language in two spellings.

    Raises:
        PretrainingError: more than 5 % of the text's characters have no fullwidth form.
    """
    lines = list(texts)
    _check_letters(lines)
    known = [word for word in train_vocabulary(lines, size=size) if word in SPECIAL_TOKENS or word.isascii()]
    vocabulary = {word: number for number, word in enumerate(known)}
    if not shared:
        moved = len(known) - len(SPECIAL_TOKENS)
        for word in known[len(SPECIAL_TOKENS) :]:
            mark = "##" if word.startswith("##") and word != "##" else ""
            vocabulary[mark + shifted_text(word.removeprefix(mark))] = vocabulary[word] + moved
    tokenizer = as_berts(vocabulary, max_subwords=max_subwords)
    backend = tokenizer.backend_tokenizer
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(f"[{_SYMBOLS}]"), "isolated"), pre_tokenizers.BertPreTokenizer()]
    )
    if shared:
        backend.normalizer = normalizers.Sequence([normalizers.NFKC(), backend.normalizer])
    return tokenizer


def second_language_from(tokenizer: PreTrainedTokenizerFast) -> int:
    """The first id of the second language, where the two do not share their ids."""
    return len(SPECIAL_TOKENS) + (len(tokenizer) - len(SPECIAL_TOKENS)) // 2


def _check_letters(lines: Iterable[str]) -> None:
    """Raises PretrainingError where a text is in letters that have no fullwidth form."""
    characters = [
        character
        for line in lines
        for character in unicodedata.normalize("NFD", line)
        if not character.isspace() and not unicodedata.combining(character)
    ]
    other = [character for character in characters if not character.isascii()]
    if len(other) > _OTHER_LETTERS * len(characters):
        found = ", ".join(map(repr, dict.fromkeys(other[:50])))
        raise PretrainingError(
            f"{len(other):,} of {len(characters):,} characters have no fullwidth form, such as {found}; expected a "
            "text in Latin letters"
        )
