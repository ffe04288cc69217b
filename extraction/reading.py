"""How hidden states are read off a model: the settings that decide which numbers come out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

from treeprobe.extraction.alignment import Pooling
from treeprobe.extraction.encoder import Dtype, Encoder
from treeprobe.extraction.hooks import SITES, Site, site_layers

Context = Literal["sentence", "prefix"]
Unit = Literal["word", "sentence", "cls", "sep"]
"""What there is a vector of: each word; or each sentence, which is then its subwords pooled, or the vector of its
special token `cls` or `sep`."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Everything that a word's vector depends on besides the checkpoint and the text.

    Whether an encoder can be read like this is checked when it is.
    """

    layers: Iterable[int] | None = None
    """Layer numbers to keep, all where None; held as an ascending tuple."""
    site: Site = "hidden"
    """Where in the model states are read: block outputs, parts of blocks, or parts of the input (`Site`)."""
    pooling: Pooling = "mean"
    """A word's vector is the mean of its subwords' vectors, or the first's, or the last's; a sentence's likewise."""
    unit: Unit = "word"
    """What there is a vector of. Of sentences there is one each, and `States.lengths` are all 1. In a sentence read
    through several windows, `cls` and `sep` are the mean over windows, each of which has its own."""
    segment: Literal[0, 1] = 0
    """Segment id of every subword; 1 is what the scripts of Hewitt & Manning (2019) used."""
    max_subwords: int | None = None
    """Longest input in subwords, special tokens counted; the model's own limit where None. Longer sentences are read
    through overlapping windows."""
    overlap: float = 0.5
    """Share of a window that the next one repeats, at least 0 and below 1."""
    context: Context = "sentence"
    """What the model reads for a word: its whole sentence, or the prefix that ends with it. A causal model reads words
    that spaces divide the same way for both; any other takes a pass for each word instead of each sentence."""
    storage: Dtype = "float32"
    """Number format of the vectors that are kept; a value beyond its range is an error."""

    def __post_init__(self) -> None:
        if self.layers is not None:
            object.__setattr__(self, "layers", tuple(sorted({int(layer) for layer in self.layers})))

    def resolved(self, encoder: Encoder) -> "Reading":
        """The same reading with the encoder's layers and its longest input filled in where they were left open.

        Raises:
            ValueError: the encoder cannot be read like this.
        """
        if self.site not in SITES:
            raise ValueError(f"site must be one of {', '.join(SITES)}, found {self.site!r}")
        if self.pooling not in get_args(Pooling):
            raise ValueError(f"pooling must be mean, first or last, found {self.pooling!r}")
        if self.context not in get_args(Context):
            raise ValueError(f"context must be sentence or prefix, found {self.context!r}")
        if self.unit not in get_args(Unit):
            raise ValueError(f"unit must be one of {', '.join(get_args(Unit))}, found {self.unit!r}")
        if self.unit != "word" and self.context == "prefix":
            raise ValueError(f"prefixes are read for words, found unit {self.unit!r}; expected context sentence")
        if self.storage not in get_args(Dtype):
            raise ValueError(f"storage must be one of {', '.join(get_args(Dtype))}, found {self.storage!r}")
        if self.segment not in (0, 1) or (self.segment and encoder.segments < 2):
            raise ValueError(
                f"segment id {self.segment} asked for, but {encoder.name} has {encoder.segments} segment embeddings"
            )
        if not 0 <= self.overlap < 1:
            raise ValueError(f"overlap must be at least 0 and below 1, found {self.overlap}")
        return replace(self, layers=self._layers_of(encoder), max_subwords=self._limit_of(encoder))

    def _layers_of(self, encoder: Encoder) -> tuple[int, ...]:
        known = site_layers(encoder, self.site)
        chosen = tuple(known if self.layers is None else self.layers)
        unknown = [layer for layer in chosen if layer not in known]
        if unknown or not chosen:
            raise ValueError(
                f"{encoder.name} has layers {known[0]} to {known[-1]} at site {self.site}, found {unknown or 'none'}"
            )
        return chosen

    def _limit_of(self, encoder: Encoder) -> int | None:
        limit = encoder.max_subwords
        if self.max_subwords is not None:
            if limit is not None and self.max_subwords > limit:
                raise ValueError(
                    f"{encoder.name} takes at most {limit} subwords, found max_subwords={self.max_subwords}"
                )
            limit = self.max_subwords
        specials = encoder.tokenizer.num_special_tokens_to_add()
        if limit is not None and limit <= specials:
            raise ValueError(f"max_subwords={limit} leaves no room beside {specials} special tokens")
        return limit
