"""One encoder with several heads: what is shared is shared, weights weigh, and tasks that are one help each other."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from treeprobe.extraction import Encoder
from treeprobe.parsing import Sentence
from treeprobe.training.finetuning import (
    FinetuningError,
    FinetuningOptions,
    SharingOptions,
    finetune_together,
    genre_task,
    next_sentence_task,
    paired_gains,
    upos_task,
)
from treeprobe.training.finetuning.models import with_head
from treeprobe.training.finetuning.task_models import LEAST_LOSS, TASK, TaskModels, mixed_batches

Splits = dict[str, list[Sentence]]
QUICK = FinetuningOptions(steps=240, batch_size=16, learning_rate=2e-2)
SHORT = FinetuningOptions(steps=6, batch_size=8, learning_rate=1e-2)


def encoder_weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    """The encoder of a checkpoint, without its pooler, which only heads of texts have."""
    state = Encoder.from_pretrained(checkpoint).model.state_dict()
    return {name: values for name, values in state.items() if "pooler" not in name}


def test_one_encoder_learns_words_and_texts(splits: Splits, tiny: Path, tmp_path: Path) -> None:
    tasks = [upos_task(splits), genre_task(splits)]
    found = finetune_together(tasks, tiny, tmp_path / "both", options=QUICK, progress=False)
    values = dict(zip(found.scores["task"], found.scores["value"]))
    assert values["upos"] > 0.95
    assert values["genre"] == 1.0
    upos, genre = (encoder_weights(found.checkpoints[name]) for name in ("upos", "genre"))
    assert upos.keys() == genre.keys()
    assert all(torch.equal(values, genre[name]) for name, values in upos.items())
    assert sum(map(len, found.losses.values())) == 240
    # Genres have 20 passages and parts of speech 80 sentences: one batch in six is of genres.
    assert len(found.losses["upos"]) == 200


def test_soft_sharing_leaves_encoders_of_their_own_the_nearer_the_stronger(
    splits: Splits, tiny: Path, tmp_path: Path
) -> None:
    tasks = [upos_task(splits), genre_task(splits)]
    apart = []
    for strength in (0.0, 30.0, 1e9):
        sharing = SharingOptions("l2", strength)
        out = tmp_path / str(strength)
        found = finetune_together(tasks, tiny, out, options=SHORT, sharing=sharing, progress=False)
        one, other = (encoder_weights(found.checkpoints[name]) for name in ("upos", "genre"))
        apart.append(max(float((values - other[name]).abs().max()) for name, values in one.items()))
    assert apart[0] > apart[1] > apart[2]
    assert apart[2] < 1e-5


def test_a_task_alone_is_the_task_whatever_it_shares_with_itself(splits: Splits, tiny: Path, tmp_path: Path) -> None:
    digests = set()
    for sharing in (SharingOptions(), SharingOptions("l2", 3.0), SharingOptions(weighting="fixed", weights=(1.0,))):
        out = tmp_path / str(len(digests)) / sharing.sharing / sharing.weighting
        found = finetune_together([upos_task(splits)], tiny, out, options=SHORT, sharing=sharing, progress=False)
        digests.add(Encoder.from_pretrained(found.checkpoints["upos"]).digest)
    assert len(digests) == 1


def heads_for(splits: Splits, tiny: Path) -> list[Any]:
    """New models for two tasks."""
    encoder = Encoder.from_pretrained(tiny)
    torch.manual_seed(0)
    return [
        with_head(tiny, encoder, task.shape, random_weights=False) for task in (upos_task(splits), genre_task(splits))
    ]


def test_losses_weigh_what_they_are_to_weigh(splits: Splits, tiny: Path) -> None:
    batch = {"input_ids": torch.tensor([[2, 7, 8, 3]]), "labels": torch.tensor([1]), TASK: torch.tensor(1)}
    found = {}
    for name, options in {
        "equal": SharingOptions(),
        "fixed": SharingOptions(weighting="fixed", weights=(5.0, 3.0)),
        "uncertainty": SharingOptions(weighting="uncertainty"),
    }.items():
        models = TaskModels(heads_for(splits, tiny), ["upos", "genre"], options).eval()
        found[name] = models.weighted_loss(batch)["genre"].item()
        assert models.losses == {"upos": [], "genre": [pytest.approx(found["equal"])]}
    assert found["fixed"] == pytest.approx(3 * found["equal"])
    # L exp(-u) at the u of least L exp(-u) + u / 2, which a search finds to be ½.
    tried = [found["equal"] * np.exp(-u) + u / 2 for u in np.linspace(-5, 5, 10_001)]
    best = np.linspace(-5, 5, 10_001)[int(np.argmin(tried))]
    assert found["uncertainty"] == pytest.approx(found["equal"] * np.exp(-best), rel=1e-3)
    models._mean_losses["genre"] = 0.0
    assert models._weight(1) == 0.5 / LEAST_LOSS, "a task that is learned does not drown the others"


def test_batches_of_an_epoch_are_of_all_tasks_in_their_shares() -> None:
    def stream(name: str) -> Any:
        number = 0
        while True:
            yield {name: torch.tensor(number)}
            number += 1

    found = mixed_batches([stream("a"), stream("b")], (6, 2), seed=0)
    epochs = [[next(found) for _ in range(8)] for _ in range(3)]
    orders = [[int(batch[TASK]) for batch in epoch] for epoch in epochs]
    assert all(sorted(order) == [0] * 6 + [1] * 2 for order in orders)
    assert len(set(map(tuple, orders))) > 1
    assert [int(batch["a"]) for epoch in epochs for batch in epoch if "a" in batch] == list(range(18))


def test_gains_are_of_the_same_examples(splits: Splits, tiny: Path, tmp_path: Path) -> None:
    """Of two tasks that are one against a small step of it: much. Of a model against itself: nothing."""
    upos = upos_task(splits)
    again = replace(upos, name="again")
    options = FinetuningOptions(steps=1, batch_size=16, learning_rate=1e-4)
    alone = finetune_together([upos], tiny, tmp_path / "alone", options=options, progress=False)
    longer = replace(options, steps=40, learning_rate=2e-2)
    both = finetune_together([upos, again], tiny, tmp_path / "both", options=longer, progress=False)
    gains = paired_gains([upos], both, {"upos": alone})
    [row] = gains.to_dict("records")
    assert row["together"] - row["apart"] == pytest.approx(row["difference"])
    assert row["low"] > 0
    assert row["p"] == row["least_p"]
    none = paired_gains([upos], alone, {"upos": alone})
    assert none[["difference", "low", "high", "p"]].to_numpy().tolist() == [[0, 0, 0, 1]]


@pytest.mark.parametrize(
    ("sharing", "message"),
    [
        (SharingOptions(weighting="fixed"), "weights=None with fixed weighting of 2 tasks"),
        (SharingOptions(weights=(1.0, 1.0)), "with equal weighting of 2 tasks"),
        (SharingOptions(weighting="fixed", weights=(1.0,)), "expected a positive weight for each task"),
        (SharingOptions("l2", -1.0), "sharing='l2' of strength -1.0"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    sharing: SharingOptions, message: str, splits: Splits, tiny: Path, tmp_path: Path
) -> None:
    tasks = [upos_task(splits), next_sentence_task(splits)]
    with pytest.raises(FinetuningError, match=message):
        finetune_together(tasks, tiny, tmp_path / "out", sharing=sharing, progress=False)
    with pytest.raises(FinetuningError, match=r"tasks upos, upos, .* expected tasks of different names"):
        finetune_together([tasks[0], tasks[0]], tiny, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()
