"""The card of a verified checkpoint: Markdown for people, a JSON record for programs."""

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from treeprobe.files import staged_folder, write_json
from treeprobe.pipeline.verification.checks import Check
from treeprobe.pipeline.verification.verifying import Verification
from treeprobe.records import sealed

CARD, RECORD = "verification.md", "verification.json"
FORMAT = 1
VERDICTS = {
    "equal": "Verified: all that treeprobe reads of this checkpoint is what transformers computes.",
    "differs": "Not verified: treeprobe and transformers differ.",
    "refused": "Not verified: the hidden states of this checkpoint cannot be read word by word.",
}


def statement(found: Verification) -> str:
    """The result in one sentence, with what is refused."""
    refused = sorted({check.name for check in found.checks if check.verdict == "refused"})
    told = VERDICTS[found.verdict]
    return f"{told} Refused, with a reason: {', '.join(refused)}." if refused and found.verdict == "equal" else told


def card_text(found: Verification) -> str:
    """The card, as Markdown."""
    lines = [
        f"# {found.model}",
        "",
        statement(found),
        "",
        f"A `{found.architecture}` with weights of SHA-256 `{found.weights[:16]}…`, compared with a plain loop of "
        f"transformers {found.transformers} on {found.sentences} sentences of {found.words} words: one sentence at a "
        "time, without padding, with eager attention, the subwords of each word averaged. A difference is absolute, or "
        "a share of a vector's largest number where that is above 1.",
        "",
        "| | in | compared | largest difference | tolerance | |",
        "|---|---|---|---:|---:|---|",
        *(_row(check) for check in found.checks),
    ]
    notes = [
        *(f"- **{check.name}** differ most in {check.place}." for check in found.checks if check.verdict == "differs"),
        *(f"- **{check.name}**: {check.note}" for check in found.checks if check.note),
        *_refusals(found),
    ]
    return "\n".join([*lines, *(["", *notes] if notes else []), "", f"treeprobe {version('treeprobe')}", ""])


def record_of(found: Verification) -> dict[str, Any]:
    """The same as plain JSON types, sealed by a digest of its content."""
    checks = [asdict(check) | {"tolerance": check.tolerance, "verdict": check.verdict} for check in found.checks]
    content = asdict(found) | {"format": FORMAT, "verdict": found.verdict, "treeprobe": version("treeprobe")}
    # JSON knows no infinity; arrays of other shapes have that difference.
    for check in checks:
        if check["difference"] is not None and not check["difference"] < float("inf"):
            check["difference"] = str(check["difference"])
    return sealed(content | {"checks": checks})


def write_card(found: Verification, out: str | Path, *, overwrite: bool = False) -> None:
    """Write card and record into a folder, which appears when both are complete.

    Raises OutputError where the folder holds something and is not to be overwritten, or cannot be written.
    """
    with staged_folder(out, overwrite=overwrite) as folder:
        (folder / CARD).write_text(card_text(found), encoding="utf-8")
        write_json(folder / RECORD, record_of(found))


def _row(check: Check) -> str:
    difference = "" if check.difference is None else f"{check.difference:.2g}"
    tolerance = "" if check.difference is None else f"{check.tolerance:g}"
    return f"| {check.name} | {check.number or ''} | {check.compared} | {difference} | {tolerance} | {check.verdict} |"


def _refusals(found: Verification) -> list[str]:
    """Each message once, as the two number formats are refused alike."""
    told = {check.refusal: check.name for check in found.checks if check.verdict == "refused"}
    return [f"- **{name}** refused: {message}" for message, name in told.items()]
