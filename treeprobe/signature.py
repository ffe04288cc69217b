"""The signature of a score: how it was made, in one line that a paper can print and a program reads back.

In the manner of sacreBLEU (Post 2018), whose signatures made BLEU scores of different papers comparable.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self
from urllib.parse import unquote

from treeprobe.errors import TreeprobeError

LONG, SHORT = "treeprobe", "tp"
"""What signatures begin with, in their two forms."""

KEYS: Mapping[str, tuple[str, str]] = {
    "analysis": ("analysis", "a"),
    "average": ("average", "avg"),
    "lengths": ("lengths", "len"),
    "treebank": ("treebank", "t"),
    "digest": ("digest", "d"),
    "split": ("split", "s"),
    "sentences": ("sentences", "n"),
    "train": ("train", "tr"),
    "punctuation": ("punct", "p"),
    "text": ("text", "tx"),
    "pooling": ("words", "w"),
    "context": ("context", "c"),
    "probe": ("probe", "pr"),
    "rank": ("rank", "r"),
    "epochs": ("epochs", "e"),
    "precision": ("precision", "pc"),
    "decoder": ("decoder", "dec"),
    "options": ("options", "o"),
    "seeds": ("seeds", "sd"),
    "layer": ("layer", "l"),
    "chosen": ("chosen", "ch"),
    "cell": ("cell", "cl"),
}
"""The fields of a signature but version and metric, in their order, as the long and the short form call them."""

MAY_DIFFER = frozenset({"version", "layer", "chosen", "seeds"})
"""Fields in which two scores may differ whose difference is of the models. Any other difference is one of the ruler."""

ABSENT = "not said"


class SignatureError(TreeprobeError, ValueError):
    """Text that is no signature, or scores whose signatures forbid what was asked."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """How a score was made; what does not apply, or is not known, is None. The scored model is no part of it.

    Attributes:
        version: of treeprobe.
        metric: its name in tables.
        analysis: what measured it, by its name in the registry.
        average: what the mean is over: `micro` over edges or words of all sentences, `macro` over sentence lengths.
        lengths: the sentence lengths that enter, such as `5-50`; all where None.
        treebank, digest, split, sentences: what was scored: a name, the first digits of the digest of the split that
            was read, which split, and how many sentences it has.
        train: the first digits of the digest of the split that probes were trained on.
        punctuation: the rule by which words are left out.
        text, pooling, context: what the model read, how subwords became words, what it saw of the sentence.
        probe, rank, epochs, precision: the family of the probe, or what else trees come from, and how it was trained;
            `epochs` is None for the family's own number of them.
        decoder: how trees were made of what a probe predicts.
        options: the first digits of the digest of the options of the analysis that have no field of their own, where
            they are not the defaults.
        seeds: how many seeds a setting was trained with.
        layer, chosen: the layer, and the split that chose it; `chosen` is None where every layer is reported.
        cell: which part of the text was scored, or in which form it was read, as `condition=scrambled,length=2`.
    """

    version: str
    metric: str
    analysis: str | None = None
    average: str | None = None
    lengths: str | None = None
    treebank: str | None = None
    digest: str | None = None
    split: str | None = None
    sentences: int | None = None
    train: str | None = None
    punctuation: str | None = None
    text: str | None = None
    pooling: str | None = None
    context: str | None = None
    probe: str | None = None
    rank: int | None = None
    epochs: int | None = None
    precision: str | None = None
    decoder: str | None = None
    options: str | None = None
    seeds: int | None = None
    layer: int | None = None
    chosen: str | None = None
    cell: str | None = None

    def __post_init__(self) -> None:
        if not self.version or not self.metric:
            raise SignatureError(f"version {self.version!r}, metric {self.metric!r}; expected both to be named")

    def __str__(self) -> str:
        """The long form: `treeprobe:0.2.0|uuas|analysis=structure|…`."""
        return self._text(LONG, 0)

    @property
    def short(self) -> str:
        """The short form, with abbreviated keys: `tp:0.2.0|uuas|a=structure|…`."""
        return self._text(SHORT, 1)

    def _text(self, head: str, form: int) -> str:
        """The signature with the keys of one form."""
        said = asdict(self)
        parts = [f"{head}:{_escaped(self.version)}", _escaped(self.metric, also="=")]
        parts += [f"{names[form]}={_escaped(said[key])}" for key, names in KEYS.items() if said[key] is not None]
        return "|".join(parts)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The signature that either form says; what it writes again is the same, up to the order of keys.

        Raises SignatureError that names the part of the text that is no part of a signature.
        """
        head, *parts = text.split("|")
        begin, colon, version = head.partition(":")
        if begin not in (LONG, SHORT) or not colon or not version:
            raise SignatureError(f"{text!r}: begins with {head!r}; expected {LONG}:VERSION or {SHORT}:VERSION")
        if not parts or not parts[0] or "=" in parts[0]:
            raise SignatureError(f"{text!r}: names no metric; expected {head}|METRIC|KEY=VALUE|…")
        known = {names[begin == SHORT]: key for key, names in KEYS.items()}
        said: dict[str, Any] = {}
        for part in parts[1:]:
            name, equals, value = part.partition("=")
            if not equals:
                raise SignatureError(f"{text!r}: found {part!r}; expected KEY=VALUE")
            if name not in known:
                raise SignatureError(f"{text!r}: unknown key {name!r}; expected some of {', '.join(known)}")
            if known[name] in said:
                raise SignatureError(f"{text!r}: says {name!r} twice; expected each key once")
            said[known[name]] = _whole(text, name, value) if known[name] in _NUMBERS else _plain(text, value)
        return cls(version=_plain(text, version), metric=_plain(text, parts[0], also="="), **said)

    def differing(self, other: "Signature", *, free: Iterable[str] = MAY_DIFFER) -> dict[str, tuple[str, str]]:
        """The keys, by their long names, in which two signatures differ and may not; with the value of each."""
        ours, theirs = asdict(self), asdict(other)
        return {
            KEYS[key][0] if key in KEYS else key: (_shown(ours[key]), _shown(theirs[key]))
            for key in ours
            if ours[key] != theirs[key] and key not in set(free)
        }


def shared_text(signatures: Iterable[Signature]) -> str:
    """What several signatures have in common, as `KEY=VALUE|…` in the words of the long form."""
    first, *others = [asdict(one) for one in signatures]
    keys = {"version": "version", **{key: names[0] for key, names in KEYS.items()}}
    alike = (key for key in keys if first[key] is not None and all(one[key] == first[key] for one in others))
    return "|".join(f"{keys[key]}={_escaped(first[key])}" for key in alike)


_NUMBERS = frozenset(field.name for field in fields(Signature) if field.type == int | None)


def _shown(value: Any) -> str:
    """A value in a message."""
    return ABSENT if value is None else str(value)


def _escaped(value: str | int, *, also: str = "") -> str:
    """A value without the characters that signatures are made of, and in one line: `|` is `%7C`."""
    return "".join(
        _percent(char) if char in "%|" or char in also or not char.isprintable() else char for char in str(value)
    )


def _percent(char: str) -> str:
    """A character by the bytes of its UTF-8."""
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))


def _plain(text: str, value: str, *, also: str = "") -> str:
    """A value of a signature as it was before it was written. Raises SignatureError when none is written like that."""
    try:
        plain = unquote(value, errors="surrogatepass")
    except UnicodeDecodeError:
        plain = ""
    if _escaped(plain, also=also) != value:
        raise SignatureError(f"{text!r}: found {value!r}; expected text where % is %25, | %7C, a line break %0A")
    return plain


def _whole(text: str, name: str, value: str) -> int:
    """A number of a signature. Raises SignatureError for anything else."""
    if not re.fullmatch(r"0|[1-9][0-9]*", value):
        raise SignatureError(f"{text!r}: {name} is {value!r}; expected a whole number")
    return int(value)
