"""Universal Dependencies' own validator as an oracle of what is CoNLL-U."""

import inspect
import io
import re
from functools import cache
from pathlib import Path

from udtools import Validator, level1

# Of level 1 (the format) what is lenient here, as it changes no word and no tree.
LENIENT = {"empty-sentence", "extra-empty-line", "unicode-normalization", "non-unix-newline", "invalid-unicode"}
# Of level 2 (what UD says of the values) what decides words, heads and ranges.
TREES = {
    "mwt-nonempty-field", "empty-node-nonempty-field", "multiple-sent-id", "invalid-head", "unknown-head",
    "head-self-loop", "multiple-roots", "non-tree",
}  # fmt: skip


@cache
def format_incidents() -> frozenset[str]:
    """Every incident of level 1, and those of level 2 that decide trees."""
    return frozenset(re.findall(r"testid='([^']+)'", inspect.getsource(level1))) | TREES


@cache
def _validator() -> Validator:
    """The validator, which reads its tables once."""
    return Validator(lang="ud", level=2, check_coref=False, output=io.StringIO(), max_store=1000)


def refused_for(path: Path) -> set[str]:
    """Why the validator does not take a file as CoNLL-U, by the names of its incidents."""
    state = _validator().validate_files([str(path)])
    return {incident.testid for incident in state.error_tracker} & format_incidents()
