"""The whole analysis on a small model, and its masked-LM loss."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from tests.convolution.known_attention import random_sentence, random_words
from treeprobe.attention import RelationError
from treeprobe.parsing import Treebank, TreebankError
from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.pipeline.analyses.head_kernels import fit_heads
from treeprobe.pipeline.analyses.kernel_survival import CONVOLUTION, survival_sentence
from treeprobe.pipeline.probing.conditions import INTACT

TEXT = random_words(48, seed=8)


@pytest.fixture(scope="module")
def bank() -> Treebank:
    generator = np.random.default_rng(0)
    return Treebank([random_sentence(words, generator) for words in TEXT], name="toy")


def test_the_analysis_writes_every_table_and_figure(masked_lm_folder, bank, tmp_path):
    out = tmp_path / "out"
    options = Options(ranks=(4,), seeds=(0,), epochs=2, retrain=True)
    done = analyse("convolution", Sources(model=masked_lm_folder, dev=bank), out, options=options, progress=False)
    tables = {path.stem: pd.read_csv(path) for path in out.glob("*.csv")}
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
    figures = {path.stem for path in (out / "figures").glob("*.pdf")}
    assert {"kernel-map", "kernels", "shares", "survival", "position-spectra"} <= figures
    record = json.loads((out / "analysis.json").read_text())
    assert record["summary"] == done.summary
    assert load_file(out / "kernels.safetensors")["words.free.offsets"].shape[:2] == (2, 3)


def test_the_sentence_compares_conditions_at_one_layer():
    """A control's best layer may be the embeddings, which nothing touched and which say nothing of replacement."""
    values = {
        "intact": [0.50, 0.80, 0.70],
        "convolution": [0.50, 0.68, 0.72],
        "uniform": [0.50, 0.30, 0.20],
        "random head's kernel": [0.50, 0.45, 0.40],
    }
    rows = [(name, layer, value) for name, layers in values.items() for layer, value in enumerate(layers)]
    uuas = pd.DataFrame(rows, columns=["condition", "layer", "value"]).assign(seed=0)
    sentence = survival_sentence(uuas, 0.40)
    assert sentence.startswith("At layer 1, where the intact model's probe is best with 80.0% of the edges")
    assert "finds 68.0% when every head is replaced by its own convolution, 70% of what it found above" in sentence
    assert "uniform attention leaves it 30.0%, the kernels of random other heads 45.0%" in sentence
    assert "above the chain" not in survival_sentence(uuas, 0.85)


def test_sentences_that_the_model_does_not_take_count_for_nothing(masked_lm_folder, bank):
    """A sentence of 60 words, of 40 positions at most, has the only edges of a relation."""
    words = ["w1"] * 60
    long = random_sentence(words, np.random.default_rng(1))
    long = replace(long, relations=tuple("root" if head < 0 else "rare" for head in long.heads))
    longer = Treebank([long, *bank], name="long")
    intact, without = (fit_heads(Sources(model=masked_lm_folder, dev=one).open(), Options()) for one in (longer, bank))
    assert list(intact.left_out) == [0]
    assert set(intact.relations.relation) == {"left", "right"}
    for column in ("n", "accuracy", "kernel_accuracy"):
        np.testing.assert_allclose(intact.relations[column], without.relations[column])


def test_a_treebank_without_relations_leaves_nothing_written(masked_lm_folder, bank, tmp_path):
    bare = Treebank([replace(sentence, relations=("_",) * len(sentence)) for sentence in bank], name="bare")
    with pytest.raises(RelationError, match="names no relations"):
        analyse("convolution", Sources(model=masked_lm_folder, dev=bare), tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_too_few_sentences_leave_nothing_written(masked_lm_folder, bank, tmp_path):
    with pytest.raises(TreebankError, match="too few to train probes"):
        analyse("convolution", Sources(model=masked_lm_folder, dev=bank[:2]), tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_the_probes_of_a_run_are_used_where_they_are_there(masked_lm_folder, bank, tmp_path):
    options = Options(ranks=(4,), seeds=(0,), epochs=2, control=False, random_baseline=False, samples=0)
    splits = {"train": bank[:30], "dev": bank[30:]}
    alone = Sources(model=masked_lm_folder, **splits)
    analyse("structure", alone, tmp_path / "run", options=options, figures=False, progress=False)
    trained = analyse("convolution", alone, tmp_path / "new", options=options, figures=False, progress=False)
    shared = replace(alone, probes=tmp_path / "run")
    # The run's options decide how its probes were trained, not these.
    found = analyse("convolution", shared, tmp_path / "shared", options=Options(), figures=False, progress=False)
    pd.testing.assert_frame_equal(found.tables["survival"], trained.tables["survival"])
    record = json.loads((tmp_path / "shared" / "analysis.json").read_text())
    assert (record["options"]["ranks"], record["options"]["epochs"]) == ([4], 2)
    # Without a training split the whole dev split is scored all the same: there is nothing to train.
    options = Options(layers=(0,))
    bare = analyse("convolution", replace(shared, train=None), tmp_path / "bare", options=options, figures=False,
                   progress=False)  # fmt: skip
    pd.testing.assert_frame_equal(bare.tables["survival"], trained.tables["survival"])
    assert bare.details["probes"] == {
        "trained on": 30, "scored on": 18, "epoch chosen on": "the run's dev split"
    }  # fmt: skip
