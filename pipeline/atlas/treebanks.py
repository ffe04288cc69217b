"""Which treebanks an atlas is about: UD names, folders and lists; those that cannot be read are named."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

from treeprobe.parsing import TreebankError
from treeprobe.pipeline.results.file_names import file_name, same_file
from treeprobe.pipeline.subjects.subject import Sources
from treeprobe.pipeline.subjects.treebanks import Splits, list_lines, splits_of, splits_of_line


@dataclass(frozen=True)
class Languages:
    """The treebanks of an atlas, one a language.

    Attributes:
        treebanks: those that can be read, in the order in which they were named.
        left_out: why each of the others cannot, by what it was called.
    """

    treebanks: tuple[Splits, ...]
    left_out: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """What tables call those that can be read."""
        return tuple(splits.name for splits in self.treebanks)


def find_languages(languages: Sequence[str], *, max_sentences: int | None = None) -> Languages:
    """The treebanks of some languages, each read once, so that one that cannot be is left out before any work.

    Args:
        languages: each a UD name such as `en_ewt`, a folder with a train and a dev split, `NAME=` before either, or a
            file that lists treebanks, `NAME TRAIN DEV [TEST]` a line.
        max_sentences: as in `Sources`.
    """
    found: dict[str, list[tuple[str, Splits]]] = {}
    left_out: dict[str, str] = {}
    for called, looked_up in _each(languages):
        try:
            splits = looked_up()
            files = {"train": splits.train, "dev": splits.dev, "test": splits.test}
            Sources(model="", max_sentences=max_sentences, **files).read()  # type: ignore[arg-type]
        except TreebankError as error:
            left_out[called] = str(error)
            continue
        found.setdefault(same_file(file_name(splits.name)), []).append((called, splits))
    for same in found.values():
        if len(same) > 1:
            told = ", ".join(str(splits.train) for _, splits in same)
            left_out |= {
                f"{splits.name} ({called})": f"{len(same)} treebanks are called {splits.name} ({told}); expected names "
                "that tell them apart: NAME=TREEBANK"
                for called, splits in same
            }
    return Languages(tuple(same[0][1] for same in found.values() if len(same) == 1), left_out)


def _each(languages: Sequence[str]) -> Iterator[tuple[str, Callable[[], Splits]]]:
    """What each language is called in messages, and what looks up its files; a list stands for its lines."""
    for text in dict.fromkeys(languages):
        path = Path(text).expanduser()
        if not path.is_file() or path.suffix == ".conllu":
            yield text, partial(_splits_of, text)
            continue
        try:
            lines = list(list_lines(path))
        except TreebankError as error:
            yield text, partial(_refuse, error)
            continue
        for number, cells in lines:
            yield f"{cells[0]}, line {number} of {text}", partial(splits_of_line, path, number, cells)


def _splits_of(text: str) -> Splits:
    """The splits of a UD name or a folder, which may have `NAME=` before it. Raises TreebankError."""
    name, separator, source = text.partition("=")
    if not separator or Path(text).expanduser().exists():
        name, source = "", text
    path = Path(source).expanduser()
    if path.is_file() or path.suffix == ".conllu":
        raise TreebankError(
            f"{source}: one file; expected a UD name, a folder with files *-train.conllu and *-dev.conllu, or a list "
            "of lines NAME TRAIN DEV [TEST]"
        )
    # Every treebank of Universal Dependencies has a test split; a folder of one's own need not.
    tested = not path.is_dir() or any(path.glob("*-test.conllu"))
    place = path if path.is_dir() else source
    return splits_of(place, place, place if tested else None, name=name or None)


def _refuse(error: TreebankError) -> NoReturn:
    raise error
