"""What perturbed masking costs: against the bare pass over the same inputs, over the sentences alone, and pair by pair.

    python -m benchmarks.perturbed_masking --treebank FOLDER [--sentences 100] [--rounds 3] [--device cuda]

Test of the treebank, sentences spread evenly. The bare pass is transformers' own over as many copies of each sentence
as it has words and pairs of words, in batches of as many positions, tokenized, sorted by length and padded beforehand.
The loop masks one pair at a time, in a pass of its own, and takes both passes of every ordered pair; it is measured on
a few short sentences, and scaled by passes; its impacts must be the same.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.bare import bare_pass, ready_batches, word_numbers
from benchmarks.inputs import parser, read_bank
from benchmarks.measuring import Ratio, interleaved, ratio, report
from treeprobe.extraction import Encoder, embedded_checkpoint
from treeprobe.extraction.batching import CARD_TOKEN_BUDGET, TOKEN_BUDGET
from treeprobe.parsing import Treebank
from treeprobe.probes.states import evenly_spaced
from treeprobe.untrained import impact_matrices

LOOPED = 5
"""Sentences of the loop, of at most so many words each: it would take minutes for all."""
SHORT = 12


def main() -> None:
    options = parser(__doc__, sentences=100, rounds=3)
    options.add_argument("--device", default="cpu", help="where to compute, by torch's name")
    arguments = options.parse_args()
    encoder = Encoder.from_pretrained(arguments.model or embedded_checkpoint(), device=arguments.device)
    wanted, arguments.sentences = arguments.sentences, None
    bank = read_bank(arguments, "test")
    chosen = Treebank([bank[row] for row in evenly_spaced(len(bank), most=min(wanted, len(bank)))])
    report("perturbed_masking", list(compare(encoder, chosen, arguments.rounds)), out=arguments.out)


def compare(encoder: Encoder, bank: Treebank, rounds: int) -> Iterator[Ratio]:
    """All ratios."""
    clock = "processor" if encoder.device.type == "cpu" else "wall"
    part = [sentence.words for sentence in bank if 2 < len(sentence) <= SHORT][:LOOPED]
    for words, matrices in zip(part, impact_matrices(encoder, part)):
        np.testing.assert_allclose(pair_by_pair(encoder, words), matrices.distances, atol=1e-3)
    budget = TOKEN_BUDGET if encoder.device.type == "cpu" else CARD_TOKEN_BUDGET
    copies = [words for words in bank.words for _ in range(len(words) * (len(words) + 1) // 2)]
    batches, alone = (on_device(encoder, text, budget) for text in (copies, bank.words))
    times = interleaved(
        {
            "alone": lambda: bare_pass(encoder, alone),
            "bare": lambda: bare_pass(encoder, batches),
            "masking": lambda: impact_matrices(encoder, bank.words),
            "loop": lambda: [pair_by_pair(encoder, words) for words in part],
        },
        rounds=rounds,
    )
    note = f"{len(bank)} sentences of {sum(map(len, bank))} words, {len(copies)} passes; {clock} time"
    yield ratio(
        "perturbed masking: time, against the bare pass over as many inputs",
        times["masking"], times["bare"], clock=clock, note=note,
    )  # fmt: skip
    yield ratio(
        "perturbed masking: time, against the bare pass over the sentences alone",
        times["masking"], times["alone"], clock=clock, note=note,
    )  # fmt: skip
    scale = len(copies) / sum(len(words) * (len(words) + 1) // 2 for words in part)
    yield ratio(
        "perturbed masking: speed, against two passes for every ordered pair",
        times["loop"], times["masking"], scale=scale, clock=clock, better="higher",
        note=f"the loop: {len(part)} sentences of at most {SHORT} words, scaled by passes",
    )  # fmt: skip


def on_device(encoder: Encoder, sentences: list[tuple[str, ...]], budget: int) -> list[dict[str, torch.Tensor]]:
    """Ready batches where the model computes."""
    batches = ready_batches(encoder, sentences, budget=budget)
    return [{name: values.to(encoder.device) for name, values in batch.items()} for batch in batches]


@torch.inference_mode()
def pair_by_pair(encoder: Encoder, words: tuple[str, ...]) -> NDArray[np.float64]:
    """(layers, words, words) impacts of a sentence, two passes for every ordered pair."""
    inputs = encoder.tokenizer(list(words), is_split_into_words=True, return_tensors="pt").to(encoder.device)
    owners = torch.from_numpy(word_numbers(inputs.word_ids())).to(encoder.device)
    found = np.zeros((len(encoder.layers), len(words), len(words)))

    def masked(*hidden: int) -> torch.Tensor:
        where = torch.isin(owners, torch.tensor(hidden, device=owners.device))
        ids = inputs["input_ids"].masked_fill(where, encoder.tokenizer.mask_token_id)
        return torch.stack(encoder.model(input_ids=ids, output_hidden_states=True).hidden_states)[:, 0]

    for one in range(len(words)):
        for other in range(len(words)):
            if one != other:
                gap = (masked(one) - masked(one, other))[:, owners == one]
                found[:, one, other] = gap.norm(dim=-1).mean(-1).cpu().numpy()
    return found


if __name__ == "__main__":
    main()
