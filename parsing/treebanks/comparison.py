"""The gold and the predicted tree of one sentence, side by side."""

from dataclasses import dataclass

from treeprobe.parsing.drawing import comparison_svg, comparison_text
from treeprobe.parsing.treebanks.treebank import Sentence


@dataclass(frozen=True)
class Comparison:
    """Two trees over the same words, drawn in notebooks with the gold tree above and the recovered one below.

    Attributes:
        gold: The sentence with its gold tree.
        recovered: The same words with the tree recovered from a model.
        scored: Whether each word is scored, (words,); edges at other words are drawn thin and grey. None scores all.

    Raises:
        ValueError: If the sentences differ in their words, or `scored` does not have one entry a word.
    """

    gold: Sentence
    recovered: Sentence
    scored: tuple[bool, ...] | None = None

    def __post_init__(self) -> None:
        if self.gold.words != self.recovered.words:
            raise ValueError(
                f"the gold sentence has {len(self.gold)} words ({self.gold.text[:40]!r}), the recovered one "
                f"{len(self.recovered)} ({self.recovered.text[:40]!r}); expected the same words"
            )
        if self.scored is not None and len(self.scored) != len(self.gold):
            raise ValueError(f"scored has {len(self.scored)} entries for {len(self.gold)} words; expected one a word")
        if self.scored is not None:
            object.__setattr__(self, "scored", tuple(map(bool, self.scored)))

    def _repr_svg_(self) -> str:
        """Gold arcs above the words, recovered arcs below."""
        return comparison_svg(
            self.gold.words,
            self.gold.heads,
            self.recovered.heads,
            relations=self.gold.relations,
            scored=self.scored,
        )

    def _repr_html_(self) -> str:
        """The drawing in a frame that scrolls sideways, so that long sentences are not shrunk."""
        return f'<div style="overflow-x:auto">{self._repr_svg_()}</div>'

    def to_text(self) -> str:
        """The comparison as plain text, one word a line: an x at wrong heads, a dot at words that are not scored."""
        return comparison_text(self.gold.words, self.gold.heads, self.recovered.heads, scored=self.scored)
