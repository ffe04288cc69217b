"""Statistics of heads and of their kernels against the bare pass that returns attention, and against a numpy loop.

    python -m benchmarks.head_statistics --treebank FOLDER [--sentences 600] [--rounds 3] [--memory]

Dev of the treebank. The bare pass is transformers' own, on batches that were tokenized, sorted by length and padded
beforehand, attention asked for and dropped; the statistics read the words and pass over the same sentences. The loop
takes a sentence at a time with `output_attentions`, and sums in numpy what the survey gives but the share of position.
It is measured on a tenth of the sentences, spread evenly, and scaled by words; its figures must be the survey's.
With `--memory`, the peak of the survey as the text grows, each size in a process of its own.
"""

import argparse
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.bare import bare_pass, ready_batches, sentence_attention
from benchmarks.inputs import open_encoder, parser, read_bank
from benchmarks.measuring import Ratio, in_own_process, interleaved, peak_megabytes, ratio, report
from treeprobe.attention import HeadSurvey, survey_heads
from treeprobe.attention.relations import RelationTally, relations_of
from treeprobe.convolution import measure_offsets
from treeprobe.convolution.statistics import OffsetTally
from treeprobe.extraction import Encoder, stream_attention
from treeprobe.parsing import Treebank, labelled_edges, punctuation_mask
from treeprobe.probes.states import evenly_spaced

GOAL = 1.15
TIMES = (1, 2, 4, 8)


def main() -> None:
    options = parser(__doc__, sentences=600, rounds=3)
    options.add_argument("--memory", action="store_true", help="measure memory instead of time")
    options.add_argument("--times", type=int, help="survey so many times the text in this process, and print the peak")
    arguments = options.parse_args()
    bank = read_bank(arguments, "dev")
    if arguments.times:
        bank = Treebank(list(bank) * arguments.times)
        survey(open_encoder(arguments), bank)
        print(json.dumps(peak_megabytes()))
        return
    rows = growth(arguments) if arguments.memory else compare(open_encoder(arguments), bank, arguments.rounds)
    report("head_statistics", list(rows), out=arguments.out)


def compare(encoder: Encoder, bank: Treebank, rounds: int) -> Iterator[Ratio]:
    """All ratios of time."""
    part = Treebank([bank[row] for row in evenly_spaced(len(bank), most=max(1, len(bank) // 10))])
    check_survey(survey(encoder, part), numpy_loop(encoder, part))
    batches = ready_batches(encoder, bank.words)
    times = interleaved(
        {
            "bare": lambda: bare_pass(encoder, batches, attention=True),
            "survey": lambda: survey(encoder, bank),
            "offsets": lambda: measure_offsets(stream_attention(encoder, bank.words)),
            "both": lambda: offsets_and_relations(encoder, bank),
            "loop": lambda: numpy_loop(encoder, part),
        },
        rounds=rounds,
    )
    for side, name in (
        ("survey", "behaviour and relations of all heads"),
        ("offsets", "sums for all kernels"),
        ("both", "sums for all kernels, and relations"),
    ):
        yield ratio(f"{name}: time, against the bare pass", times[side], times["bare"], goal=GOAL)
    scale = sum(map(len, bank)) / sum(map(len, part))
    note = f"the loop: {len(part)} of {len(bank)} sentences, scaled by words"
    name = "behaviour and relations of all heads: speed, against a numpy loop over sentences"
    yield ratio(name, times["loop"], times["survey"], scale=scale, better="higher", note=note)


def survey(encoder: Encoder, bank: Treebank) -> HeadSurvey:
    """What `treeprobe heads` does with attention."""
    return survey_heads(stream_attention(encoder, bank.words), bank, punctuation="xpos")


def offsets_and_relations(encoder: Encoder, bank: Treebank) -> None:
    """What `treeprobe convolution` does with attention between words."""
    offsets, relations = OffsetTally(), RelationTally(relations_of(bank))
    for batch in stream_attention(encoder, bank.words):
        offsets.update(batch)
        relations.update(batch, bank)


def numpy_loop(encoder: Encoder, bank: Treebank) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """Behaviour, (layers, heads) by name, and correct edges, (2, layers, heads) by relation."""
    sums: dict[str, Any] = dict.fromkeys(
        ("entropy", "first_special", "last_special", "punctuation", "same", "previous", "next", "offset", "reach"), 0.0
    )
    correct: dict[str, NDArray[Any]] = {}
    weight = 0.0
    for sentence, attention in zip(bank, sentence_attention(encoder, bank.words)):
        queries = attention[:, :, 1:-1]
        words = queries[..., 1:-1]
        logarithms = np.log(queries, out=np.zeros_like(queries), where=queries > 0)
        sums["entropy"] -= (queries * logarithms).sum((2, 3))
        sums["first_special"] += queries[..., 0].sum(2)
        sums["last_special"] += queries[..., -1].sum(2)
        sums["punctuation"] += words[..., punctuation_mask(sentence, "xpos")].sum((2, 3))
        for name, offset in (("same", 0), ("previous", -1), ("next", 1)):
            sums[name] += np.trace(words, offset, axis1=2, axis2=3)
        places = np.arange(len(sentence))
        offsets = places - places[:, None]
        sums["offset"] += (words * offsets).sum((2, 3))
        sums["reach"] += (words * np.abs(offsets)).sum((2, 3))
        weight += words.sum((2, 3))
        words[..., places, places] = -1
        attended = words.argmax(3)
        for dependent, head, relation in labelled_edges(sentence):
            hits = np.stack([attended[..., dependent] == head, attended[..., head] == dependent])
            correct[relation] = correct.get(relation, 0) + hits
    count = sum(map(len, bank))
    means = {name: total / (weight if name in ("offset", "reach") else count) for name, total in sums.items()}
    return means, correct


def check_survey(found: HeadSurvey, loop: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Refuse to compare what differs; of nearly equal weights, rounding may choose another word for an edge or two."""
    behaviour, correct = loop
    for name, expected in behaviour.items():
        np.testing.assert_allclose(getattr(found.behaviour, name), expected, atol=1e-3, err_msg=name)
    counts = found.relations.correct.sum(0)
    for relation, hits in correct.items():
        np.testing.assert_allclose(counts[found.relations.relations.index(relation)], hits, atol=2, err_msg=relation)


def growth(arguments: argparse.Namespace) -> Iterator[Ratio]:
    """The peak of the survey at several times the text, less that at its own length."""
    given = ["--treebank", arguments.treebank, "--sentences", arguments.sentences]
    peaks = [in_own_process("benchmarks.head_statistics", *given, "--times", times) for times in TIMES]
    for times, peak in zip(TIMES[1:], peaks[1:]):
        note = f"peak {peaks[0]:.0f} MB and {peak:.0f} MB"
        yield Ratio(
            f"heads: growth of the peak memory at {times} times the text", peak - peaks[0], unit="MB", note=note
        )


if __name__ == "__main__":
    main()
