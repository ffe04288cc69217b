"""The page on the sentences that come with the package shows what the code prints."""

import contextlib
import io
import re
from pathlib import Path

from treeprobe.parsing import punctuation_mask
from treeprobe.parsing.stimuli import CONSTRUCTIONS, natural_sentences

PAGE = Path(__file__).parents[3] / "docs" / "stimuli.md"


def test_the_trees_are_those_of_the_command_above_them() -> None:
    code, shown = re.search(
        r"Printed by\n\n```python\n(.*?)```\n\n```text\n(.*?)\n```", PAGE.read_text(), re.DOTALL
    ).groups()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert [line.rstrip() for line in printed.getvalue().strip().splitlines()] == shown.splitlines()
    assert [kind for kind in CONSTRUCTIONS if f"\n{kind}: " not in f"\n{shown}"] == []


def test_the_numbers_of_the_natural_sentences_hold() -> None:
    train, test = natural_sentences("train"), natural_sentences("test")
    kept = sum(int((~punctuation_mask(sentence)).sum()) for sentence in test)
    assert f"{len(train)} and {len(test)} sentences" in PAGE.read_text()
    assert f"rests on {kept} words" in PAGE.read_text().replace("\n", " ")
