"""The analysis of positions on a small model, without a download."""

import pandas as pd
import pytest

from tests.extraction import zoo
from treeprobe.extraction import PositionError, position_embeddings
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


def test_layer_0_of_a_model_without_positions_scores_as_its_tokens_do(checkpoint, treebank_files, tmp_path):
    """And the intact model's rows are what a run of the same probes finds."""
    sources = Sources(model=checkpoint, train=treebank_files["train"], dev=treebank_files["dev"])
    run = analyse("structure", sources, tmp_path / "run", options=Options(ranks=(4,), seeds=(0,), epochs=2,
                  random_baseline=False, control=False), progress=False)  # fmt: skip
    reused = Sources(model=checkpoint, dev=treebank_files["dev"], probes=tmp_path / "run")
    found = analyse("positions", reused, tmp_path / "out", options=OPTIONS, progress=False).tables
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
