"""A checkpoint held to transformers' own: `verify`."""

from collections.abc import Sequence
from dataclasses import dataclass

import transformers

from treeprobe.extraction import Encoder
from treeprobe.parsing.stimuli import natural_sentences
from treeprobe.pipeline.verification.checks import Check, Verdict
from treeprobe.pipeline.verification.editing import check_edits_of_attention, check_edits_of_states
from treeprobe.pipeline.verification.plain import Number, PlainModel
from treeprobe.pipeline.verification.predicting import check_scores
from treeprobe.pipeline.verification.reading import (
    Pair,
    Sentences,
    check_alignment,
    check_attention,
    check_batching,
    check_layers,
    check_states,
)

NUMBERS: tuple[Number, ...] = ("float64", "float32")
NEEDED = ("layers", "alignment", "states", "batching")
"""Checks without which nothing can be said of a model; the others may be refused."""
UNUSUAL = (
    ["naïve", "Ångström", "東京", "🙂", "don't", "—", "3.14", "x" * 40],
    ["Yes"],
    ["the", "the", "the", "the"],
)
"""Words that tokenizers take apart, do not know or drop, the shortest of sentences, and a word again and again."""


@dataclass(frozen=True)
class Verification:
    """What a checkpoint was held to, and what came of it."""

    model: str
    """Its name."""
    architecture: str
    """The class of transformers."""
    weights: str
    """SHA-256 of its weights."""
    sentences: int
    """How many sentences were read."""
    words: int
    """How many words they have."""
    transformers: str
    """Version of transformers."""
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        """`equal`: all that is not refused is equal; `differs`: something is not; `refused`: states cannot be read."""
        verdicts = {check.verdict for check in self.checks}
        if "differs" in verdicts:
            return "differs"
        if any(check.verdict == "refused" for check in self.checks if check.name in NEEDED):
            return "refused"
        return "equal"

    def check(self, name: str, number: Number = "float64") -> Check:
        """The check of that name, in that number format where it has one."""
        return next(one for one in self.checks if one.name == name and one.number in (number, None))


def default_sentences() -> list[list[str]]:
    """English sentences that come with the package, and unusual ones."""
    found = [list(words) for words in natural_sentences("test").words[:8]]
    return [*found, *UNUSUAL]


def verify(
    model: str, sentences: Sentences | None = None, *, numbers: Sequence[Number] = NUMBERS, device: str = "cpu"
) -> Verification:
    """Hold what treeprobe reads of a checkpoint to a plain loop of transformers: each sentence alone, attention eager.

    Args:
        model: a folder or a hub name.
        sentences: the words of each sentence; those of the package, English, where None.
        numbers: number formats to compute in. In float64 differences of formulas are told from rounding.
        device: where both compute; Apple's, which have no float64, in float32 alone.

    Raises:
        CheckpointError: the checkpoint cannot be loaded.
    """
    chosen = default_sentences() if sentences is None else sentences
    checks: list[Check] = []
    if device.startswith("mps"):  # which has no float64
        numbers = [number for number in numbers if number != "float64"]
    for number in numbers:
        encoder = Encoder.from_pretrained(model, dtype=number, device=device)
        pair = Pair.of(encoder, PlainModel.load(model, number=number, device=device), chosen, number=number)
        checks += checks_of(pair, model, exact=number == numbers[0])
    return Verification(
        encoder.name,
        type(encoder.model).__name__,
        encoder.digest,
        len(pair.sentences),
        sum(map(len, pair.sentences)),
        transformers.__version__,
        tuple(checks),
    )


def checks_of(pair: Pair, model: str | None, *, exact: bool = True) -> list[Check]:
    """All checks of a checkpoint in one number format.

    Args:
        model: where its head is; scores are left out where None.
        exact: whether what has no number format is looked at, and edits, once.
    """
    found = [check_layers(pair), check_alignment(pair)] if exact else []
    found.append(check_states(pair))
    if found[-1].verdict == "refused":
        return found
    found.append(check_batching(pair))
    found.append(check_attention(pair))
    if exact:
        found += [check_edits_of_states(pair), check_edits_of_attention(pair)]
        if model is not None:
            found.append(check_scores(pair, model))
    return found
