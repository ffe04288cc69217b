"""One sentence through the layers of a checkpoint, as a page: what probes and heads see in it."""

from collections.abc import Sequence
from pathlib import Path

from treeprobe.attention import best_heads, offset_baseline, survey_heads
from treeprobe.extraction import AttentionError, Encoder, stream_attention
from treeprobe.parsing import Sentence, Treebank, punctuation_mask
from treeprobe.parsing.stimuli import natural_sentences
from treeprobe.pipeline.parser import Parser
from treeprobe.pipeline.words import SentenceError, Split, is_punctuation, words_of
from treeprobe.reporting import Picker
from treeprobe.reporting.html import MOST_WORDS, GoldTree, SentenceLayer, TrackedRelation, sentence_page

MOST_RELATIONS = 12
"""Relations whose heads a page shows: the most frequent."""
SIGNIFICANT = 0.05
"""Heads that beat the best fixed offset with a greater adjusted p are not shown."""


def explore_sentence(
    sentence: str | Sequence[str] | Sentence,
    *,
    probe: str | Path | None = None,
    model: str | Path | None = None,
    device: str = "cpu",
    annotated: Treebank | None = None,
) -> Picker:
    """A page of one sentence: its tree, distances and words in space at every layer, and heads that track relations.

    Args:
        sentence: raw text, words that are split already, or a sentence with its gold tree, which is then drawn too.
        probe: the folder of a run, or of a saved distance probe; the embedded probes where None.
        model: the checkpoint when it is no longer where the probes were trained on it.
        device: where the model computes.
        annotated: sentences with trees in which heads are found that track relations; those of the package where None.

    Raises:
        SentenceError: a single word, more words than a page holds, or more than the model reads at once.
        FindingsError, ProbeError, CheckpointError, DeviceError: as of `Parser.from_pretrained`.
    """
    gold = sentence if isinstance(sentence, Sentence) else None
    split = words_of(sentence) if not isinstance(sentence, Sentence) else _split_of(sentence)
    words = split[0]
    if not 2 <= len(words) <= MOST_WORDS:
        found = f"one word, {words[0]!r}" if len(words) == 1 else f"{len(words)} words"
        raise SentenceError(f"{found}: expected a sentence of 2 to {MOST_WORDS} words to show its tree")
    each = Parser.of_layers(probe, model=model, device=device)
    numbers = [parser.distance.layer or 0 for parser in each.parsers]
    states = each.parsers[0].read([split], layers=numbers)
    encoder = each.parsers[0].encoder
    if states.report.windowed or states.report.skipped:
        raise SentenceError(
            f"the sentence of {len(words)} words has more subwords than {encoder.name} reads at once; expected a "
            "shorter one"
        )
    layers = []
    for number, parser in zip(numbers, each.parsers, strict=True):
        seen = parser.inspect_states(split, states)
        layers.append(SentenceLayer(number, seen.tree.heads, seen.distances, seen.vectors, seen.points))
    bank = annotated if annotated is not None else Treebank([*natural_sentences("train"), *natural_sentences("test")])
    scored = [not is_punctuation(word) for word in words] if gold is None else (~punctuation_mask(gold)).tolist()
    return sentence_page(
        words,
        layers,
        best=each.best,
        checkpoint=encoder.name,
        scored=scored,
        gold=None if gold is None else GoldTree(gold.heads, gold.relations, gold.distances),
        tracked=tracked_relations(encoder, words, bank),
        surveyed=f"{len(bank):,} annotated sentences",
    )


def gold_sentence(bank: Treebank, sentence: str | Sequence[str] | None) -> Sentence:
    """The sentence of a treebank that has the same words, ignoring spaces; its first where none is given.

    Raises SentenceError when there is none.
    """
    if sentence is None:
        return bank[0]
    wanted = "".join(sentence).replace(" ", "")
    for one in bank:
        if "".join(one.words) == wanted:
            return one
    shown = sentence if isinstance(sentence, str) else " ".join(sentence)
    raise SentenceError(f"{bank.path or bank.name}: has no sentence {shown!r}; expected its gold tree there")


def tracked_relations(encoder: Encoder, words: Sequence[str], bank: Treebank) -> list[TrackedRelation]:
    """The best head of each relation, in the direction in which it gains most over the offset, and what it attends to.

    Punctuation is no syntax. None where the model has no heads that can be read, or none that beats the best offset.
    """
    try:
        relations = survey_heads(stream_attention(encoder, bank.words), bank).relations
        (batch,) = stream_attention(encoder, [list(words)])
    except AttentionError:
        return []
    best = best_heads(relations, offset_baseline(relations))
    syntax = best[best["relation"] != "punct"]
    found = syntax[(syntax["accuracy"] > syntax["baseline"]) & (syntax["p"] < SIGNIFICANT)]
    gain = found["accuracy"] - found["baseline"]
    chosen = found.loc[gain.groupby(found["relation"], sort=False).idxmax()] if len(found) else found
    attention = batch.unpadded()[0]
    between = slice(batch.leading, batch.leading + len(words))
    columns = ["relation", "direction", "name", "accuracy", "baseline", "n", "layer", "head"]
    shown = chosen.sort_values("n", ascending=False).head(MOST_RELATIONS)[columns]
    return [
        TrackedRelation(
            row["relation"],
            row["direction"],
            row["name"],
            row["accuracy"],
            row["baseline"],
            row["n"],
            attention[row["layer"] - 1, row["head"] - 1][between, between],
        )
        for row in shown.to_dict("records")
    ]


def _split_of(sentence: Sentence) -> Split:
    """Words, and whether a space follows each, as an annotated sentence has them."""
    return list(sentence.words), list(sentence.space_after)
