"""Ablations of pre-training: which runs they share, what their intervals cover, and that they go on where they were."""

import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from transformers import BertConfig, BertModel
from typer.testing import CliRunner

from treeprobe.parsing.scores import micro
from treeprobe.pipeline.ablations import EXPERIMENTS, AblationPlan, Size, compare_variants, figures
from treeprobe.pipeline.ablations.collecting import UUAS, Measured
from treeprobe.pipeline.ablations.comparing import pooled_variance
from treeprobe.pipeline.ablations.plan import Run
from treeprobe.pipeline.ablations.published import SIZES, parameters
from treeprobe.pipeline.ablations.variants import AblationError, Variant, read_experiments
from treeprobe.pipeline.commands.main import app
from treeprobe.training import PretrainingOptions


def plan(**changes: object) -> AblationPlan:
    return AblationPlan(train="train.conllu", dev="dev.conllu", out="out", **changes)  # type: ignore[arg-type]


def test_variants_with_equal_options_share_their_runs() -> None:
    runs = plan(seeds=2).runs()
    assert len(runs) == 2 * (6 + 4 + 5)  # BERT itself is in all four, left to right with NSP in two
    assert len({run.name for run in runs}) == len(runs)
    assert len({replace(run.options, save_steps=(3000,)) for run in runs}) == len(runs)
    (shared,) = [run for run in runs if len(run.variants) == 4 and run.seed == 0]
    assert {variant.experiment for variant in shared.variants} == set(EXPERIMENTS)
    assert shared.options.save_steps == (500, 1000, 1500, 2000, 2500, 3000)


def test_every_objective_reads_as_many_sentences_a_step() -> None:
    runs = plan(seeds=1, experiments=("objectives", "steps")).runs()
    assert {run.options.batch_size * (2 if run.options.next_sentence else 1) for run in runs} == {64}
    alone = plan(seeds=1, experiments=("masking",), base=PretrainingOptions(next_sentence=False, batch_size=32)).runs()
    assert {run.options.batch_size for run in alone} == {32}


def test_a_measure_of_the_last_step_alone_makes_no_curve(tmp_path: Path) -> None:
    rows = [
        {
            "experiment": "steps",
            "variant": name,
            "measure": measure,
            "step": step,
            "value": 0.5,
            "low": 0.4,
            "high": 0.6,
        }
        for name in ("masked", "left to right")
        for measure, steps in (("uuas", (1, 2)), ("upos_accuracy", (2,)))
        for step in steps
    ]
    drawn: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "save_formats", lambda figure, path: drawn.append(len(figure.axes)) or [path])
        figures.draw(pd.DataFrame(rows), plan(experiments=("steps",)).variants, tmp_path, vocabulary=99, positions=40)
    assert drawn == [1]


def test_only_curves_save_steps_before_the_last() -> None:
    runs = plan(seeds=1, experiments=("masking", "sizes")).runs()
    assert {tuple(run.options.save_steps) for run in runs} == {(3000,)}
    assert {len(run.variants) for run in runs} == {1, 2}


def test_every_row_of_the_masking_table_is_a_distribution() -> None:
    for variant in plan(experiments=("masking",)).variants:
        shares = [int(share) for share in variant.name.split(" / ")]
        assert sum(shares) == 100
        changes = variant.changes
        assert shares == [
            round(100 * share)
            for share in (
                changes["mask_replace_prob"],
                1 - changes["mask_replace_prob"] - changes["random_replace_prob"],
                changes["random_replace_prob"],
            )
        ]


def test_parameters_are_those_of_the_encoder() -> None:
    sizes = {"num_hidden_layers": 3, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 128}
    model = BertModel(BertConfig(vocab_size=99, max_position_embeddings=40, **sizes))
    assert parameters(3, 32, vocabulary=99, positions=40) == model.num_parameters()
    assert parameters(12, 768) == pytest.approx(110e6, rel=0.01)  # "BERT base, total parameters = 110M", section 3
    perplexities = [scores["perplexity"] for _, scores in sorted(SIZES.items(), key=lambda one: one[1]["perplexity"])]
    assert perplexities == sorted(perplexities)


@pytest.mark.parametrize("text", ["4x128", "4x128x3", "axbxc", "0x32x2"])
def test_sizes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(AblationError, match="expected"):
        Size.read(text)
    assert str(Size.read("4x128x4")) == "4x128x4"


def test_unknown_experiments_are_named() -> None:
    with pytest.raises(AblationError, match="found dropout"):
        read_experiments("masking,dropout")
    assert read_experiments("steps, masking") == ("masking", "steps")


VARIANTS = [Variant("masking", name, name) for name in ("first", "second", "third")]


def scored(variant: Variant, seed: int, rates: np.ndarray, generator: np.random.Generator) -> Measured:
    """A run that finds each edge of each of some sentences at the sentence's rate."""
    options = PretrainingOptions(seed=seed, steps=10, save_steps=(10,))
    found = generator.binomial(10, np.clip(rates, 0, 1))
    return Measured(Run(f"{variant.name}-{seed}", options, (variant,)), 10, UUAS, micro(UUAS, found, np.full(80, 10)))


def experiment(generator: np.random.Generator, *, effect: float, between_seeds: float) -> pd.DataFrame:
    """Three variants of three seeds each, of which the third is better by an effect."""
    sentences = generator.normal(0.5, 0.1, 80)
    measured = [
        scored(variant, seed, sentences + generator.normal(0, between_seeds) + effect * (number == 2), generator)
        for number, variant in enumerate(VARIANTS)
        for seed in range(3)
    ]
    return compare_variants(measured, VARIANTS).set_index("variant")


def test_intervals_of_differences_cover_other_seeds_as_often_as_they_say() -> None:
    generator = np.random.default_rng(0)
    tables = [experiment(generator, effect=0.1, between_seeds=0.02) for _ in range(100)]
    null = np.mean([not table["separated"]["second"] for table in tables])
    right = np.mean([table["difference_low"]["third"] <= 0.1 <= table["difference_high"]["third"] for table in tables])
    assert 0.88 <= null <= 1.0
    assert 0.88 <= right <= 1.0
    assert np.mean([table["separated"]["third"] for table in tables]) > 0.9


def test_seeds_that_disagree_leave_a_difference_of_the_same_size_unseparated() -> None:
    generator = np.random.default_rng(1)
    steady, unsteady = (
        np.mean([experiment(generator, effect=0.1, between_seeds=spread)["separated"]["third"] for _ in range(20)])
        for spread in (0.0, 0.08)
    )
    assert steady > 0.9 > 0.6 > unsteady


def test_the_pooled_variance_is_the_mean_of_the_groups_own() -> None:
    groups = np.random.default_rng(0).normal(size=(4, 3))
    variance, degrees = pooled_variance(groups.tolist())
    assert (variance, degrees) == (pytest.approx(groups.var(axis=1, ddof=1).mean()), 8)
    assert pooled_variance([[1.0], [2.0]]) == (0.0, 0)


def test_with_one_seed_intervals_are_of_sentences_alone() -> None:
    generator = np.random.default_rng(0)
    rates = generator.normal(0.5, 0.1, 80)
    measured = [scored(variant, 0, rates, generator) for variant in VARIANTS]
    table = compare_variants(measured, VARIANTS)
    assert table["seeds"].eq(1).all()
    assert table["sd"].isna().all()
    own = measured[0].tally.score()
    assert table["high"][0] - table["low"][0] == pytest.approx(own.high - own.low, rel=0.15)


@pytest.fixture(scope="module")
def arguments(treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A command that does two experiments of tiny models."""
    files = ["--train", str(treebank_files["train"]), "--dev", str(treebank_files["dev"])]
    size = ["--size", "1x16x2", "--vocabulary-size", "60", "--batch-size", "4", "--epochs", "1", "--threads", "1"]
    work = ["--experiments", "objectives,steps", "--seeds", "1", "--steps", "4", "--points", "2"]
    less = ["--finetuning-steps", "2", "--quiet"]
    return ["ablations", *files, *size, *work, *less, "--out", str(tmp_path_factory.mktemp("ablations") / "out")]


@pytest.fixture(scope="module")
def done(arguments: list[str]) -> Path:
    """The folder of the command, once it has been called."""
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    for said in ("Not separated", "table 5", "figure 5"):
        assert said in result.stdout
    return Path(arguments[-1])


def test_the_command_measures_every_run_and_draws_a_figure_an_experiment(done: Path) -> None:
    measures = pd.read_csv(done / "measures.csv")
    counts = measures.groupby("run")["measure"].apply(lambda names: sorted(set(names))).to_dict()
    masked, following = (sorted([loss, "uuas", "upos_accuracy"]) for loss in ("masked_loss", "next_loss"))
    assert counts == {
        "masked-nsp-seed-0": masked,
        "masked-seed-0": masked,
        "left-to-right-nsp-seed-0": following,
        "left-to-right-seed-0": following,
        "left-to-right-bilstm-seed-0": ["uuas"],
    }
    assert set(measures.loc[measures["run"] == "masked-nsp-seed-0", "step"]) == {2, 4}
    assert {path.stem for path in (done / "figures").glob("*.png")} == {"objectives", "steps"}
    assert math.isclose(measures.query("measure == 'masked_loss'")["value"].mean(), math.log(45), rel_tol=0.2)


def test_the_same_command_goes_on_where_it_was(done: Path, arguments: list[str]) -> None:
    before = (done / "variants.csv").read_text()
    kept = done / "runs" / "masked-seed-0" / "step-4" / "model.safetensors"
    written = kept.stat().st_mtime_ns
    shutil.rmtree(done / "runs" / "left-to-right-seed-0")
    shutil.rmtree(next((done / "sweep" / "tasks").glob("left-to-right-seed-0*structure")))
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    assert (done / "variants.csv").read_text() == before
    assert kept.stat().st_mtime_ns == written


def test_the_folder_of_other_options_is_refused(done: Path, arguments: list[str]) -> None:
    others = [*arguments, "--learning-rate", "0.01"]
    result = CliRunner().invoke(app, others)
    assert result.exit_code != 0
    assert "learning_rate" in str(result.exception)
