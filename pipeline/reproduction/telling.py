"""Published settings and reproductions of them as text for a terminal."""

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from treeprobe.pipeline.closing_table import WIDTH, aligned
from treeprobe.pipeline.reproduction.published import PublishedSetting

if TYPE_CHECKING:
    from treeprobe.pipeline.reproduction.reproducing import Reproduction

SAYS: Mapping[str, str] = {
    "reproduced": "every number is within its tolerance.",
    "not reproduced": "{outside} of {compared} numbers are outside their tolerance.",
    "stand-in": "what was given is not the published setting, so the numbers say nothing of it.",
    "nothing to compare": "no published number is known to compare with.",
}


def settings_text(settings: Iterable[PublishedSetting]) -> str:
    """The registry: a line for the name of each setting, what it is, and what it needs."""
    blocks = []
    source = ""
    for one in settings:
        if one.source != source:
            source = one.source
            blocks.append(_filled(f"{one.source}. {one.url}".rstrip(), indent=""))
        known = sum(expected.value is not None for expected in one.expected)
        needs = f"{one.checkpoint.hub}; {one.treebank.name}{'' if one.treebank.ud else ' (yours to give)'}"
        numbers = f"{known} number{'s' * (known != 1)}" if known else "no number that could be checked"
        blocks.append(f"  {one.name}\n{_filled(f'{one.title}: {numbers}. {needs}', indent='    ')}")
    return "\n".join(blocks)


def setting_text(one: PublishedSetting) -> str:
    """One setting in full."""
    splits = ", ".join(
        f"{split}{f' ({one.treebank.sentences[split]:,} sentences)' if split in one.treebank.sentences else ''}"
        for split in one.treebank.needs
    )
    digests = [f"{split} {digest}" for split, digest in one.treebank.digests.items()]
    if one.checkpoint.digest is not None:
        digests.insert(0, f"checkpoint {one.checkpoint.digest}")
    lines = [
        f"{one.name}: {one.title}",
        f"source: {one.source}. {one.url}".rstrip(),
        f"checked: {one.checked}",
        f"checkpoint: {one.checkpoint.hub}, {one.checkpoint.blocks} blocks, {one.checkpoint.dim} dimensions",
        f"treebank: {one.treebank.name}{f' ({one.treebank.ud})' if one.treebank.ud else ''}: {splits}",
        *(f"digest: {digest}" for digest in digests),
        f"analysis: {one.analysis}",
        f"tolerance: {one.tolerance}",
        *(f"differs here: {difference}" for difference in one.differs),
    ]
    numbers = [
        [expected.what, _number(expected.value), _number(None if expected.value is None else expected.tolerance)]
        for expected in one.expected
    ]
    table = aligned([["", "expected", "tolerance"], *numbers])
    return "\n".join([*(_filled(line, indent="", hang="  ") for line in lines), "", *table])


def reproduction_text(found: "Reproduction") -> str:
    """What came of a setting: its numbers, what is lacking, and the verdict."""
    one = found.setting
    marks = {True: "within", False: "outside", None: ""}
    rows = [
        [
            str(row["what"]),
            _number(row["expected"]),
            _number(row["found"]),
            _number(row["difference"], sign="+"),
            _number(row["tolerance"]),
            marks[row["within"]],
        ]
        for row in found.table.astype(object).to_dict("records")
    ]
    table = aligned([["", "expected", "found", "difference", "tolerance", ""], *rows])
    compared = found.table["within"].dropna()
    says = SAYS[found.verdict].format(outside=int((compared == False).sum()), compared=len(compared))  # noqa: E712
    return "\n".join(
        [
            _filled(f"{one.name}: {one.title}. {one.source}", indent=""),
            "",
            *table,
            "",
            *_listed("Not the published setting:", found.lacks),
            *_listed("Not checked:", found.unchecked),
            *_listed("Done otherwise here:", one.differs),
            _filled(f"Verdict: {found.verdict}: {says}", indent=""),
        ]
    )


def _listed(heading: str, items: Sequence[str]) -> list[str]:
    """A heading and its items; nothing where there are none."""
    return [heading, *(_filled(f"- {item}", indent="", hang="  ") for item in items), ""] if items else []


def _number(value: float | None, *, sign: str = "") -> str:
    """A number with three decimals; a dash where there is none."""
    return "–" if value is None or math.isnan(value) else f"{value:{sign}.3f}"


def _filled(text: str, *, indent: str, hang: str | None = None) -> str:
    """Text in lines of the width of a terminal; addresses stay whole."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if hang is None else hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
