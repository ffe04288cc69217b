"""What training moved: planted changes of a checkpoint, each with a known answer."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import BertModel

from tests.pipeline.conftest import WORDS, tiny_bert
from treeprobe.extraction import CheckpointError
from treeprobe.parsing import Sentence, write_conllu
from treeprobe.pipeline import Options, Plan, Sources, Splits, analyse, sweep, write_report
from treeprobe.pipeline.analyses.moved_measures import subspace_rows
from treeprobe.pipeline.options import OptionsError
from treeprobe.pipeline.sweeps import SweepError
from treeprobe.probes import DistanceProbe

QUICK = Options(ranks=(6,), seeds=(0, 1), epochs=3)
BLOCKS = 3


VERBS = ("sees", "runs")


@pytest.fixture(scope="module")
def stars(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Treebanks whose trees are easily learnt: each sentence has one verb, on which every other word hangs."""
    folder = tmp_path_factory.mktemp("stars")
    for seed, (split, count) in enumerate({"train": 120, "dev": 40}.items()):
        generator = np.random.default_rng(seed)
        write_conllu([star(generator, f"{split}-{number}") for number in range(count)], folder / f"{split}.conllu")
    return {split: folder / f"{split}.conllu" for split in ("train", "dev")}


def star(generator: np.random.Generator, name: str) -> Sentence:
    """A verb somewhere among other words, none of them twice."""
    words = generator.permutation([word for word in WORDS if word not in VERBS])[: generator.integers(4, 8)].tolist()
    root = int(generator.integers(len(words)))
    words[root] = str(generator.choice(VERBS))
    return Sentence(
        words=tuple(words),
        heads=tuple(-1 if place == root else root for place in range(len(words))),
        relations=tuple("root" if place == root else "dep" for place in range(len(words))),
        upos=("X",) * len(words),
        xpos=("NN",) * len(words),
        space_after=(True,) * len(words),
        identifier=name,
    )


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of three blocks and random weights, whose states tell words apart at every layer."""
    folder = tiny_bert(tmp_path_factory.mktemp("moved") / "before", words=(".", ",", *WORDS))
    return edit(folder, lengthen, blocks=BLOCKS)


def edit(folder: Path, change: Callable[[BertModel], None], *, blocks: int | None = None) -> Path:
    """Change a checkpoint in place, its depth too where one is given."""
    model = BertModel.from_pretrained(folder)
    if blocks is not None:
        model.config.num_hidden_layers = blocks
        torch.manual_seed(0)
        model = BertModel(model.config)
    with torch.no_grad():
        change(model)
    model.save_pretrained(folder)
    return folder


def changed(before: Path, name: str, change: Callable[[BertModel], None]) -> Path:
    """A changed copy of a checkpoint beside it."""
    folder = before.parent / name
    if not folder.exists():
        shutil.copytree(before, folder)
        edit(folder, change)
    return folder


def draw_blocks(model: BertModel, blocks: range, *, seed: int) -> None:
    """Draw the weights of some blocks anew."""
    generator = torch.Generator().manual_seed(seed)
    for block in blocks:
        for weight in model.encoder.layer[block].parameters():
            if weight.dim() > 1:
                weight.copy_(torch.randn(weight.shape, generator=generator) * 0.5)


def lengthen(model: BertModel) -> None:
    """Make states tell words by their forms alone and the last two layers' longer: probes learn within a few steps."""
    model.embeddings.position_embeddings.weight.zero_()
    for layer in list(model.encoder.layer)[-2:]:
        layer.output.LayerNorm.weight.mul_(10)


def mirror_last_layer(model: BertModel) -> None:
    """Mirror half of the last layer's axes, an orthogonal map that its LayerNorm can hold: distances stay the same."""
    norm = model.encoder.layer[-1].output.LayerNorm
    signs = torch.tensor([1.0, -1.0]).repeat(len(norm.weight) // 2)
    norm.weight.mul_(signs)
    norm.bias.mul_(signs)


def compared(
    before: Path, after: Path, files: dict[str, Path], out: Path, *, options: Options = QUICK, **sources: Path
) -> pd.DataFrame:
    found = analyse(
        "moved",
        Sources(model=after, before=before, train=files["train"], dev=files["dev"], **sources),
        out,
        options=options,
        figures=False,
        progress=False,
    )
    return found.tables["moved"]


def value(table: pd.DataFrame, measure: str, layer: int) -> float:
    rows = table[(table["measure"] == measure) & (table["layer"] == layer)]
    assert len(rows) == 1, (measure, layer)
    return float(rows["value"].iloc[0])


def test_nothing_moves_between_a_checkpoint_and_its_copy(
    before: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    table = compared(before, changed(before, "same", lambda model: None), treebank_files, tmp_path / "out")
    for layer in range(BLOCKS + 1):
        assert value(table, "cka", layer) == pytest.approx(1)
        assert value(table, "state_change", layer) == pytest.approx(0, abs=1e-5)
        assert value(table, "weight_change", layer) == 0
        assert value(table, "uuas_change", layer) == value(table, "uuas_lost", layer) == 0
        assert value(table, "angle", layer) == pytest.approx(value(table, "angle_of_seeds", layer), abs=1e-3)
        similar = [value(table, f"metric_similarity{name}", layer) for name in ("", "_of_seeds")]
        assert similar[0] == pytest.approx(similar[1], abs=1e-5)


def test_probes_of_one_seed_on_the_same_states_have_no_angle(
    before: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    sources = Sources(model=before, before=before, train=treebank_files["train"], dev=treebank_files["dev"])
    options = Options(ranks=(6,), seeds=(0,), epochs=2)
    table = analyse("moved", sources, tmp_path / "out", options=options, figures=False, progress=False).tables["moved"]
    assert "angle_of_seeds" not in set(table["measure"])
    assert table.loc[table["measure"] == "angle", "value"].abs().max() < 0.01


def test_a_mirrored_layer_holds_the_same_tree_where_the_old_probe_does_not_look(
    before: Path, stars: dict[str, Path], tmp_path: Path
) -> None:
    learnt = Options(ranks=(12,), seeds=(0, 1), epochs=60, layers=(BLOCKS - 1, BLOCKS))
    mirrored = changed(before, "mirrored", mirror_last_layer)
    table = compared(before, mirrored, stars, tmp_path / "out", options=learnt)
    assert value(table, "cka", BLOCKS) == pytest.approx(1)
    assert value(table, "state_change", BLOCKS) > 0.5
    assert value(table, "uuas_before", BLOCKS) > 0.6
    assert value(table, "uuas_lost", BLOCKS) > 0.2
    assert abs(value(table, "uuas_change", BLOCKS)) < 0.1
    assert value(table, "state_change", BLOCKS - 1) == pytest.approx(0, abs=1e-5)
    assert value(table, "uuas_lost", BLOCKS - 1) == 0


def planted_probes(directions: list[int], *, layer: int) -> list[DistanceProbe]:
    """Distance probes of three seeds that read two of eight axes, and a little of everything."""
    probes = []
    for seed in range(3):
        probe = DistanceProbe(layer, rank=4, seed=seed)
        probe.matrix_ = np.random.default_rng([seed, *directions]).normal(size=(4, 8)).astype(np.float32) * 0.1
        probe.matrix_[:2] += 3 * np.eye(8, dtype=np.float32)[directions]
        probes.append(probe)
    return probes


def test_angles_stand_out_from_those_of_seeds_where_other_directions_are_read_and_only_there() -> None:
    before = planted_probes([0, 1], layer=1) + planted_probes([0, 1], layer=2)
    after = planted_probes([0, 1], layer=1) + planted_probes([4, 5], layer=2)
    table = pd.DataFrame(subspace_rows(before, after))
    assert value(table, "angle", 1) == pytest.approx(value(table, "angle_of_seeds", 1), abs=1)
    assert value(table, "angle_of_seeds", 2) < 10
    assert value(table, "angle", 2) > 80
    assert value(table, "metric_similarity_of_seeds", 2) > 0.95
    assert value(table, "metric_similarity", 2) < 0.05


def test_only_a_redrawn_layer_and_what_follows_it_moves(
    before: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    redrawn = changed(before, "redrawn", lambda model: draw_blocks(model, range(1, 2), seed=9))
    table = compared(before, redrawn, treebank_files, tmp_path / "out", test=treebank_files["test"])
    rows = table[table["split"] == "test"]
    for layer in (0, 1):
        assert value(rows, "cka", layer) == pytest.approx(1)
        assert value(rows, "state_change", layer) == pytest.approx(0, abs=1e-5)
    for layer in (2, 3):
        assert value(rows, "cka", layer) < 0.95
        assert value(rows, "state_change", layer) > 0.3
    weights = [value(table, "weight_change", layer) for layer in range(BLOCKS + 1)]
    assert np.flatnonzero(weights).tolist() == [2]
    assert {"test", "dev", "train"} <= set(table["split"].dropna())


def test_the_table_has_paired_intervals_around_its_differences(
    before: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    redrawn = changed(before, "redrawn", lambda model: draw_blocks(model, range(1, 2), seed=9))
    table = compared(before, redrawn, treebank_files, tmp_path / "out").query("layer == 3").set_index("measure")
    values = table["value"]
    assert values["uuas_change"] == pytest.approx(values["uuas_after"] - values["uuas_before"])
    assert values["uuas_lost"] == pytest.approx(values["uuas_after"] - values["uuas_old_probe"])
    for measure in ("uuas_before", "uuas_change", "uuas_lost", "dspr_change", "cka"):
        low, found, high = (float(table.loc[measure, name]) for name in ("low", "value", "high"))
        assert low < found < high, measure
    assert 0 < table.loc["uuas_change", "p"] <= 1


def test_probes_of_a_run_are_taken_over_and_give_the_same(
    before: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    redrawn = changed(before, "redrawn", lambda model: draw_blocks(model, range(1, 2), seed=9))
    quick = Options(ranks=(6,), seeds=(0, 1), epochs=3, samples=0, control=False, random_baseline=False)
    splits = {split: treebank_files[split] for split in ("train", "dev")}
    analyse(
        "structure", Sources(model=redrawn, **splits), tmp_path / "run", options=quick, figures=False, progress=False
    )
    taken = compared(before, redrawn, treebank_files, tmp_path / "taken", probes=tmp_path / "run")
    own = compared(before, redrawn, treebank_files, tmp_path / "own")
    pd.testing.assert_frame_equal(taken, own)


def test_a_model_of_another_shape_is_refused(
    before: Path, checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match="tiny-bert of 2 blocks and width 16, before of 3 blocks"):
        compared(checkpoint, before, treebank_files, tmp_path / "out")
    with pytest.raises(OptionsError, match="moved needs the checkpoint before training"):
        analyse("moved", Sources(model=before, train=treebank_files["train"], dev=treebank_files["dev"]), tmp_path)


def test_a_sweep_compares_each_step_with_the_first_and_its_report_shows_it(
    before: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    for step in (0, 10, 20):
        shutil.copytree(before, run / f"step-{step}")
    edit(run / "step-20", lambda model: draw_blocks(model, range(1, 2), seed=9))
    splits = Splits("toy", treebank_files["train"], treebank_files["dev"], None)
    plan = Plan(models=[run], treebanks=[splits], out=tmp_path / "out", analyses=("moved",), options=QUICK)
    assert [task.checkpoint.step for task in plan.tasks()] == [10, 20]
    done = sweep(plan, progress=False)
    assert (len(done.failed), len(done.done)) == (0, 2)
    assert not sweep(plan, progress=False).done
    page = write_report(tmp_path / "out").read_text()
    assert "What training moved" in page
    assert "run/step-20" in page
    alone = Plan(models=[before], treebanks=[splits], out=tmp_path / "alone", analyses=("moved",))
    with pytest.raises(SweepError, match="before: no earlier step of the same training run"):
        alone.tasks()
    named = Plan(models=[run], treebanks=[splits], out=tmp_path / "n", analyses=("moved",), before=run / "step-20")
    assert [task.checkpoint.step for task in named.tasks()] == [0, 10]
