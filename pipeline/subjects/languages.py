"""Treebanks of several languages as one, so that their states are extracted, cached and recorded together."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from treeprobe.parsing import Treebank, TreebankError
from treeprobe.parsing.treebanks import Split
from treeprobe.probes.states import evenly_spaced


class JoinedTreebank(Treebank):
    """Sentences of several languages, language after language, as many of each.

    Attributes:
        rows: the sentences of each language, by its name.
    """

    def __init__(self, banks: Sequence[Treebank]) -> None:
        """Join treebanks of different names and one length; `join_treebanks` makes them of one length."""
        super().__init__([sentence for bank in banks for sentence in bank], name="+".join(bank.name for bank in banks))
        size = len(banks[0])
        self.rows: Mapping[str, slice] = MappingProxyType(
            {bank.name: slice(place * size, (place + 1) * size) for place, bank in enumerate(banks)}
        )

    @property
    def languages(self) -> tuple[str, ...]:
        """The names of the languages' treebanks, in order."""
        return tuple(self.rows)

    def part(self, language: str) -> Treebank:
        """The sentences of one language, under its own name."""
        return Treebank(self[self.rows[language]], name=language)


def join_treebanks(banks: Sequence[Treebank]) -> JoinedTreebank:
    """The same number of sentences of each treebank: of the larger ones, some that are spread evenly through them.

    Raises:
        TreebankError: fewer than two treebanks, two of one name, or one without a sentence of two words.
    """
    names = [bank.name for bank in banks]
    if len(banks) < 2:
        raise TreebankError(f"{len(banks)} treebank ({', '.join(names)}); expected two or more, one for each language")
    if len(set(names)) < len(names):
        raise TreebankError(f"treebanks {', '.join(names)}; expected files whose names tell the languages apart")
    for bank in banks:
        if all(len(sentence) < 2 for sentence in bank):
            raise TreebankError(f"{bank.path or bank.name}: no sentence of two words or more; expected at least one")
    size = min(map(len, banks))
    return JoinedTreebank(
        [Treebank([bank[int(row)] for row in evenly_spaced(len(bank), most=size)], name=bank.name) for bank in banks]
    )


def joined_splits(splits: Mapping[Split, Treebank]) -> dict[Split, JoinedTreebank]:
    """The splits, once each is known to hold the same languages in the same order.

    Raises:
        TreebankError: a split is of one language, or of others than another split.
    """
    found: dict[Split, JoinedTreebank] = {}
    for split, bank in splits.items():
        if not isinstance(bank, JoinedTreebank):
            raise TreebankError(f"{bank.path or bank.name}: one treebank of {split}; expected one for each language")
        found[split] = bank
    orders = {bank.languages for bank in found.values()}
    if len(orders) > 1:
        told = "; ".join(f"{split}: {', '.join(bank.languages)}" for split, bank in found.items())
        raise TreebankError(f"splits of different languages ({told}); expected the same languages in one order")
    return found
