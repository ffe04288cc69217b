"""Statistics of heads and kernels against the bare pass that returns attention."""

from benchmarks.gpu.card import Card
from benchmarks.gpu.model import bare_attention, recorded
from benchmarks.measuring import Ratio, interleaved, median_of, ratio
from treeprobe.attention import survey_heads
from treeprobe.convolution import measure_offsets
from treeprobe.extraction import Encoder, attention, stream_attention
from treeprobe.parsing import Treebank


def measure_heads(card: Card, encoder: Encoder, bank: Treebank, *, rounds: int) -> list[Ratio]:
    """Statistics of heads and of kernels against the bare pass that returns attention."""
    rows: list[Ratio] = []
    with card.peak(rows, "heads"):
        batches = recorded(attention, "_attention", lambda: survey_heads(stream_attention(encoder, bank.words), bank))
        taken = interleaved(
            {
                "bare": card.timed(lambda: bare_attention(encoder, batches)),
                "survey": card.timed(lambda: survey_heads(stream_attention(encoder, bank.words), bank)),
                "kernels": card.timed(lambda: measure_offsets(stream_attention(encoder, bank.words))),
            },
            rounds=rounds,
        )
        rows += [
            ratio("head statistics against the bare pass with attention", taken["survey"], taken["bare"], goal=1.15),
            ratio("kernel statistics against the bare pass with attention", taken["kernels"], taken["bare"], goal=1.15),
            median_of(f"the bare pass with attention, {len(bank)} sentences", taken["bare"].wall, unit="s"),
        ]
    return rows
