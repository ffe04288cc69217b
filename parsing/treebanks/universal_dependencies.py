"""Treebanks of Universal Dependencies by name, downloaded once."""

import csv
import sys
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pooch
import requests

from treeprobe.digests import file_digest
from treeprobe.files import written_whole
from treeprobe.parsing.treebanks.treebank import TreebankError

Split = Literal["train", "dev", "test"]

RELEASE = "r2.16"
SOURCE = "https://raw.githubusercontent.com/UniversalDependencies"
_SECONDS_TO_WAIT = 60

# SHA-256 of released files that are known here. The digest of any other file is computed when it is downloaded, stored
# beside it, and verified each time it is read.
PUBLISHED_DIGESTS = {
    ("r2.16", "en_ewt-ud-dev.conllu"): "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6",
    ("r2.16", "en_ewt-ud-test.conllu"): "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd",
}


@dataclass(frozen=True)
class NamedTreebank:
    """A treebank of Universal Dependencies: its name in file names, its repository, and a release's tag."""

    name: str
    repository: str
    release: str = RELEASE

    def file(self, split: Split) -> str:
        """File name of a split."""
        return f"{self.name}-ud-{split}.conllu"


def find_treebank(name: str, *, release: str = RELEASE) -> NamedTreebank:
    """Find a treebank by its name in file names, such as `en_ewt`, or its repository's, such as `UD_English-EWT`.

    Raises:
        TreebankError: If the name is neither; the message lists known treebanks of the same language.
    """
    known = known_treebanks()
    if name in known:
        return NamedTreebank(name, known[name], release)
    codes = {repository.partition("-")[0]: short.partition("_")[0] for short, repository in known.items()}
    language, _, rest = name.partition("-")
    if language in codes and rest.isalnum():
        return NamedTreebank(f"{codes[language]}_{rest.lower()}", name, release)
    alike = [short for short in known if short.partition("_")[0] == name.partition("_")[0]]
    raise TreebankError(
        f"{name}: there is no such file or folder, and Universal Dependencies has no such treebank; expected a "
        f"path, or a name such as {', '.join(alike or ['en_ewt', 'UD_English-EWT'])}"
    )


@cache
def known_treebanks() -> dict[str, str]:
    """Repository of each treebank of Universal Dependencies by its name in file names."""
    table = files("treeprobe.parsing.treebanks").joinpath("ud_treebanks.csv").read_text(encoding="utf-8")
    return {row["name"]: row["repository"] for row in csv.DictReader(table.splitlines())}


def fetch(treebank: NamedTreebank, split: Split, folder: Path, *, source: str) -> Path:
    """Path of a split's file in the cache, downloaded whole or not at all, its digest verified.

    Raises:
        TreebankError: If the file cannot be downloaded or its digest is not the expected one.
    """
    path = folder / treebank.file(split)
    record = path.with_name(path.name + ".sha256")
    published = PUBLISHED_DIGESTS.get((treebank.release, path.name))
    if not path.exists():
        _download(treebank, path, source=source)
        _show_licence(treebank, folder, source=source)
        record.unlink(missing_ok=True)
    found = file_digest(path)
    expected = published or (record.read_text().strip() if record.exists() else found)
    if found != expected:
        raise TreebankError(
            f"{path}: has SHA-256 {found}, expected {expected}; delete it to fetch {treebank.repository} "
            f"{treebank.release} again"
        )
    if not record.exists():
        with written_whole(record) as draft:
            draft.write_text(found + "\n")
    return path


def _download(treebank: NamedTreebank, path: Path, *, source: str) -> None:
    """Download one file of the treebank to `path`."""
    folder = f"{source}/{treebank.repository}/{treebank.release}/"
    url = folder + path.name
    try:
        registry = pooch.create(path=path.parent, base_url=folder, registry={path.name: None})
        registry.fetch(path.name, downloader=pooch.HTTPDownloader(timeout=_SECONDS_TO_WAIT))
    except requests.HTTPError as error:
        # One error without the chain below it: requests, urllib3 and the socket each wrap the last one's message.
        raise TreebankError(
            f"{treebank.repository}: release {treebank.release} has no {path.name} ({error}); "
            "expected another split or release"
        ) from None
    except (requests.RequestException, OSError) as error:
        raise TreebankError(
            f"{treebank.repository} {treebank.release}: {path.name} is not in {path.parent} yet, and {url} cannot be "
            f"reached ({_first_cause(error)}). Without network, give the path of a CoNLL-U file or of a folder "
            f"instead of the name; or download the file on another machine and put it at {path}"
        ) from None


def _first_cause(error: BaseException) -> str:
    """What happened first, in the words of the operating system."""
    while (earlier := error.__cause__ or error.__context__) is not None:
        error = earlier
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__


def _show_licence(treebank: NamedTreebank, folder: Path, *, source: str) -> None:
    """Store the licence beside the treebank and print its first line on stderr."""
    path = folder / "LICENSE.txt"
    if not path.exists():
        try:
            _download(treebank, path, source=source)
        except TreebankError:
            print(f"{treebank.repository} {treebank.release}: licence not found; see its repository", file=sys.stderr)
            return
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    first = next((line for line in lines if line.strip("-=* ")), "see the file")
    print(f"{treebank.repository} {treebank.release}: {first} ({path})", file=sys.stderr)
