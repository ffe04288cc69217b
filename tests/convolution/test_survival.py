"""The whole analysis on a small model, and its masked-LM loss."""

import json

import numpy as np
import pandas as pd
import pytest
from known_attention import random_sentence, random_words
from safetensors.numpy import load_file

from parsing import Treebank, TreebankError
from pipeline.head_kernels.analysis import convolve
from pipeline.head_kernels.survival import CONVOLUTION, INTACT, survival_sentence

TEXT = random_words(48, seed=8)


@pytest.fixture(scope="module")
def bank() -> Treebank:
    generator = np.random.default_rng(0)
    return Treebank([random_sentence(words, generator) for words in TEXT], name="toy")


def test_the_analysis_writes_every_table_and_figure(masked_lm_folder, bank, tmp_path):
    done = convolve(
        masked_lm_folder, bank, tmp_path / "out", rank=4, training={"epochs": 2}, retrain=True, progress=False
    )
    tables = {path.stem: pd.read_csv(path) for path in done.out.glob("*.csv")}
    assert set(tables) == {
        "kernels", "subword-kernels", "relations", "relation-survival", "survival", "replacement", "logits",
        "position-codes", "masked-lm",
    }  # fmt: skip
    assert len(tables["kernels"]) == 6
    assert tables["survival"].groupby("condition").size().to_dict() == dict.fromkeys(
        [
            *("intact", "convolution", "uniform", "random head's kernel"),
            *("convolution, probes retrained", "uniform, probes retrained"),
        ],
        3,
    )
    assert tables["masked-lm"].loss.nunique() == 4
    moved = tables["replacement"].set_index(["condition", "replaced", "layer"]).relative_change.sort_index()
    assert moved[INTACT, "all"].max() < 1e-8
    assert moved[CONVOLUTION, "2", 1] < 1e-8 < moved[CONVOLUTION, "2", 2]
    figures = {path.stem for path in (done.out / "figures").glob("*.pdf")}
    assert {"kernel-map", "kernels", "shares", "survival", "position-spectra"} <= figures
    record = json.loads((done.out / "convolution.json").read_text())
    assert record["result"] == done.sentence
    assert load_file(done.out / "kernels.safetensors")["words.free.offsets"].shape[:2] == (2, 3)


def test_the_sentence_compares_conditions_at_one_layer():
    """A control's best layer may be the embeddings, which nothing touched and which say nothing of replacement."""
    values = {
        "intact": [0.50, 0.80, 0.70],
        "convolution": [0.50, 0.68, 0.72],
        "uniform": [0.50, 0.30, 0.20],
        "random head's kernel": [0.50, 0.45, 0.40],
    }
    rows = [(name, layer, value) for name, layers in values.items() for layer, value in enumerate(layers)]
    uuas = pd.DataFrame(rows, columns=["condition", "layer", "value"])
    sentence = survival_sentence(uuas, 0.40)
    assert sentence.startswith("At layer 1, where the intact model's probe is best with 80.0% of the edges")
    assert "finds 68.0% when every head is replaced by its own convolution, 70% of what it found above" in sentence
    assert "uniform attention leaves it 30.0%, the kernels of random other heads 45.0%" in sentence
    assert "above the chain" not in survival_sentence(uuas, 0.85)


def test_too_few_sentences_leave_nothing_written(masked_lm_folder, bank, tmp_path):
    with pytest.raises(TreebankError, match="too few to train probes"):
        convolve(masked_lm_folder, bank[:2], tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()
