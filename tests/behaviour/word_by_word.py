"""Slow and obvious: one forward pass for every masked subword, and for every token that a model predicts next."""

import numpy as np
import torch

from tests.extraction.oracles import subwords_of
from treeprobe.extraction import LanguageModel


@torch.inference_mode()
def masked_scores(model: LanguageModel, words, space_after=None):
    """(words,) pseudo-log-likelihood of each word of one sentence."""
    encoder = model.encoder
    encoded, places = subwords_of(encoder, words, space_after)
    scores, seen = [], set()
    for word in places:
        own = [place for place in word if place not in seen]
        seen |= set(word)
        total = 0.0
        for number, place in enumerate(own):
            ids = list(encoded["input_ids"])
            for later in own[number:]:
                ids[later] = encoder.tokenizer.mask_token_id
            types = {"token_type_ids": torch.tensor([encoded.encodings[0].type_ids])}
            if not any(encoded.encodings[0].type_ids):
                types = {}
            log_p = encoder.model(input_ids=torch.tensor([ids]), **types).logits[0, place].log_softmax(-1)
            total += float(log_p[encoded["input_ids"][place]])
        scores.append(total if own else np.nan)
    return np.array(scores)


@torch.inference_mode()
def next_token(model: LanguageModel, context):
    """(vocabulary,) log-probabilities of the token that follows some tokens."""
    return model.encoder.model(input_ids=torch.tensor([list(context)])).logits[0, -1].double().log_softmax(-1)


def left_to_right_scores(model: LanguageModel, words, *, first, starts, space_after=None):
    """(words,) log-probability of each word of one sentence.

    `starts` are the tokens that begin a word or end the text, `first` what stands before the sentence.
    """
    encoded, places = subwords_of(model.encoder, words, space_after)
    context, scores, seen = [first], [], set()
    for number, word in enumerate(places):
        own = [encoded["input_ids"][place] for place in word if place not in seen]
        seen |= set(word)
        scores.append(0.0)
        if number and own[0] in starts:
            # That a word begins here is known, and is what ended the word before.
            begun = float(next_token(model, context)[sorted(starts)].logsumexp(-1))
            scores[-2] += begun
            scores[-1] -= begun
        for token in own:
            scores[-1] += float(next_token(model, context)[token])
            context.append(token)
    scores[-1] += float(next_token(model, context)[sorted(starts)].logsumexp(-1))
    return np.array(scores)
