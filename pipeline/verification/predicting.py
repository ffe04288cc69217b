"""What a language model predicts, beside the plain loop: one subword at a time, by the model with its head."""

import warnings

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

from treeprobe.behaviour.word_scores import word_scores
from treeprobe.behaviour.word_starts import first_token, word_starts
from treeprobe.extraction import CheckpointError, LanguageModel, TiedHeadAssumed, language_model
from treeprobe.pipeline.verification.checks import Check, Largest
from treeprobe.pipeline.verification.plain import PlainModel, PlainSentence
from treeprobe.pipeline.verification.reading import Pair


def check_scores(pair: Pair, folder_or_hub_name: str, *, most: int = 2) -> Check:
    """Whether words have the log-probabilities that the model with its own head gives them.

    Args:
        most: sentences that are scored, the shortest; a masked model takes a pass a subword.
    """
    chosen = sorted(range(len(pair.sentences)), key=lambda number: len(pair.expected[number].ids))[:most]
    sentences = [pair.sentences[number] for number in chosen]
    compared = "log-probabilities of words with those of the model and its own head"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TiedHeadAssumed)
            model = language_model(folder_or_hub_name, pair.encoder)
        found = word_scores(model, sentences)
    except CheckpointError as error:
        return Check(name="scores", compared=compared, number=pair.number, refusal=str(error))
    loader = AutoModelForMaskedLM if model.prediction == "masked" else AutoModelForCausalLM
    plain = PlainModel.load(folder_or_hub_name, number=pair.number, device=str(pair.encoder.device), loader=loader)
    largest = Largest()
    for number, expected in enumerate(pair.expected[one] for one in chosen):
        if model.prediction == "masked":
            scores = _masked(plain, expected)
            largest.add(found[number], scores, f"sentence {chosen[number] + 1}")
        else:
            total = np.array([_left_to_right(plain, model, expected)])
            largest.add(found[number].sum(keepdims=True), total, f"sentence {chosen[number] + 1}")
    kind = "a masked word's, others seen" if model.prediction == "masked" else "of sentences from left to right"
    return largest.check("scores", f"{compared}: {kind}", pair.number)


@torch.no_grad()
def _masked(plain: PlainModel, sentence: PlainSentence) -> np.ndarray:
    """(words,) each word's subwords predicted one after the other, those not yet predicted masked."""
    mask = plain.tokenizer.mask_token_id
    scores = np.full(len(sentence.places), np.nan)
    for word, places in enumerate(sentence.places):
        if places:
            scores[word] = 0.0
        for number, place in enumerate(places):
            ids = [mask if one in places[number:] else token for one, token in enumerate(sentence.ids)]
            logits = plain.run(ids, sentence.segments).logits[0, place]
            scores[word] += float(logits.log_softmax(-1)[sentence.ids[place]])
    return scores


@torch.no_grad()
def _left_to_right(plain: PlainModel, model: LanguageModel, sentence: PlainSentence) -> float:
    """The sum over subwords, each predicted from those before it, and of a word's end after the last."""
    content = [place for place, special in enumerate(sentence.special) if not special]
    ids = list(sentence.ids[: content[-1] + 1])
    if content[0] == 0:
        ids, content = [first_token(model.encoder), *ids], [place + 1 for place in content]
    log_p = plain.run(ids, [0] * len(ids)).logits[0].log_softmax(-1).cpu()
    total = sum(float(log_p[place - 1, ids[place]]) for place in content)
    openers = torch.from_numpy(np.flatnonzero(word_starts(model.encoder)[: log_p.shape[-1]]))
    return total + float(log_p[-1, openers].logsumexp(-1))
