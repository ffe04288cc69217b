"""The command that makes two languages and measures what models of them share."""

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.pipeline.conftest import random_bank
from treeprobe.parsing import write_conllu
from treeprobe.pipeline.commands.main import app

SIZE = "--steps 4 --layers 1 --dim 16 --heads 2 --vocabulary-size 60 --ranks 8"
SMALL = [*SIZE.split(), "--seeds", "1", "--no-random-baseline", "--quiet"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bilingual")
    for seed, (split, count) in enumerate({"train": 40, "dev": 20}.items()):
        write_conllu(list(random_bank(count, seed=seed, name="toy")), folder / f"toy-{split}.conllu")
    out = folder / "out"
    train, dev = (f"{folder}/toy-{split}.conllu" for split in ("train", "dev"))
    arguments = ["bilingual", "--train", train, "--dev", dev, "--out", str(out), "--conditions", "same,apart", *SMALL]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    again = CliRunner().invoke(app, arguments)  # goes on where all is done
    assert again.output == result.output
    return out


def test_what_is_known_is_measured(made: Path) -> None:
    table = pd.read_csv(made / "sharing.csv").query("probe == 'distance'")
    same, apart = (table[table["model"] == name] for name in ("same", "apart"))
    assert (same["retrieval"] == 1.0).all()
    assert (same["own"] - same["other"]).abs().max() < 0.02
    assert (apart["retrieval"] < 0.6).all()  # of 11 words
    assert len(same) == len(apart) == 2


def test_treebanks_models_analyses_and_the_figure_are_there(made: Path) -> None:
    assert {path.name for path in (made / "treebanks").iterdir()} == {
        "toy-train.conllu", "toy-dev.conllu", "toy_shifted-train.conllu", "toy_shifted-dev.conllu"
    }  # fmt: skip
    assert {path.name for path in (made / "models").iterdir()} == {"same", "apart"}
    assert (made / "analyses" / "apart" / "transfer.csv").exists()
    assert (made / "sharing.png").exists()
