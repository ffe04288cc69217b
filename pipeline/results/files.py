"""The files of an analysis read back as data, or refused as damaged: the one place where that is decided."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.digests import file_digest
from treeprobe.pipeline.results.findings import AGAIN, RECORD, FindingsError, read_record
from treeprobe.records import Fields


@dataclass(frozen=True)
class ResultFiles:
    """The files in the folder of an analysis.

    Attributes:
        record: that of the analysis, which has the size and digest of each file; one of an earlier version does not,
            and its files are only refused where they cannot be read.
        remedy: what to do about a damaged file, as the end of each message.
    """

    folder: Path
    record: Mapping[str, Any]
    remedy: str = AGAIN
    _whole: set[str] = field(default_factory=set, repr=False, compare=False)

    @classmethod
    def of(cls, folder: Path, *, remedy: str = AGAIN) -> "ResultFiles":
        """Those of a folder, none of them read but the record. Raises FindingsError as `read_record` does."""
        return cls(folder, read_record(folder, remedy=remedy), remedy)

    @property
    def known(self) -> Mapping[str, Mapping[str, Any]]:
        """Size and digest of each file, by its path in the folder."""
        known: Mapping[str, Mapping[str, Any]] = self.record.get("files", {})
        return known

    def check(self, *, verify: bool = False, without: Sequence[str] = ()) -> None:
        """Refuse files that are missing or of another size or, with `verify`, of another digest.

        Args:
            without: folders that are passed over.

        Raises FindingsError that names the first such file.
        """
        place = f"{self.folder}{os.sep}"
        for name, known in self.known.items():
            if name.partition("/")[0] not in without:
                self._check_size(name, known, place)
                if verify:
                    self._check_digest(name, known)

    def __contains__(self, name: str) -> bool:
        """Whether the analysis wrote a file."""
        return name in self.known or (self.folder / name).exists()

    @contextmanager
    def reading(self, name: str) -> Iterator[Path]:
        """Give the path of a file that is as it was written; what its parsing raises then says that it is damaged.

        Raises FindingsError that names the file.
        """
        if name in self.known and name not in self._whole:
            self._check_size(name, self.known[name], f"{self.folder}{os.sep}")
            self._check_digest(name, self.known[name])
            self._whole.add(name)
        try:
            yield self.folder / name
        except FindingsError:
            raise
        except Exception as error:  # Parsers of damaged bytes raise what they like, from BadZipFile to AttributeError.
            raise self._damage(name, f"cannot be read: {type(error).__name__}: {error}") from error

    def table(self, name: str, *, texts: Sequence[str] = ()) -> pd.DataFrame:
        """A table; the columns `texts` stay text, and only an empty cell has no value: "NA" may be a name."""
        with self.reading(name) as path:
            return pd.read_csv(path, dtype=dict.fromkeys(texts, str), keep_default_na=False, na_values=[""])

    def fields(self, name: str) -> Fields:
        """A JSON object."""
        with self.reading(name) as path:
            return Fields.read(path, error=FindingsError, remedy=self.remedy)

    def _check_size(self, name: str, known: Mapping[str, Any], place: str) -> None:
        try:
            size = os.stat(place + name).st_size  # a sweep's start asks this a hundred thousand times
        except OSError as error:
            raise self._damage(name, f"cannot be read: {error.strerror}") from error
        if size != known["bytes"]:
            raise self._damage(name, f"has {size:,} bytes, where {known['bytes']:,} were written")

    def _check_digest(self, name: str, known: Mapping[str, Any]) -> None:
        try:
            digest = file_digest(self.folder / name)
        except OSError as error:
            raise self._damage(name, f"cannot be read: {error.strerror}") from error
        if digest != known["sha256"]:
            raise self._damage(name, f"was changed after it was written, as its digest in {RECORD} shows")

    def _damage(self, name: str, problem: str) -> FindingsError:
        return FindingsError(f"{self.folder / name} {problem}; {self.remedy}")
