"""Tables for readers agree with the tidy tables that they are made from."""

from pathlib import Path

import pandas as pd
import pytest

from treeprobe.reporting import best_heads, headline_table, headline_text, merge_seeds


def test_merging_seeds_leaves_everything_else_apart(scores: pd.DataFrame) -> None:
    merged = merge_seeds(scores)
    assert len(merged) == 4 * 2 + 1
    assert "seed" not in merged
    one = merged[(merged["layer"] == 2) & (merged["rank"] == 32)].iloc[0]
    assert one["value"] == pytest.approx(0.605)
    assert (one["low"], one["high"]) == (pytest.approx(0.58), pytest.approx(0.63))
    pd.testing.assert_frame_equal(merge_seeds(merged), merged)


def test_the_headline_is_the_best_layer_by_the_mean_of_its_seeds(scores: pd.DataFrame) -> None:
    table = headline_table(scores)
    probe = table[(table["probe"] == "distance") & (table["rank"] == 8)].iloc[0]
    assert probe["layer"] == 3
    assert probe["value"] == pytest.approx(0.655)
    assert (probe["low"], probe["high"]) == (pytest.approx(0.63), pytest.approx(0.68))


def test_one_lucky_seed_does_not_choose_the_layer(scores: pd.DataFrame) -> None:
    lucky = scores.copy()
    lucky.loc[(lucky["layer"] == 1) & (lucky["seed"] == 1), "value"] = 0.67
    assert (headline_table(lucky).query("probe == 'distance'")["layer"] == 3).all()


def test_baselines_come_last_and_are_marked(scores: pd.DataFrame) -> None:
    table = headline_table(scores)
    assert table["baseline"].tolist() == [False, False, True]
    assert table["probe"].iloc[-1] == "chain"


def test_the_headline_in_words(scores: pd.DataFrame) -> None:
    text = headline_text(headline_table(scores))
    cells = dict(zip(text["probe"] + text["rank"], text["UUAS"], strict=True))
    assert cells["distance8"] == "0.655 [0.630, 0.680] (layer 3)"
    assert cells["chain"] == "0.430 [0.410, 0.450]"


def test_the_best_head_of_each_relation() -> None:
    rows = pd.DataFrame(
        [
            {"layer": 3, "head": 9, "relation": "nsubj", "direction": "head", "n": 50, "accuracy": 0.556},
            {"layer": 1, "head": 1, "relation": "nsubj", "direction": "head", "n": 50, "accuracy": 0.1},
            {"layer": 3, "head": 1, "relation": "obj", "direction": "dependent", "n": 90, "accuracy": 0.74},
        ]
    ).assign(baseline=0.3, offset=-1)
    table = best_heads(rows)
    assert table[["relation", "head", "accuracy"]].to_numpy().tolist() == [
        ["obj", "3-1", 0.74],
        ["nsubj", "3-9", 0.556],
    ]
    with pytest.raises(ValueError, match="offset"):
        best_heads(rows.drop(columns="offset"))


def test_tables_read_back_from_a_file_say_the_same(scores: pd.DataFrame, tmp_path: Path) -> None:
    scores.to_csv(tmp_path / "scores.csv", index=False)
    again = pd.read_csv(tmp_path / "scores.csv")
    pd.testing.assert_frame_equal(headline_text(headline_table(again)), headline_text(headline_table(scores)))
