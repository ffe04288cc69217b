"""Treebanks by path, by folder, or by their name in Universal Dependencies."""

from pathlib import Path

import pooch

from treeprobe.parsing.treebanks.conllu_files import read_conllu
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
    """Read a treebank: a CoNLL-U file, a folder of a UD release with its splits, or a UD name such as `en_ewt`.

    `split` chooses among the files of a folder or of a name; a file is read whole, whatever its name says.

    A name is fetched once from `source` at the tag `release` into `cache_folder` (the user's cache unless given), with
    its licence, which is shown then; later the file is read from there, once its digest is checked.

    Raises TreebankError when there is no such file, split or treebank, when it cannot be fetched (the message says what
    to download and where to put it), and when the cached file is not the one that was fetched.
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
    """Where the file lies that `load_treebank` reads, fetched if need be."""
    path = Path(name)
    if path.is_dir():
        return split_in_folder(path, split)
    if path.is_file() or path.suffix == ".conllu":
        return path
    treebank = find_treebank(str(name), release=release)
    folder = Path(cache_folder or pooch.os_cache("treeprobe")) / "universal-dependencies" / release
    return fetch(treebank, split, folder / treebank.repository, source=source)


def split_in_folder(folder: Path, split: Split) -> Path:
    """The one file of the split in a treebank's folder."""
    found = sorted(path for path in folder.glob(f"*-{split}.conllu") if not path.name.startswith("."))
    if len(found) != 1:
        named = ", ".join(path.name for path in found) or "none"
        raise TreebankError(f"{folder}: expected one file *-{split}.conllu; found {named}")
    return found[0]
