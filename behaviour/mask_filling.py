"""What a language model expects in the place of a mask."""

import pandas as pd
import torch

from treeprobe.errors import TreeprobeError
from treeprobe.extraction import LanguageModel

MASK = "[MASK]"
"""What stands for a mask in a text, whatever the tokenizer's own is."""


class MaskError(TreeprobeError, ValueError):
    """A text whose mask cannot be filled."""


@torch.inference_mode()
def fill_mask(model: LanguageModel, text: str, *, top: int = 5) -> pd.DataFrame:
    """The most probable subwords in the place of each [MASK] of a text.

    A masked language model reads both sides. One that predicts the next subword is asked after what stands before the
    mask, and does not read the rest.

    Args:
        text: with `[MASK]` for each subword to fill.
        top: how many subwords for each mask.

    Returns:
        mask (counted from 1), rank, subword, probability: `top` rows for each mask.

    Raises:
        MaskError: no mask, more than one for a model that predicts the next subword, or a text that is too long.
    """
    encoder, causal = model.encoder, model.prediction == "next"
    masks = text.count(MASK)
    if not masks or (causal and masks > 1):
        expected = "one, since this model predicts the next subword" if causal else "at least one"
        raise MaskError(f"{masks} {MASK} in {text!r}; expected {expected}")
    tokenizer = encoder.tokenizer
    if causal:
        ids = tokenizer(text[: text.index(MASK)].rstrip())["input_ids"]
        while ids and ids[-1] in (tokenizer.sep_token_id, tokenizer.eos_token_id):
            ids.pop()
        if not ids:
            raise MaskError(f"nothing before the mask in {text!r}; expected words for the model to go on from")
        places = [len(ids) - 1]
    else:
        ids = tokenizer(text.replace(MASK, tokenizer.mask_token))["input_ids"]
        places = [place for place, subword in enumerate(ids) if subword == tokenizer.mask_token_id]
    if encoder.max_subwords is not None and len(ids) > encoder.max_subwords:
        raise MaskError(f"{len(ids)} subwords in {text!r}; expected at most {encoder.max_subwords}")
    batch = torch.tensor([ids])
    logits = encoder.run(batch, torch.ones_like(batch)).logits[0, places].float()
    probabilities, subwords = logits.softmax(-1).cpu().topk(min(top, logits.shape[-1]))
    rows = [
        (mask, rank, tokenizer.convert_ids_to_tokens(subword), probability)
        for mask, (found, of) in enumerate(zip(subwords.tolist(), probabilities.tolist()), start=1)
        for rank, (subword, probability) in enumerate(zip(found, of), start=1)
    ]
    return pd.DataFrame(rows, columns=["mask", "rank", "subword", "probability"])
