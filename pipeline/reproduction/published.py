"""The registry of published settings: what was run, on what, what came out, and who says so. Read from its files.

A file of `settings/` holds one publication. What its `[[settings]]` have in common stands at its top: tables are joined
key by key, and `values` puts its numbers into the `[[expected]]` of the same key.
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from treeprobe.errors import TreeprobeError
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.options import Options
from treeprobe.records import Fields

REMEDY = "correct the file, or install treeprobe again"
JOINED = ("checkpoint", "treebank", "options", "where")
"""Tables of a setting that are joined with those at the top of the file."""
Cell = str | int | bool


class ReproductionError(TreeprobeError, ValueError):
    """A published setting that there is not, that cannot be read, or that was given something else than it needs."""


@dataclass(frozen=True)
class PublishedCheckpoint:
    """The checkpoint of a setting: where it is found, its shape, and the digest of its weights where it is known.

    `embedded` is true for the one that comes as a package of its own.
    """

    hub: str
    blocks: int
    dim: int
    heads: int | None = None
    digest: str | None = None
    embedded: bool = False


@dataclass(frozen=True)
class PublishedTreebank:
    """The treebank of a setting.

    Attributes:
        name: what it is, in words; `ud`: its name in Universal Dependencies, by which it is fetched, several with
            commas between; None for one that only its owners may give away.
        needs: the splits that the setting reads.
        sentences, digests: of splits, as far as they are known.
    """

    name: str
    needs: tuple[Split, ...]
    ud: str | None
    sentences: Mapping[str, int]
    digests: Mapping[str, str]


@dataclass(frozen=True)
class Expected:
    """A published number, and where the analysis has its own: the mean of a column over the rows of a table.

    Attributes:
        where: the cells by which rows are chosen.
        average: "sentences" for the mean of the scores of sentences, where the table's is over edges of all.
        value: None where the publication has a number that could not be checked, so that ours is only reported.
        n: how many edges or words the publication counts, where it says so.
    """

    what: str
    where: Mapping[str, Cell]
    table: str = "scores"
    column: str = "value"
    average: str | None = None
    value: float | None = None
    tolerance: float = 0.0
    n: int | None = None


@dataclass(frozen=True)
class PublishedSetting:
    """A setting of a publication.

    Attributes:
        source, url, checked: where its numbers are from, and what they were compared with.
        tolerance: why the tolerances of its numbers are what they are.
        differs: what is done otherwise here, whatever is given.
    """

    name: str
    title: str
    source: str
    url: str
    checked: str
    analysis: str
    tolerance: str
    differs: tuple[str, ...]
    checkpoint: PublishedCheckpoint
    treebank: PublishedTreebank
    options: Options
    expected: tuple[Expected, ...]


@cache
def published_settings() -> Mapping[str, PublishedSetting]:
    """Every setting of the registry, by its name. Raises ReproductionError for a file that is not as it must be."""
    folder = Path(str(files("treeprobe.pipeline.reproduction") / "settings"))
    found: dict[str, PublishedSetting] = {}
    for path in sorted(folder.glob("*.toml")):
        for setting in read_settings(path):
            if setting.name in found:
                raise ReproductionError(f"{path}: a second setting called {setting.name}; {REMEDY}")
            found[setting.name] = setting
    return found


def find_setting(name: str) -> PublishedSetting:
    """The setting of a name. Raises ReproductionError with the nearest names where there is none."""
    known = published_settings()
    if name in known:
        return known[name]
    near = [one for one in known if name and name in one][:3] or difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise ReproductionError(f"no published setting is called {name}; {hint}`treeprobe reproduce --list` names all")


def read_settings(path: Path) -> Iterator[PublishedSetting]:
    """The settings of a file. Raises ReproductionError that names what is missing or is not what it must be."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReproductionError(f"{path} cannot be read: {error}; {REMEDY}") from error
    for own in Fields(path, content, ReproductionError, REMEDY).parts("settings"):
        joined = {key: {**content.get(key, {}), **own.content.get(key, {})} for key in JOINED}
        whole = {**content, **own.content, **joined}
        yield _setting(Fields(path, whole, ReproductionError, REMEDY, own.within))


def _setting(own: Fields) -> PublishedSetting:
    """A setting, each field checked."""
    return PublishedSetting(
        name=own.text("name"),
        title=own.text("title"),
        source=own.text("source"),
        url=own.text("url"),
        checked=own.text("checked"),
        analysis=own.text("analysis"),
        tolerance=own.text("tolerance"),
        differs=tuple(map(str, own.items("differs"))),
        checkpoint=_checkpoint(own.part("checkpoint")),
        treebank=_treebank(own.part("treebank")),
        options=_options(own.part("options")),
        expected=tuple(_expected(one, own) for one in own.parts("expected")),
    )


def _checkpoint(own: Fields) -> PublishedCheckpoint:
    _check_names(own, PublishedCheckpoint)
    return PublishedCheckpoint(
        hub=own.text("hub"),
        blocks=own.integer("blocks", least=1),
        dim=own.integer("dim", least=1),
        heads=own.integer("heads", least=1) if "heads" in own.content else None,
        digest=own.text("digest") if "digest" in own.content else None,
        embedded=own.flag("embedded") if "embedded" in own.content else False,
    )


def _treebank(own: Fields) -> PublishedTreebank:
    _check_names(own, PublishedTreebank)
    sentences, digests = (own.part(key) if key in own.content else None for key in ("sentences", "digests"))
    return PublishedTreebank(
        name=own.text("name"),
        needs=cast(tuple[Split, ...], tuple(map(str, own.items("needs")))),
        ud=own.text("ud") if "ud" in own.content else None,
        sentences={} if sentences is None else {key: sentences.integer(key) for key in sentences.content},
        digests={} if digests is None else {key: digests.text(key) for key in digests.content},
    )


def _options(own: Fields) -> Options:
    _check_names(own, Options)
    try:
        return Options(**own.content)
    except TreeprobeError as error:
        raise ReproductionError(f"{own.path}: {own.within}{error}; {REMEDY}") from error


def _expected(own: Fields, setting: Fields) -> Expected:
    """A number, with the cells that the setting adds, and the value that the setting has of its key."""
    content = {key: value for key, value in own.content.items() if key != "key"}
    values: Mapping[str, Any] = setting.content.get("values", {})
    if own.content.get("key") in values:
        content["value"] = values[own.content["key"]]
    whole = Fields(own.path, content, own.error, own.remedy, own.within)
    _check_names(whole, Expected)
    return Expected(
        what=whole.text("what"),
        where={**setting.content["where"], **whole.part("where").content},
        table=whole.text("table") if "table" in content else Expected.table,
        column=whole.text("column") if "column" in content else Expected.column,
        average=whole.text("average") if "average" in content else None,
        value=whole.number("value") if "value" in content else None,
        tolerance=whole.number("tolerance") if "tolerance" in content else Expected.tolerance,
        n=whole.integer("n") if "n" in content else None,
    )


def _check_names(own: Fields, kind: type) -> None:
    """Refuse fields that there are not."""
    known: Sequence[str] = [field.name for field in fields(kind)]
    if unknown := sorted(set(own.content) - set(known)):
        raise own.error(
            f"{own.path}: {own.within}{unknown[0]}: there is no such field; expected some of {', '.join(known)}; "
            f"{own.remedy}"
        )
