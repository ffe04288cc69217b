"""GLUE and SQuAD are read as they are published, and whatever is otherwise is refused by file, line and columns."""

import json
import re
from pathlib import Path

import pytest

from tests.training.finetuning.published import GLUE_FILES, squad_content, write_glue, write_squad
from treeprobe.training.finetuning import (
    GLUE,
    BrokenLines,
    FinetuningError,
    GlueTask,
    Span,
    TaskFileError,
    glue_task,
    read_squad,
    squad_task,
)

TASKS = {task.name: task for task in GLUE}


@pytest.mark.filterwarnings("ignore::treeprobe.training.finetuning.BrokenLines")
@pytest.mark.filterwarnings("ignore::treeprobe.training.finetuning.UnseenLabels")
@pytest.mark.parametrize("published", GLUE, ids=lambda task: task.name)
def test_every_task_of_glue_is_read_as_published(published: GlueTask, tmp_path: Path) -> None:
    task = glue_task(published, write_glue(tmp_path))
    assert len(task.train) == 2
    assert len(task.held_out) == len(task.unlabelled) == (2 if published.name == "mnli" else 1)
    for examples in (task.train, *task.held_out.values(), *task.unlabelled.values()):
        for one in examples:
            assert one.first
            assert (one.second is None) == (published.name in ("cola", "sst2"))
    assert all(one.label is not None for one in task.train)
    assert all(one.label is None for examples in task.unlabelled.values() for one in examples)
    assert set(task.sources) == {f"{name}.tsv" for name in GLUE_FILES[published.folder]}
    alone = glue_task(published, tmp_path / published.folder)
    assert alone.train == task.train


@pytest.mark.filterwarnings("ignore::treeprobe.training.finetuning.UnseenLabels")
def test_the_quirks_of_each_task(tmp_path: Path) -> None:
    folder = write_glue(tmp_path)
    cola = glue_task(TASKS["cola"], folder)
    assert (cola.train[1].first, cola.train[1].label) == ("They drank the pub.", "0")
    assert cola.held_out["dev"][1].first == 'The "box contained.'
    mrpc = glue_task(TASKS["mrpc"], folder)
    assert (mrpc.train[0].first, mrpc.train[0].second) == ('Amrozi "the witness".', 'Referring to "him.')
    assert mrpc.train[1].second == "Yucaipa bought it."
    assert glue_task(TASKS["stsb"], folder).train[1].label == 3.8
    with pytest.warns(BrokenLines, match=r"1 lines .*QQP/train.tsv, line 3"):
        assert [one.label for one in glue_task(TASKS["qqp"], folder).train] == ["0", "1"]
    mnli = glue_task(TASKS["mnli"], folder)
    assert [len(examples) for examples in mnli.held_out.values()] == [1, 1], "no consensus, no label"
    assert mnli.held_out["dev_mismatched"][0].label == "contradiction"
    assert [metric.name for metric in cola.metrics] == ["matthews", "accuracy"]
    assert [metric.name for metric in mrpc.metrics] == ["f1", "accuracy"]


@pytest.mark.parametrize(
    ("name", "file", "text", "message"),
    [
        ("rte", "train", "id\tpremise\tlabel\n", r"RTE/train.tsv, line 1: found the columns id \| premise \| label; "
         r"expected index \| sentence1 \| sentence2 \| label"),
        ("rte", "train", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n1\ta\tb\n",
         r"line 3: found 3 cells, 1 \| a \| b; expected 4: index \| sentence1"),
        ("rte", "dev", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tmaybe\n", r"dev.tsv, line 2: label is 'maybe'; "
         "expected one of entailment, not_entailment"),
        ("rte", "dev", "index\tsentence1\tsentence2\tlabel\n", "holds no examples of rte"),
        ("cola", "train", "sentence\tlabel\nA cat.\t1\n", r"CoLA/train.tsv, line 1: found 2 cells, sentence \| label; "
         r"expected 4: source \| label \| mark \| sentence"),
        ("stsb", "train", GLUE_FILES["STS-B"]["train"].replace("3.800", "high"), "line 3: score is .high.; expected"),
    ],
)  # fmt: skip
def test_another_format_is_refused(name: str, file: str, text: str, message: str, tmp_path: Path) -> None:
    (write_glue(tmp_path) / TASKS[name].folder / f"{file}.tsv").write_text(text)
    with pytest.raises(TaskFileError, match=message):
        glue_task(TASKS[name], tmp_path)


def test_a_missing_file_and_one_class_are_refused(tmp_path: Path) -> None:
    folder = write_glue(tmp_path)
    (folder / "RTE" / "train.tsv").write_text("index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n")
    with pytest.raises(FinetuningError, match="all 1 training labels are 'entailment'; expected at least two classes"):
        glue_task(TASKS["rte"], folder)
    (folder / "RTE" / "train.tsv").unlink()
    with pytest.raises(TaskFileError, match=r"RTE/train.tsv: cannot be read.*No such file"):
        glue_task(TASKS["rte"], folder)


def test_squad_is_read_as_published(tmp_path: Path) -> None:
    task = squad_task(write_squad(tmp_path))
    assert len(task.train) == len(task.held_out["dev"]) == 18
    first = task.train[0]
    assert first.answers == (Span("the cat", 5), Span("cat", 9))
    assert (first.identifier, first.document) == ("q0", "Article_0")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file["data"][0]["paragraphs"][0]["qas"][0]["answers"][0].update(answer_start=3),
         r"data\[0\].paragraphs\[0\].qas\[0\].answers\[0\] is 'cat' at character 3; the context has ' ca' there"),
        (lambda file: file["data"][0]["paragraphs"][0]["qas"][0].update(answers=[]),
         r"data\[0\].paragraphs\[0\].qas\[0\] has no answers"),
        (lambda file: file["data"][0].pop("paragraphs"),
         r"data\[0\] has the fields title; expected paragraphs \(list\)"),
        (lambda file: file.update(data=[]), "holds no questions"),
    ],
)  # fmt: skip
def test_another_form_of_squad_is_refused(change: object, message: str, tmp_path: Path) -> None:
    content = squad_content([("what ?", "the cat", ["cat"])])
    change(content)
    path = tmp_path / "file.json"
    path.write_text(json.dumps(content))
    with pytest.raises(TaskFileError, match=re.escape(str(path)) + ".*" + message):
        read_squad(path)
    path.write_text("question,answer")
    with pytest.raises(TaskFileError, match="cannot be read as JSON"):
        read_squad(path)
