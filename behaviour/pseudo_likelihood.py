"""Pseudo-log-likelihoods of words under a masked language model."""

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from treeprobe.extraction import Encoder
from treeprobe.extraction.encoder import wide
from treeprobe.extraction.language_model import only_at
from treeprobe.extraction.subwords import Subwords


@torch.inference_mode()
def pseudo_log_likelihoods(
    encoder: Encoder, subwords: Subwords, wanted: NDArray[np.bool_], *, progress: bool = False
) -> NDArray[np.float64]:
    """Log-probability of each word given all others, in nats, with within-word masking.

    A subword is masked together with those that follow it in its word, and predicted from everything else. Were the
    later subwords left to see, they would give a word away: "carnivo" before "##re" (Kauf & Ivanova 2023, section 3,
    PLL-word-l2r). Every subword takes a forward pass of its sentence; passes are batched over subwords and sentences.

    Args:
        encoder: one with a masked-LM head and a mask token.
        wanted: (words,) words to score.
        progress: show a progress bar.

    Returns:
        (words,); 0 for words that were not wanted, nan for words without subwords.
    """
    batcher, mask_token = subwords.batcher, encoder.tokenizer.mask_token_id
    chosen = np.flatnonzero(wanted[subwords.owners])
    starts, ends = subwords.starts[chosen], subwords.word_ends[chosen]
    leading = len(batcher.specials.leading)
    found = np.zeros(len(subwords.ids))
    copies = subwords.copies(subwords.sentences[chosen])
    bar = tqdm(total=len(chosen), desc="masked subwords", disable=not progress)
    for rows, batch in batcher.batches(subwords.alignment, copies, np.arange(len(chosen))):
        at = torch.from_numpy(leading + chosen[rows] - starts[rows])
        until = torch.from_numpy(leading + ends[rows] - starts[rows])
        positions = torch.arange(batch.input_ids.shape[1])
        masked = (positions >= at[:, None]) & (positions < until[:, None])
        ids = batch.input_ids.masked_fill(masked, mask_token)
        every = torch.arange(len(rows))
        with only_at(encoder, every, at):
            logits = encoder.run(ids, batch.attention_mask, batch.token_type_ids, places=batch.places).logits[:, 0]
        gold = torch.from_numpy(subwords.ids[chosen[rows]]).to(logits.device)
        log_p = logits.to(wide(logits.dtype)).log_softmax(-1).gather(1, gold[:, None])[:, 0]
        bar.update(len(rows))
        found[chosen[rows]] = log_p.double().cpu().numpy()
    bar.close()
    return subwords.sums(found)
