"""JSON records that this library writes and reads back: sealed by a digest of their content, checked field by field."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never, Self, TypeGuard

from treeprobe.digests import json_digest
from treeprobe.errors import TreeprobeError

SEAL = "digest"
"""The field of a record that holds the SHA-256 of all others."""
_SHOWN = 60


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """A record with its seal, as plain JSON types; what JSON does not know, such as a path, becomes text."""
    plain = json.loads(json.dumps(content, default=str)) | {SEAL: None}
    return plain | {SEAL: json_digest(plain)}


@dataclass(frozen=True)
class Fields:
    """The fields of a record, each given out as what it is expected to be, or refused by an error that names it.

    Attributes:
        path: the file that was read.
        content: the JSON object in it, or one within that.
        error: what is raised.
        remedy: what to do about a damaged file, as the end of each message.
        within: where `content` stands in the file: "" for all of it, "files." for what its field `files` holds.
    """

    path: Path
    content: Mapping[str, Any]
    error: type[TreeprobeError]
    remedy: str
    within: str = ""

    @classmethod
    def read(cls, path: Path, *, error: type[TreeprobeError], remedy: str) -> Self:
        """The fields of a JSON file.

        Raises:
            FileNotFoundError, NotADirectoryError: there is no such file.
            error: it cannot be read, holds no JSON object, or its content is not what its seal says. A record without
                a seal, as earlier versions wrote them, is taken as it is.
        """
        try:
            with open(path, encoding="utf-8") as file:
                content = json.loads(file.read())
        except (FileNotFoundError, NotADirectoryError):
            raise
        except (OSError, ValueError, RecursionError) as reason:
            raise error(f"{path} cannot be read: {reason}; {remedy}") from reason
        if not isinstance(content, dict):
            raise error(f"{path} holds {_shown(content)}, expected a JSON object; {remedy}")
        found = cls(path, content, error, remedy)
        if found.sealed and content[SEAL] != json_digest({**content, SEAL: None}):
            raise error(
                f"{path}: its {SEAL} is not that of its content, so it was changed since it was written; {remedy}"
            )
        return found

    @property
    def sealed(self) -> bool:
        """Whether the record has a seal, which was then compared with its content."""
        return SEAL in self.content

    def text(self, name: str) -> str:
        """A field that holds text."""
        value = self.content.get(name)
        return value if isinstance(value, str) else self.refuse(name, "text")

    def flag(self, name: str) -> bool:
        """A field that holds true or false."""
        value = self.content.get(name)
        return value if isinstance(value, bool) else self.refuse(name, "true or false")

    def integer(self, name: str, *, least: int = 0) -> int:
        """A field that holds an integer of at least `least`."""
        value = self.content.get(name)
        return value if _is_integer(value, least) else self.refuse(name, f"an integer of at least {least}")

    def number(self, name: str) -> float:
        """A field that holds a number."""
        value = self.content.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        return self.refuse(name, "a number")

    def integers(self, name: str, *, least: int = 0) -> tuple[int, ...]:
        """A field that holds a list of integers of at least `least`."""
        values = self.items(name)
        if not all(_is_integer(value, least) for value in values):
            self.refuse(name, f"a list of integers of at least {least}")
        return tuple(values)

    def items(self, name: str) -> list[Any]:
        """A field that holds a list."""
        value = self.content.get(name)
        return value if isinstance(value, list) else self.refuse(name, "a list")

    def part(self, name: str) -> Self:
        """A field that holds an object, as fields of their own."""
        return self._part(name, self.content.get(name))

    def parts(self, name: str) -> list[Self]:
        """A field that holds a list of objects, each as fields of its own."""
        return [self._part(f"{name}[{place}]", item) for place, item in enumerate(self.items(name))]

    def table(self, name: str) -> dict[str, Self]:
        """A field that holds an object of objects, each as fields of its own."""
        part = self.part(name)
        return {key: part.part(key) for key in part.content}

    def refuse(self, name: str, expected: str) -> Never:
        """Raise the error about a field: what was found, and what was expected."""
        found = f"is {_shown(self.content[name])}" if name in self.content else "is missing"
        raise self.error(f"{self.path}: field {self.within}{name} {found}, expected {expected}; {self.remedy}")

    def _part(self, name: str, value: Any) -> Self:
        if not isinstance(value, dict):
            found = "is missing" if value is None else f"is {_shown(value)}"
            raise self.error(f"{self.path}: field {self.within}{name} {found}, expected an object; {self.remedy}")
        return type(self)(self.path, value, self.error, self.remedy, f"{self.within}{name}.")


def _is_integer(value: Any, least: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _shown(value: Any) -> str:
    """A JSON value as it stands in a file, cut short where it is long."""
    text = json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
