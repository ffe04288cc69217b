"""Fine-tuning learns what can be learnt, the same again with the same seed, and leaves nothing half-written."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.training.finetuning.published import write_glue, write_squad
from treeprobe.errors import OutputError
from treeprobe.extraction import Encoder
from treeprobe.parsing import Sentence
from treeprobe.training import PretrainingOptions, pretrain
from treeprobe.training.finetuning import (
    GLUE,
    ContextSpans,
    FinetuningError,
    FinetuningOptions,
    Span,
    SpanExample,
    UnseenLabels,
    finetune,
    genre_task,
    glue_task,
    next_sentence_task,
    squad_task,
    subject_span_task,
    upos_task,
)
from treeprobe.training.finetuning.folder import RunFolder
from treeprobe.training.optimizing import TrainingLoop

Splits = dict[str, list[Sentence]]


class CutOff(BaseException):
    """What ends a run in its middle."""


QUICK = FinetuningOptions(steps=40, batch_size=16, learning_rate=2e-2, save_steps=(0, 10), evaluations=2)


def test_words_are_tagged_and_steps_are_checkpoints_of_their_own(splits: Splits, tiny: Path, tmp_path: Path) -> None:
    found = finetune(upos_task(splits), tiny, tmp_path / "upos", options=QUICK, progress=False)
    assert list(found.checkpoints) == [0, 10, 40]
    assert found.checkpoint == tmp_path / "upos" / "step-40"
    [row] = found.scores[found.scores["system"] == "model"].to_dict("records")
    assert row["value"] > 0.95
    assert row["low"] <= row["value"] <= row["high"]
    assert row["n"] == 12 * 4 * 6
    by_step = dict(zip(found.by_step["step"], found.by_step["value"]))
    assert list(by_step) == [0, 10, 20, 40]
    assert by_step[40] > by_step[0] + 0.3
    encoders = [Encoder.from_pretrained(folder) for folder in (tiny, *found.checkpoints.values())]
    assert encoders[0].digest == encoders[1].digest, "step 0 is the model that was given"
    assert len({encoder.digest for encoder in encoders}) == 3
    record = json.loads((tmp_path / "upos" / "finetuning.json").read_text())
    assert record["finished"]
    assert len(record["losses"]) == 40


def test_documents_have_a_genre(splits: Splits, tiny: Path, tmp_path: Path) -> None:
    found = finetune(genre_task(splits), tiny, tmp_path / "genre", options=QUICK, progress=False)
    [row] = found.scores[found.scores["system"] == "model"].to_dict("records")
    assert (row["value"], row["n"], row["resampled"]) == (1.0, 12, "documents")


def test_one_seed_one_checkpoint_whatever_the_callers_random_state(splits: Splits, tiny: Path, tmp_path: Path) -> None:
    digests, losses = [], []
    for number, seed in enumerate((1, 1, 2)):
        torch.manual_seed(number)
        state = torch.get_rng_state()
        options = FinetuningOptions(steps=3, batch_size=8, seed=seed)
        found = finetune(next_sentence_task(splits), tiny, tmp_path / str(number), options=options, progress=False)
        assert torch.equal(torch.get_rng_state(), state)
        digests.append(Encoder.from_pretrained(found.checkpoint).digest)
        losses.append(found.losses)
    assert digests[0] == digests[1] != digests[2]
    assert losses[0] == losses[1] != losses[2]


def test_random_weights_are_the_twin_of_the_architecture(splits: Splits, tiny: Path, tmp_path: Path) -> None:
    options = FinetuningOptions(steps=1, save_steps=(0,), random_weights=True, seed=3)
    found = finetune(upos_task(splits), tiny, tmp_path / "twin", options=options, progress=False)
    given, twin = Encoder.from_pretrained(tiny), Encoder.from_pretrained(found.checkpoints[0])
    assert given.digest != twin.digest
    assert {name: value.shape for name, value in given.model.named_parameters() if "pooler" not in name} == {
        name: value.shape for name, value in twin.model.named_parameters() if "pooler" not in name
    }


def test_pairs_follow_each_other_half_of_the_time(splits: Splits) -> None:
    task = next_sentence_task(splits)
    texts = [sentence.text for sentence in splits["dev"]]
    assert len(task.held_out["dev"]) == 12 * 3
    follows = [one for one in task.held_out["dev"] if one.label == "follows"]
    for one in follows:
        assert any(texts[i : i + 2] == [one.first, one.second] for i in range(len(texts) - 1))
    share = np.mean([one.label == "follows" for one in task.train])
    assert 0.3 < share < 0.7


def test_a_failed_save_keeps_the_checkpoints_before_it(
    splits: Splits, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    saved = []

    def fail_at_last(model: object, tokenizer: object, folder: Path) -> None:
        (folder / "half").write_text("half")
        saved.append(folder)
        if len(saved) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("treeprobe.training.finetuning.folder.save_checkpoint", fail_at_last)
    with pytest.raises(OutputError, match=r"step-40.*No space left.*complete checkpoints in .*: step-0, step-10"):
        finetune(upos_task(splits), tiny, out, options=QUICK, progress=False)
    assert {path.name for path in out.glob("[!.]*")} == {"finetuning.json", "step-0", "step-10"}
    assert not json.loads((out / "finetuning.json").read_text())["finished"]


@pytest.mark.parametrize("looks", [1, 2, 3, 4])
def test_one_that_was_cut_off_goes_on_to_the_same_checkpoints(
    looks: int, splits: Splits, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, saved = upos_task(splits), RunFolder.save_state
    config = json.loads((tiny / "config.json").read_text())
    dropping = shutil.copytree(tiny, tmp_path / "dropping")
    (dropping / "config.json").write_text(json.dumps({**config, "hidden_dropout_prob": 0.2}))
    unbroken = finetune(task, dropping, tmp_path / "unbroken", options=QUICK, progress=False)
    steps: list[int] = []

    def cut(folder: RunFolder, loop: TrainingLoop, notes: object) -> None:
        saved(folder, loop, notes)
        steps.append(loop.step)
        if len(steps) == looks:
            raise CutOff

    with monkeypatch.context() as patch, pytest.raises(CutOff):
        patch.setattr(RunFolder, "save_state", cut)
        finetune(task, dropping, tmp_path / "broken", options=QUICK, progress=False)
    assert steps == [0, 10, 20, 40][:looks]
    broken = finetune(task, dropping, tmp_path / "broken", options=QUICK, progress=False)
    assert broken.losses == unbroken.losses
    assert broken.predictions == unbroken.predictions
    pd.testing.assert_frame_equal(broken.by_step, unbroken.by_step)
    for name in ("finetuning.json", "scores.csv", *(f"step-{step}/model.safetensors" for step in (0, 10, 40))):
        assert (broken.folder / name).read_bytes() == (unbroken.folder / name).read_bytes(), name
    assert not broken.folder.joinpath(".training-state.safetensors").exists()


def test_a_finished_run_is_read_and_one_of_something_else_refused(
    splits: Splits, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    made = finetune(upos_task(splits), tiny, out, options=QUICK, progress=False)
    with pytest.raises(FinetuningError, match="fine-tuning with seed=0, expected seed=1"):
        finetune(upos_task(splits), tiny, out, options=replace(QUICK, seed=1), progress=False)
    with pytest.raises(FinetuningError, match="examples_sha256"):
        others = {**splits, "train": splits["train"][::-1]}
        finetune(upos_task(others), tiny, out, options=QUICK, progress=False)
    monkeypatch.setattr(TrainingLoop, "run", lambda *_: pytest.fail("it trains again"))
    read = finetune(upos_task(splits), tiny, out, options=QUICK, progress=False)
    assert (read.checkpoints, read.losses, read.predictions) == (made.checkpoints, made.losses, made.predictions)
    pd.testing.assert_frame_equal(read.scores, made.scores)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("mine")
    with pytest.raises(FinetuningError, match="other files"):
        finetune(upos_task(splits), tiny, tmp_path / "other", options=QUICK, progress=False)


def test_what_cannot_be_trained_is_refused(splits: Splits, tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(FinetuningError, match="expected steps from 0 to 5"):
        options = FinetuningOptions(steps=5, save_steps=(9,))
        finetune(upos_task(splits), tiny, tmp_path / "out", options=options, progress=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("bilstm", [False, True])
def test_left_to_right_models_classify_by_what_has_seen_the_text(bilstm: bool, splits: Splits, tmp_path: Path) -> None:
    """The genre's word is the last of each text, where [CLS] of a left-to-right model never looks."""
    options = PretrainingOptions(
        layers=1, dim=16, heads=2, max_subwords=64, steps=1, save_steps=(0,), left_to_right=True, next_sentence=False,
        vocabulary_size=200, bilstm=bilstm,
    )  # fmt: skip
    model = pretrain(splits["train"], tmp_path / "model", options=options, progress=False) / "step-0"
    found = finetune(genre_task(splits), model, tmp_path / "genre", options=QUICK, progress=False)
    assert found.scores["value"][0] == 1.0
    tagged = finetune(upos_task(splits), model, tmp_path / "upos", options=QUICK, progress=False)
    assert tagged.scores["value"][0] > 0.95
    spans = finetune(subject_span_task(splits), model, tmp_path / "span", options=QUICK, progress=False)
    assert len(spans.losses) == 40
    assert Encoder.from_pretrained(tagged.checkpoint).digest != Encoder.from_pretrained(model).digest


def test_spans_of_subjects_are_found(splits: Splits, tiny: Path, tmp_path: Path) -> None:
    options = FinetuningOptions(steps=120, batch_size=16, learning_rate=2e-2, evaluations=1)
    found = finetune(subject_span_task(splits), tiny, tmp_path / "span", options=options, progress=False)
    values = dict(zip(found.scores["metric"], found.scores["value"]))
    assert values["exact_match"] > 0.9


def test_long_contexts_are_read_in_windows(tiny: Path) -> None:
    tokenizer = Encoder.from_pretrained(tiny).tokenizer
    context = " ".join(["the cat runs"] * 20 + ["a dog sees"])
    example = SpanExample("sees", context, (Span("a dog", context.index("a dog")),))
    shape = ContextSpans()
    encoded = shape.encode([example], tokenizer, max_subwords=24)
    assert len(encoded) > 2
    assert max(len(one.inputs["input_ids"]) for one in encoded) <= 24
    answered = [one for one in encoded if one.inputs["end_positions"] > 0]
    assert 0 < len(answered) < len(encoded)
    logits = []
    for one in encoded:
        start, end = np.zeros((2, 30), np.float32)
        start[one.inputs["start_positions"]] = end[one.inputs["end_positions"]] = 5
        logits.append((start, end))
    assert shape.decode([example], encoded, logits) == [example.answers[0]]


def test_published_tasks_are_trained_and_unpublished_labels_predicted(tiny: Path, tmp_path: Path) -> None:
    glue, squad = write_glue(tmp_path / "glue"), write_squad(tmp_path / "squad")
    options = FinetuningOptions(steps=2, batch_size=2, evaluations=1)
    tasks = {task.name: task for task in GLUE}
    with pytest.warns(UnseenLabels):
        mnli = finetune(glue_task(tasks["mnli"], glue), tiny, tmp_path / "mnli", options=options, progress=False)
    assert set(mnli.scores["split"]) == {"dev_matched", "dev_mismatched"}
    lines = (tmp_path / "mnli" / "predictions-test_matched.tsv").read_text().splitlines()
    assert lines[0] == "index\tprediction"
    assert lines[1].split("\t")[1] in ("contradiction", "entailment", "neutral")
    stsb = finetune(glue_task(tasks["stsb"], glue), tiny, tmp_path / "stsb", options=options, progress=False)
    assert list(stsb.scores["metric"][:2]) == ["pearson", "spearman"]
    found = finetune(squad_task(squad), tiny, tmp_path / "out", options=options, progress=False)
    assert set(found.scores["system"]) == {"model", "majority", "bag of words"}
