"""The analysis of positions on a small model, without a download."""

import numpy as np
import pandas as pd
import pytest

from tests.convolution.known_attention import random_sentence, random_words
from tests.extraction import zoo
from treeprobe.convolution import without_positions
from treeprobe.extraction import (
    Encoder,
    PositionError,
    edit_positions,
    masked_lm_encoder,
    masked_lm_loss,
    position_embeddings,
)
from treeprobe.parsing import Treebank
from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.pipeline.analyses.positions import NONE, SHIFTED, SHUFFLED, SINUSOIDS, position_conditions

OPTIONS = Options(ranks=(4,), seeds=(0,), epochs=2)


def test_it_writes_every_table_and_figure(checkpoint, treebank_files, tmp_path):
    sources = Sources(model=checkpoint, train=treebank_files["train"], dev=treebank_files["dev"])
    done = analyse("positions", sources, tmp_path / "out", options=OPTIONS, progress=False)
    tables = {path.stem: pd.read_csv(path) for path in (tmp_path / "out").glob("*.csv")}
    assert set(tables) == {"positions", "offsets", "input-parts"}
    names = ["intact", SHIFTED, "2 frequencies", SINUSOIDS, SHUFFLED, NONE]
    assert list(dict.fromkeys(tables["positions"]["condition"])) == names
    assert tables["positions"].groupby("condition").size().to_dict() == dict.fromkeys(names, 3)
    assert tables["input-parts"]["part"].tolist() == ["token", "position", "sum"]
    offsets = tables["offsets"].set_index("condition")
    assert len(offsets.loc["intact"]) == 4
    assert offsets.loc["intact", "moved"].max() == 0
    assert offsets.loc[NONE, "moved"].min() > 0
    figures = {path.stem for path in (tmp_path / "out" / "figures").glob("*.png")}
    assert figures == {"positions", "heads-moved", "input-parts"}
    assert f"{SHIFTED} " in done.summary
    assert f"{NONE} " in done.summary


def test_masked_lm_loss_is_that_of_the_model_under_each_code(masked_lm_folder, tmp_path):
    generator = np.random.default_rng(0)
    bank = Treebank([random_sentence(words, generator) for words in random_words(48, seed=8)], name="toy")
    sources = Sources(model=masked_lm_folder, train=bank[20:], dev=bank[:20])
    found = analyse("positions", sources, tmp_path / "out", options=OPTIONS, figures=False, progress=False).tables
    losses = found["masked-lm"].set_index("condition")["loss"]
    model = masked_lm_encoder(masked_lm_folder, Encoder.from_pretrained(masked_lm_folder))
    assert losses["intact"] == pytest.approx(masked_lm_loss(model, bank[:20].words, seed=0))
    own = position_embeddings(model)
    used = max(map(len, bank[:20].words)) + 2  # a subword a word, and two special tokens
    with edit_positions(model, np.concatenate([without_positions(own[:used]), own[used:]])):
        assert losses[NONE] == pytest.approx(masked_lm_loss(model, bank[:20].words, seed=0))
    assert (losses.drop("intact") - losses["intact"]).abs().min() > 1e-3


def test_layer_0_of_a_model_without_positions_scores_as_its_tokens_do(checkpoint, treebank_files, tmp_path):
    """And the intact model's rows are what a run of the same probes finds."""
    sources = Sources(model=checkpoint, train=treebank_files["train"], dev=treebank_files["dev"])
    run = analyse("structure", sources, tmp_path / "run", options=Options(ranks=(4,), seeds=(0,), epochs=2,
                  random_baseline=False, control=False), figures=False, progress=False)  # fmt: skip
    reused = Sources(model=checkpoint, dev=treebank_files["dev"], probes=tmp_path / "run")
    found = analyse("positions", reused, tmp_path / "out", options=OPTIONS, figures=False, progress=False).tables
    scores = run.tables["scores"].query("probe == 'distance' and metric == 'uuas' and split == 'dev'")
    intact = found["positions"].query("condition == 'intact'")
    assert intact["value"].tolist() == pytest.approx(scores.sort_values("layer")["value"].tolist(), abs=0.02)
    assert "input-parts" not in found


def test_a_shift_keeps_the_rows_that_the_text_does_not_use(monkeypatch):
    encoder = zoo.encoder("bert")
    own = position_embeddings(encoder)
    for name, condition in position_conditions(encoder, used=20).items():
        with condition():
            now = position_embeddings(encoder)
        assert (now[20:] == own[20:]).all(), name
        assert (now[:20] == own[:20]).all() == (name == "intact")


def test_a_model_without_a_table_is_refused_before_any_probe_is_trained():
    with pytest.raises(PositionError, match="rotation or bias"):
        position_conditions(zoo.encoder("llama"), used=20)
