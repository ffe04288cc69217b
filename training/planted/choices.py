"""Which form of a masked verb a model prefers, and the baselines that know no structure."""

from collections.abc import Iterable, Sequence
from math import log

import numpy as np
import torch
from nltk.lm import StupidBackoff
from nltk.util import everygrams
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from treeprobe.parsing.stimuli import AgreementPair
from treeprobe.training.planted.masking import padded, word_ids

Choices = NDArray[np.float64]
"""(pairs,) 1 where the right form is preferred, 0 where the wrong one is, 0.5 where neither is."""

_AT_ONCE = 256
_BACKOFF = 0.4
_BEGIN, _END = "<s>", "</s>"
_UNSEEN = 1e-9
"""The score of a word that was never seen at all, of which stupid backoff says nothing."""


@torch.no_grad()
def masked_choices(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, pairs: Sequence[AgreementPair]
) -> Choices:
    """The form with the higher logit where the verb is masked, by a model with a masked-LM head."""
    training = model.training
    model.eval()
    found = [_masked_choices(model, tokenizer, pairs[i : i + _AT_ONCE]) for i in range(0, len(pairs), _AT_ONCE)]
    model.train(training)
    return np.concatenate(found)


def _masked_choices(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, pairs: Sequence[AgreementPair]
) -> Choices:
    ids = padded(tokenizer, [word_ids(tokenizer, pair.sentence.words) for pair in pairs])
    rows, verbs = np.arange(len(pairs)), np.array([pair.place + 1 for pair in pairs])
    mask = (ids != tokenizer.pad_token_id).astype(np.int64)
    ids[rows, verbs] = tokenizer.mask_token_id
    logits = model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).logits[rows, verbs].numpy()
    right, wrong = (word_ids(tokenizer, [getattr(pair, name) for pair in pairs]) for name in ("right", "wrong"))
    return 0.5 + 0.5 * np.sign(logits[rows, right] - logits[rows, wrong]).astype(np.float64)


class NgramModel:
    """Counts of up to `order` words in a row, with stupid backoff (Brants et al. 2007, equation 5)."""

    def __init__(self, sentences: Iterable[Sequence[str]], *, order: int = 5) -> None:
        """Count.

        Args:
            sentences: as words.
            order: words in a row at most.
        """
        self.order = order
        self._model = StupidBackoff(alpha=_BACKOFF, order=order)
        text = [self._framed(words) for words in sentences]
        self._model.fit(
            (everygrams(words, max_len=order) for words in text), (word for words in text for word in words)
        )

    def choices(self, pairs: Sequence[AgreementPair], *, order: int | None = None) -> Choices:
        """The sentence with the higher score, by at most `order` words in a row; all that the model counts if None."""
        order = order or self.order
        margins = [
            self.score(pair.sentence.words, order=order, around=pair.place)
            - self.score(pair.violated, order=order, around=pair.place)
            for pair in pairs
        ]
        return 0.5 + 0.5 * np.sign(np.array(margins))

    def score(self, words: Sequence[str], *, order: int, around: int) -> float:
        """Sum of the logarithms of the scores of a word and of all whose history it is part of."""
        framed, first = self._framed(words), self.order - 1 + around
        histories = {
            place: framed[place - order + 1 : place] for place in range(first, min(first + order, len(framed)))
        }
        return sum(log(self._model.score(framed[place], history) or _UNSEEN) for place, history in histories.items())

    def _framed(self, words: Sequence[str]) -> list[str]:
        return [*[_BEGIN] * (self.order - 1), *(word.lower() for word in words), _END]


class BagOfWords:
    """Logistic regression of the verb's number on the other words of the sentence, in no order."""

    def __init__(self, pairs: Sequence[AgreementPair]) -> None:
        """Fit."""
        self._counts = CountVectorizer(analyzer=_other_words)
        counts = self._counts.fit_transform(pairs)
        self._classifier = LogisticRegression(max_iter=500).fit(counts, [pair.plural for pair in pairs])

    def choices(self, pairs: Sequence[AgreementPair]) -> Choices:
        """Whether the number is the verb's."""
        predicted = self._classifier.predict(self._counts.transform(pairs))
        return (predicted == np.array([pair.plural for pair in pairs])).astype(np.float64)


def _other_words(pair: AgreementPair) -> list[str]:
    """The words of a sentence but for the verb."""
    return [word.lower() for place, word in enumerate(pair.sentence.words) if place != pair.place]
