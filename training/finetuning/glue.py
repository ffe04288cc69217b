"""The nine tasks of GLUE (Wang et al. 2019) from the files that its authors publish.

Each task has its own columns. CoLA's labelled files have no header; MRPC's begin with a byte-order mark, and quotation
marks in them are text; some lines of QQP are broken and left out, with a warning; MNLI has two files each to score on
and to predict; the labels of test files are not published, and what is predicted for them is saved.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treeprobe.digests import file_digest
from treeprobe.training.finetuning.examples import TextExample
from treeprobe.training.finetuning.metrics import ACCURACY, MATTHEWS, PEARSON, SPEARMAN, Metric, f1_of
from treeprobe.training.finetuning.options import TaskFileError
from treeprobe.training.finetuning.shape import Shape
from treeprobe.training.finetuning.tables import read_rows
from treeprobe.training.finetuning.task import AnyTask, Task, seen_labels
from treeprobe.training.finetuning.texts import TextClasses, TextNumbers

_MNLI = (
    "index", "promptID", "pairID", "genre", "sentence1_binary_parse", "sentence2_binary_parse", "sentence1_parse",
    "sentence2_parse", "sentence1", "sentence2",
)  # fmt: skip
_STSB = ("index", "genre", "filename", "year", "old_index", "source1", "source2", "sentence1", "sentence2")
_MRPC = ("#1 ID", "#2 ID", "#1 String", "#2 String")
_NO_CONSENSUS = "-"


class BrokenLines(UserWarning):
    """Lines of a published file that have too few or too many cells and were left out."""


@dataclass(frozen=True)
class GlueTask:
    """How a task of GLUE is published.

    Attributes:
        name: what commands call it.
        folder: its folder in the published archive.
        columns: of the training file.
        test_columns: of the test files.
        texts: the columns of the text, or of the two texts.
        label: the column of the label.
        labels: the classes; empty where labels are numbers.
        metrics: the benchmark's own, the headline first.
        dev, test: the files beside `train.tsv`, without their ending.
        dev_columns: of the files to score on, where they are others than those of the training file.
        header: whether training and development files name their columns.
        broken: whether the published files have broken lines.
    """

    name: str
    folder: str
    columns: tuple[str, ...]
    test_columns: tuple[str, ...]
    texts: tuple[str, ...]
    label: str
    labels: tuple[str, ...]
    metrics: tuple[Metric[Any, Any], ...] = (ACCURACY,)
    dev: tuple[str, ...] = ("dev",)
    test: tuple[str, ...] = ("test",)
    dev_columns: tuple[str, ...] | None = None
    header: bool = True
    broken: bool = False


_ENTAILMENT = ("entailment", "not_entailment")
_PAIR = ("sentence1", "sentence2")
_INDEXED = ("index", *_PAIR)

GLUE = (
    GlueTask(
        "cola", "CoLA", ("source", "label", "mark", "sentence"), ("index", "sentence"), ("sentence",), "label",
        ("0", "1"), (MATTHEWS, ACCURACY), header=False,
    ),
    GlueTask("sst2", "SST-2", ("sentence", "label"), ("index", "sentence"), ("sentence",), "label", ("0", "1")),
    GlueTask(
        "mrpc", "MRPC", ("Quality", *_MRPC), ("index", *_MRPC), ("#1 String", "#2 String"), "Quality", ("0", "1"),
        (f1_of("1"), ACCURACY),
    ),
    GlueTask("stsb", "STS-B", (*_STSB, "score"), _STSB, _PAIR, "score", (), (PEARSON, SPEARMAN)),
    GlueTask(
        "qqp", "QQP", ("id", "qid1", "qid2", "question1", "question2", "is_duplicate"),
        ("id", "question1", "question2"), ("question1", "question2"), "is_duplicate", ("0", "1"),
        (f1_of("1"), ACCURACY), broken=True,
    ),
    GlueTask(
        "mnli", "MNLI", (*_MNLI, "label1", "gold_label"), _MNLI, _PAIR, "gold_label",
        ("contradiction", "entailment", "neutral"), dev=("dev_matched", "dev_mismatched"),
        test=("test_matched", "test_mismatched"),
        dev_columns=(*_MNLI, "label1", "label2", "label3", "label4", "label5", "gold_label"),
    ),
    GlueTask(
        "qnli", "QNLI", ("index", "question", "sentence", "label"), ("index", "question", "sentence"),
        ("question", "sentence"), "label", _ENTAILMENT,
    ),
    GlueTask("rte", "RTE", (*_INDEXED, "label"), _INDEXED, _PAIR, "label", _ENTAILMENT),
    GlueTask("wnli", "WNLI", (*_INDEXED, "label"), _INDEXED, _PAIR, "label", ("0", "1")),
)  # fmt: skip
"""The tasks, in the order of the benchmark's table."""


def glue_task(published: GlueTask, folder: str | Path) -> AnyTask:
    """A task of GLUE from its published files.

    Args:
        published: one of `GLUE`.
        folder: the task's folder, with `train.tsv`, the files to score on and, if there are any, those to predict; or
            the folder of all tasks.

    Raises:
        TaskFileError: a file is missing or not in its published format; file, line, what was found and expected.
        FinetuningError: all training labels are one class.
    """
    folder = Path(folder)
    if (folder / published.folder).is_dir():
        folder = folder / published.folder
    train = _read(folder / "train.tsv", published, published.columns)
    columns = published.dev_columns or published.columns
    held_out = {name: _read(folder / f"{name}.tsv", published, columns) for name in published.dev}
    present = [name for name in published.test if (folder / f"{name}.tsv").exists()]
    unlabelled = {name: _read(folder / f"{name}.tsv", published, published.test_columns) for name in present}
    shape: Shape[TextExample, Any] = TextClasses(published.labels) if published.labels else TextNumbers()
    if published.labels:
        seen_labels(published.name, _labels({"train": train, **held_out}))
    sources = {f"{name}.tsv": file_digest(folder / f"{name}.tsv") for name in ("train", *held_out, *unlabelled)}
    return Task(published.name, shape, published.metrics, train, held_out, unlabelled, sources)


def _labels(splits: dict[str, list[TextExample]]) -> dict[str, list[str]]:
    """Every label of each split."""
    return {name: [str(one.label) for one in examples] for name, examples in splits.items()}


def _read(path: Path, published: GlueTask, columns: Sequence[str]) -> list[TextExample]:
    """The examples of a file; without labels where `columns` has none."""
    header = published.header or columns == published.test_columns
    broken: list[str] | None = [] if published.broken else None
    found = list(_examples(path, published, columns, header=header, broken=broken))
    if not found:
        raise TaskFileError(f"{path}: holds no examples of {published.name}")
    if broken:
        warnings.warn(
            f"{len(broken)} lines have another number of cells than {len(columns)} and were left out, the first of "
            f"them {broken[0]}",
            BrokenLines,
            stacklevel=4,
        )
    return found


def _examples(
    path: Path, published: GlueTask, columns: Sequence[str], *, header: bool, broken: list[str] | None
) -> Iterator[TextExample]:
    for row in read_rows(path, columns, header=header, broken=broken):
        first, *second = (row.cells[column].strip() for column in published.texts)
        label = row.cells.get(published.label)
        if label == _NO_CONSENSUS:
            continue
        yield TextExample(first, second[0] if second else None, _label(label, published, row.place))


def _label(cell: str | None, published: GlueTask, place: str) -> str | float | None:
    """A label as it is trained on; TaskFileError where it is none of the task's."""
    if cell is None or cell in published.labels:
        return cell
    if published.labels:
        expected = ", ".join(published.labels)
        raise TaskFileError(f"{place}: {published.label} is {cell!r}; expected one of {expected}")
    try:
        return float(cell)
    except ValueError as error:
        raise TaskFileError(f"{place}: {published.label} is {cell!r}; expected a number") from error
