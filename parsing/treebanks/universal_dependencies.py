"""Treebanks of Universal Dependencies by name, downloaded once."""

import csv
import hashlib
import sys
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pooch
import requests

from treeprobe.parsing.treebanks.treebank import TreebankError

Split = Literal["train", "dev", "test"]

RELEASE = "r2.16"
SOURCE = "https://raw.githubusercontent.com/UniversalDependencies"
SECONDS_TO_WAIT = 60

# SHA-256 of released files that were read when this was written. Of every other file the digest is taken when it is
# fetched, kept beside it, and checked each time it is read.
PUBLISHED_DIGESTS = {
    ("r2.16", "en_ewt-ud-dev.conllu"): "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6",
    ("r2.16", "en_ewt-ud-test.conllu"): "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd",
}


@dataclass(frozen=True)
class NamedTreebank:
    """A treebank of Universal Dependencies: its name in file names, its repository and the release's tag."""

    name: str
    repository: str
    release: str = RELEASE

    def file(self, split: Split) -> str:
        """What UD calls the file of a split."""
        return f"{self.name}-ud-{split}.conllu"


def find_treebank(name: str, *, release: str = RELEASE) -> NamedTreebank:
    """The treebank that UD calls `en_ewt` in file names or `UD_English-EWT` as a repository.

    Raises TreebankError for a name that is neither, with the known names that begin alike.
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
        f"{name}: there is no such file or folder, and it is no known treebank of Universal Dependencies; expected a "
        f"path, or a name such as {', '.join(alike or ['en_ewt', 'UD_English-EWT'])}"
    )


@cache
def known_treebanks() -> dict[str, str]:
    """Repositories of Universal Dependencies by their names in file names."""
    table = files("treeprobe.parsing.treebanks").joinpath("ud_treebanks.csv").read_text(encoding="utf-8")
    return {row["name"]: row["repository"] for row in csv.DictReader(table.splitlines())}


def fetch(treebank: NamedTreebank, split: Split, folder: Path, *, source: str) -> Path:
    """The split's file in the cache, downloaded whole or not at all, its digest checked."""
    path = folder / treebank.file(split)
    record = path.with_name(path.name + ".sha256")
    published = PUBLISHED_DIGESTS.get((treebank.release, path.name))
    if not path.exists():
        download(treebank, path, source=source)
        show_licence(treebank, folder, source=source)
        record.unlink(missing_ok=True)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    expected = published or (record.read_text().strip() if record.exists() else found)
    if found != expected:
        raise TreebankError(
            f"{path}: has SHA-256 {found}, expected {expected}; delete it to fetch {treebank.repository} "
            f"{treebank.release} again"
        )
    if not record.exists():
        record.write_text(found + "\n")
    return path


def download(treebank: NamedTreebank, path: Path, *, source: str) -> None:
    """One file of the treebank to `path`."""
    folder = f"{source}/{treebank.repository}/{treebank.release}/"
    url = folder + path.name
    try:
        registry = pooch.create(path=path.parent, base_url=folder, registry={path.name: None})
        registry.fetch(path.name, downloader=pooch.HTTPDownloader(timeout=SECONDS_TO_WAIT))
    except requests.HTTPError as error:
        raise TreebankError(
            f"{treebank.repository}: release {treebank.release} has no {path.name} ({error}); "
            "expected another split or release"
        ) from error
    except (requests.RequestException, OSError) as error:
        raise TreebankError(
            f"{treebank.repository}: {url} cannot be reached ({type(error).__name__}). Download it on another machine "
            f"and put it at {path}"
        ) from error


def show_licence(treebank: NamedTreebank, folder: Path, *, source: str) -> None:
    """Keep the licence beside the treebank and say on stderr, once, what it is."""
    path = folder / "LICENSE.txt"
    if not path.exists():
        try:
            download(treebank, path, source=source)
        except TreebankError:
            print(f"{treebank.repository} {treebank.release}: licence not found; see its repository", file=sys.stderr)
            return
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    first = next((line for line in lines if line.strip("-=* ")), "see the file")
    print(f"{treebank.repository} {treebank.release}: {first} ({path})", file=sys.stderr)
