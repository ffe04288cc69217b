"""Files that appear whole or not at all."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """A path to write to that becomes `target` when the block ends well, and is removed when it does not.

    It lies beside `target` and ends alike, since some writers go by the suffix. It is not one of tempfile's, which
    their owner alone can read.
    """
    draft = target.with_name(f".{target.stem}-{secrets.token_hex(8)}{target.suffix}")
    try:
        yield draft
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
