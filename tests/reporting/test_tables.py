"""Tables for readers agree with the tidy tables that they are made from."""

from pathlib import Path

import pandas as pd
import pytest

from treeprobe.reporting import best_heads, best_layer, headline_table, headline_text, merge_seeds


def test_merging_seeds_leaves_everything_else_apart(scores: pd.DataFrame) -> None:
    merged = merge_seeds(scores)
    assert len(merged) == 4 * 2 + 1
    assert "seed" not in merged
    one = merged[(merged["layer"] == 2) & (merged["rank"] == 32)].iloc[0]
    assert one["value"] == pytest.approx(0.605)
    assert (one["low"], one["high"]) == (pytest.approx(0.585), pytest.approx(0.625))
    assert (one["seeds"], one["seed_sd"]) == (2, pytest.approx(0.01 / 2**0.5))
    chain = merged[merged["probe"] == "chain"].iloc[0]
    assert chain["seeds"] == 0
    assert pd.isna(chain["seed_sd"])
    known = merge_seeds(scores.assign(mean_low=0.1, mean_high=0.9))
    assert set(known["low"]) == {0.1}
    assert set(known["high"]) == {0.9}
    pd.testing.assert_frame_equal(merge_seeds(merged), merged)


def test_the_headline_is_the_best_layer_by_the_mean_of_its_seeds(scores: pd.DataFrame) -> None:
    table = headline_table(scores)
    probe = table[(table["probe"] == "distance") & (table["rank"] == 8)].iloc[0]
    assert probe["layer"] == 3
    assert probe["value"] == pytest.approx(0.655)
    assert (probe["low"], probe["high"]) == (pytest.approx(0.635), pytest.approx(0.675))


def test_a_table_without_seeds_has_a_headline_too(scores: pd.DataFrame) -> None:
    own = scores[scores["seed"].isna() | (scores["seed"] == 0)].drop(columns="seed")
    table = headline_table(own)
    assert set(table["seeds"]) == {0}
    assert not headline_text(table).apply(lambda cells: cells.astype(str).str.contains(" sd ")).to_numpy().any()


def test_one_lucky_seed_does_not_choose_the_layer(scores: pd.DataFrame) -> None:
    lucky = scores.copy()
    lucky.loc[(lucky["layer"] == 1) & (lucky["seed"] == 1), "value"] = 0.67
    assert (headline_table(lucky).query("probe == 'distance'")["layer"] == 3).all()


def by_layer(values: dict[str, list[float]], **cells: object) -> pd.DataFrame:
    """UUAS of distance probes by split and layer."""
    rows = [
        {"split": split, "layer": layer, "value": value, "low": value - 0.1, "high": value + 0.1}
        for split, own in values.items()
        for layer, value in enumerate(own)
    ]
    same = {"checkpoint": "a", "treebank": "ewt", "metric": "uuas", "probe": "distance", "rank": 8, "seed": 0, "n": 9}
    return pd.DataFrame(rows).assign(**{**same, **cells})


def test_dev_chooses_the_layer_that_is_reported_on_every_split() -> None:
    table = headline_table(by_layer({"dev": [0.3, 0.6, 0.5], "test": [0.3, 0.4, 0.9]}))
    assert table[["split", "layer", "value"]].to_numpy().tolist() == [["dev", 1, 0.6], ["test", 1, 0.4]]
    assert (headline_table(by_layer({"dev": [0.3, 0.4, 0.9], "test": [0.3, 0.6, 0.5]}))["layer"] == 2).all()


def test_a_tie_goes_to_the_lower_layer_and_the_largest_rank_decides() -> None:
    assert best_layer(by_layer({"dev": [0.2, 0.5, 0.5]})) == 1
    both = pd.concat([by_layer({"dev": [0.9, 0.2]}, rank=2), by_layer({"dev": [0.2, 0.3]})])
    assert best_layer(both) == 1
    assert best_layer(both[both["rank"] == 2]) == 0
    assert best_layer(by_layer({"test": [0.2, 0.5]})) is None
    assert best_layer(by_layer({"dev": [float("nan")] * 2})) is None


def test_scores_without_dev_scores_choose_their_layer_themselves_and_say_so() -> None:
    alone = by_layer({"test": [0.3, 0.4, 0.2]}, checkpoint="b")
    table = headline_table(pd.concat([by_layer({"dev": [0.4, 0.3], "test": [0.3, 0.4]}), alone]))
    assert table[["checkpoint", "split", "layer", "chosen_on"]].to_numpy().tolist() == [
        ["a", "dev", 0, "dev"], ["a", "test", 0, "dev"], ["b", "test", 1, "test"]
    ]  # fmt: skip
    assert headline_text(table)["UUAS"].str.endswith("(layer 1, chosen here)").tolist() == [False, False, True]


def test_of_two_dev_splits_none_chooses_for_a_third_treebank() -> None:
    two = [by_layer({"dev": [0.3, 0.4]}), by_layer({"dev": [0.4, 0.3]}, treebank="gum")]
    third = by_layer({"test": [0.3, 0.4]}, treebank="third")
    chosen = headline_table(pd.concat([*two, third])).set_index("treebank")["chosen_on"].to_dict()
    assert chosen == {"ewt": "dev", "gum": "dev", "third": "test"}


def test_a_test_split_of_another_name_goes_by_the_only_dev_split() -> None:
    scores = pd.concat([by_layer({"dev": [0.3, 0.4]}), by_layer({"test": [0.6, 0.5]}, treebank="natural")])
    assert headline_table(scores)[["treebank", "layer"]].to_numpy().tolist() == [["ewt", 1], ["natural", 1]]


def test_each_treebank_and_each_training_treebank_chooses_for_itself() -> None:
    own = by_layer({"dev": [0.3, 0.6], "test": [0.3, 0.6]}, trained_on="ewt")
    carried = by_layer({"dev": [0.5, 0.2], "test": [0.1, 0.2]}, trained_on="gum")
    table = headline_table(pd.concat([own, carried]))
    assert table.groupby("trained_on")["layer"].unique().map(list).to_dict() == {"ewt": [1], "gum": [0]}
    assert len(headline_text(table)) == 4


def test_scores_of_the_training_split_are_no_headline() -> None:
    scores = pd.concat([by_layer({"dev": [0.3, 0.4]}), by_layer({"train": [900.0, 800.0]}, metric="codelength")])
    assert headline_table(scores)["metric"].tolist() == ["uuas"]


def test_baselines_come_last_and_are_marked(scores: pd.DataFrame) -> None:
    table = headline_table(scores)
    assert table["baseline"].tolist() == [False, False, True]
    assert table["probe"].iloc[-1] == "chain"


def test_the_headline_in_words(scores: pd.DataFrame) -> None:
    text = headline_text(headline_table(scores))
    cells = dict(zip(text["probe"] + text["rank"], text["UUAS"], strict=True))
    assert cells["distance8"] == "0.655 [0.635, 0.675] sd 0.007 (layer 3, chosen here)"
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
