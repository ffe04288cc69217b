"""The whole analysis on a small model: files, figures, and bad input met at the door."""

import pandas as pd
import pytest

from extraction import CheckpointError
from parsing import Treebank
from pipeline.attention_heads.ablation import ablation_table
from pipeline.attention_heads.analysis import heads, score_probes


@pytest.mark.slow
def test_everything_is_written(sentences, small_encoder, tmp_path) -> None:
    small_encoder.model.save_pretrained(tmp_path / "model")
    small_encoder.tokenizer.save_pretrained(tmp_path / "model")
    done = heads(tmp_path / "model", Treebank(sentences, name="random"), tmp_path / "out", progress=False)
    relations = pd.read_csv(tmp_path / "out" / "relations.csv")
    assert len(relations) == len(done.relations) == 3 * 2 * 4
    assert len(pd.read_csv(tmp_path / "out" / "heads.csv")) == 4
    assert (tmp_path / "out" / "figures" / "map.png").stat().st_size > 0
    assert list((tmp_path / "out" / "figures").glob("attention-*.svg"))


def test_probes_are_scored_with_and_without_words(sentences, small_encoder) -> None:
    table = score_probes(small_encoder, Treebank(sentences[:40]), Treebank(sentences[40:60]), punctuation="xpos")
    assert table["trees"].tolist() == ["attention-only probe", "attention-and-words probe"]
    assert table["value"].between(0, 1).all()


def test_nothing_to_measure_ablation_on_is_said(sentences, small_encoder, tmp_path) -> None:
    small_encoder.model.save_pretrained(tmp_path / "model")
    small_encoder.tokenizer.save_pretrained(tmp_path / "model")
    with pytest.raises(CheckpointError, match=r"no masked-LM head.*--probes"):
        ablation_table(tmp_path / "model", small_encoder, Treebank(sentences[:3]), [], progress=False)
