"""Which scores may be subtracted: those that differ in what was measured, and not in how."""

import warnings
from collections.abc import Mapping, Sequence

from treeprobe.signature import Signature, SignatureError

SAME_SENTENCES = frozenset({"split", "digest", "sentences"})
"""Keys that must be alike whatever one says: differences are paired, sentence by sentence."""


class SignatureWarning(UserWarning):
    """Scores that are compared although they were made in different ways, or by different versions of treeprobe."""


def check_comparable(
    pairs: Sequence[tuple[Signature, Signature]], names: tuple[str, str], *, anyway: bool = False
) -> str:
    """Refuse to subtract scores of different signatures (`signature.MAY_DIFFER` says in which keys they may differ).

    Args:
        pairs: the signatures of the scores that would be subtracted.
        names: what the two sides are called.
        anyway: subtract them all the same, with a warning, as far as they are of the same sentences.

    Returns:
        What differs, in words: "punct (xpos and upos)"; empty where nothing does.

    Raises:
        SignatureError: they differ, with each key and both values.
    """
    differing: dict[str, tuple[str, str]] = {}
    for first, second in pairs:
        differing |= first.differing(second)
    told = ", ".join(f"{key} ({ours} and {theirs})" for key, (ours, theirs) in differing.items())
    sides = " and ".join(names)
    unpaired = SAME_SENTENCES & differing.keys()
    if unpaired or (differing and not anyway):
        remedy = (
            "differences are paired, so score both on the same sentences"
            if unpaired
            else "run one of them again with the other's options, or subtract them all the same (--anyway, anyway=True)"
        )
        raise SignatureError(f"{sides}: scores of different signatures: {told}; expected the same; {remedy}")
    if differing:
        warnings.warn(
            f"{sides}: scores of different signatures are subtracted: {told}; what differs may be how they were made",
            SignatureWarning,
            stacklevel=3,
        )
    elif versions := {(one.version, other.version) for one, other in pairs if one.version != other.version}:
        warnings.warn(
            f"{sides}: scored by treeprobe {' and '.join(next(iter(versions)))}; CHANGELOG.md says what changed",
            SignatureWarning,
            stacklevel=3,
        )
    return told


def most_alike(signatures: Mapping[str, Signature]) -> tuple[list[str], dict[str, str]]:
    """The largest number of scores that may be subtracted from each other, the first of them where several are as many.

    Args:
        signatures: that of each score, by what it is called.

    Returns:
        The names of those scores; and the others, with what differs from them, in words: "punct (none and xpos)", its
        own value first.
    """
    groups: list[list[str]] = []
    for name, signature in signatures.items():
        known = (group for group in groups if not signature.differing(signatures[group[0]]))
        group = next(known, None)
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    chosen = max(groups, key=len, default=[])
    others = {
        name: ", ".join(
            f"{key} ({ours} and {theirs})" for key, (ours, theirs) in signature.differing(signatures[chosen[0]]).items()
        )
        for name, signature in signatures.items()
        if name not in chosen
    }
    return chosen, others
