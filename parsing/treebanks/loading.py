"""Treebanks by file, by folder, or by their name in Universal Dependencies."""

from pathlib import Path

import pooch

from treeprobe.parsing.treebanks.conllu import read_conllu
from treeprobe.parsing.treebanks.treebank import Treebank, TreebankError
from treeprobe.parsing.treebanks.universal_dependencies import RELEASE, SOURCE, Split, fetch, find_treebank


def load_treebank(
    name: str | Path,
    *,
    split: Split = "train",
    release: str = RELEASE,
    cache_folder: str | Path | None = None,
    source: str = SOURCE,
) -> Treebank:
    """Load a treebank, downloading it if it is named and not in the cache.

    Args:
        name: A CoNLL-U file, a folder of a UD release with its splits, or a UD name such as `en_ewt`.
        split: Which split of a folder or of a named treebank; a file is read whole, whatever it is called.
        release: The release of a named treebank, a tag of its repository.
        cache_folder: Where named treebanks are kept; the user's cache folder by default.
        source: Address that the treebanks' repositories are downloaded from.

    Returns:
        The treebank. At the first download of a named one its licence is stored beside it and shown on stderr; later
        it is read from the cache after its digest has been verified.

    Raises:
        TreebankError: If there is no such file, split or treebank, if it cannot be downloaded (the message says what to
            download and where to put it), or if the cached file is not the one that was downloaded.
    """
    return read_conllu(treebank_path(name, split=split, release=release, cache_folder=cache_folder, source=source))


def treebank_path(
    name: str | Path,
    *,
    split: Split = "train",
    release: str = RELEASE,
    cache_folder: str | Path | None = None,
    source: str = SOURCE,
) -> Path:
    """Path of the file that `load_treebank` reads, downloaded if necessary; arguments and errors are the same."""
    path = Path(name)
    if path.is_dir():
        return _split_in_folder(path, split)
    if path.is_file() or path.suffix == ".conllu":
        return path
    treebank = find_treebank(str(name), release=release)
    folder = Path(cache_folder or pooch.os_cache("treeprobe")) / "universal-dependencies" / release
    return fetch(treebank, split, folder / treebank.repository, source=source)


def _split_in_folder(folder: Path, split: Split) -> Path:
    """The file of the split in a treebank's folder."""
    found = sorted(path for path in folder.glob(f"*-{split}.conllu") if not path.name.startswith("."))
    if len(found) != 1:
        named = ", ".join(path.name for path in found) or "none"
        raise TreebankError(f"{folder}: expected exactly one file *-{split}.conllu; found {named}")
    return found[0]
