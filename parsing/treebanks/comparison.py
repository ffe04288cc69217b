"""A gold and a recovered tree of one sentence, side by side."""

from dataclasses import dataclass

from treeprobe.parsing.drawing import comparison_svg, comparison_text
from treeprobe.parsing.treebanks.treebank import Sentence


@dataclass(frozen=True)
class Comparison:
    """Two trees over the same words; shows itself in a notebook, gold above and recovered below.

    Edges at a word where `scored`, one value a word, is false are drawn thin and grey; every word counts where it is
    None. Raises ValueError when the sentences have other words, or `scored` another length.
    """

    gold: Sentence
    recovered: Sentence
    scored: tuple[bool, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse sentences of other words."""
        if self.gold.words != self.recovered.words:
            raise ValueError(
                f"the gold sentence has {len(self.gold)} words ({self.gold.text[:40]!r}), the recovered one "
                f"{len(self.recovered)} ({self.recovered.text[:40]!r}); expected the same words"
            )
        if self.scored is not None and len(self.scored) != len(self.gold):
            raise ValueError(f"scored has {len(self.scored)} entries for {len(self.gold)} words; expected one a word")

    def _repr_svg_(self) -> str:
        """Gold arcs above the words, recovered ones below."""
        return comparison_svg(
            self.gold.words,
            self.gold.heads,
            self.recovered.heads,
            relations=self.gold.relations,
            scored=self.scored,
        )

    def _repr_html_(self) -> str:
        """The same in a frame that scrolls sideways, so that long sentences keep their size."""
        return f'<div style="overflow-x:auto">{self._repr_svg_()}</div>'

    def to_text(self) -> str:
        """The comparison as plain text for terminals, a word a line, wrong heads marked."""
        return comparison_text(self.gold.words, self.gold.heads, self.recovered.heads)
