"""The closing table shows first what one looks at first, in 80 columns, and everything when asked."""

import re
from collections.abc import Iterator

import pandas as pd
import pytest

from treeprobe.parsing import Score
from treeprobe.pipeline.closing_table import closing_table
from treeprobe.pipeline.results.scores import PROBE_OF, Setting, score_table

LAYERS, BEST = range(13), 8


def rows(
    probe: str, layer: int | None, value: float, *, rank: int | None = 8, seed: int = 0, selective: bool = False
) -> Iterator[dict[str, object]]:
    """Rows of the four headline scores on dev and test, where `value` is that on dev; test's is a little lower."""
    for metric, kind in PROBE_OF.items():
        for split, found in (("dev", value), ("test", value - 0.01)):
            scores = [Score(metric, found, found - 0.02, found + 0.02, 9)]
            scores += [Score(f"selectivity_{metric}", found / 2, 0, 1, 9)] if selective else []
            setting = Setting("a", "toy", split, kind if probe == "probe" else probe, layer, rank, seed)
            for one in scores:
                yield {**vars(setting), **vars(one), "mean_low": one.low, "mean_high": one.high}


def table(*, ranks: tuple[int, ...] = (8,), seeds: tuple[int, ...] = (0,)) -> pd.DataFrame:
    """A score table with peaks at layer `BEST`, of random weights at 2, of the states at 1; the chain between them."""
    found: list[dict[str, object]] = []
    for rank in ranks:
        for seed in seeds:
            for layer in LAYERS:
                value = 0.8 - 0.02 * abs(layer - BEST) - 0.1 * (rank != max(ranks)) + 0.01 * seed
                found += rows("probe", layer, value, rank=rank, seed=seed, selective=True)
                found += rows("control", layer, value / 2, rank=rank, seed=seed)
    for layer in LAYERS:
        found += rows("random weights", layer, 0.4 - 0.01 * abs(layer - 2), rank=max(ranks))
        found += [
            row
            for row in rows("untransformed", layer, 0.3 - 0.01 * abs(layer - 1), rank=None)
            if row["metric"] in ("uuas", "dspr")
        ]
    return score_table([*found, *rows("chain", None, 0.45, rank=None)])


def lines_of(text: str, split: str) -> list[str]:
    """The lines of the table of a split, its heading first."""
    (block,) = [block for block in text.split("\n\n") if block.startswith(split)]
    return block.splitlines()[1:]


def test_first_come_the_best_layer_its_selectivity_layer_0_and_the_baselines() -> None:
    text = closing_table(table()).text
    for split in ("dev", "test"):
        heading, *lines = lines_of(text, split)
        assert [line[:21].split() for line in lines] == [
            ["probes", "8*"], ["selectivity", "8*"], ["probes", "0"], ["chain"], ["untransformed", "1*"],
            ["random", "weights", "2*"],
        ]  # fmt: skip
        assert heading.split() == ["layer", "UUAS", "DSpr.", "root", "accuracy", "NSpr."]
    assert lines_of(text, "dev")[1].split()[2:4] == ["0.800", "±0.020"]
    assert lines_of(text, "test")[1].split()[2:4] == ["0.790", "±0.020"]
    assert lines_of(text, "dev")[2].split()[2] == "+0.400"
    assert "control" not in text.replace("control\ntrees", "").replace("control trees", "")


def test_it_warns_of_intervals_over_few_sentences_and_of_no_others() -> None:
    few = table()
    many = few.assign(n=2000)
    assert "fewer than 500 sentences" in " ".join(closing_table(few).text.split())
    assert "fewer than" not in " ".join(closing_table(many).text.split())


def test_it_fits_80_columns_and_cells_begin_below_their_headings() -> None:
    for scores in (table(), table(ranks=(4, 8), seeds=(0, 1))):
        text = closing_table(scores).text
        assert max(map(len, text.splitlines())) <= 80
        heading, *lines = lines_of(text, "dev")
        starts = [match.start() for match in re.finditer(r"(?<=  )\S", heading) if match.group() != "l"]
        assert len(starts) == 4
        for line in lines:
            # The states alone have distances but no depths: the last two cells of their line are empty.
            filled = starts[:2] if line.startswith("untransformed") else starts
            assert all(line[start - 1] == " " != line[start] for start in filled), line


def test_in_full_it_has_every_layer_and_rank_and_marks_the_best() -> None:
    closing = closing_table(table(ranks=(4, 8)))
    lines = [line.split() for line in lines_of(closing.full, "dev") if line.startswith("probes")]
    assert [line[1:3] for line in lines] == [
        [f"{layer}*" if (layer, rank) == (BEST, 8) else str(layer), str(rank)] for rank in (4, 8) for layer in LAYERS
    ]
    assert "Probes of rank 8, the largest" in closing.text.replace("\n", " ")
    assert len(lines_of(closing.text, "dev")) == 7


def test_the_layer_is_the_one_that_dev_chooses() -> None:
    scores = table()
    on_test = (scores["split"] == "test") & (scores["layer"] == 1) & (scores["probe"] == "distance")
    scores.loc[on_test, "value"] = 0.99
    assert "   8*" in lines_of(closing_table(scores).text, "test")[1]


def test_rows_are_those_of_the_score_table_without_controls() -> None:
    scores, closing = table(), closing_table(table())
    found = closing.rows.set_index(["split", "probe", "layer", "metric"]).sort_index()
    kept = scores[scores["probe"] != "control"].set_index(["split", "probe", "layer", "metric"]).sort_index()
    pd.testing.assert_frame_equal(found[["value", "low", "high"]], kept[["value", "low", "high"]])
    best = closing.rows[closing.rows["best"]]
    assert set(zip(best["probe"], best["layer"])) == {
        ("distance", 8),
        ("depth", 8),
        ("random weights", 2),
        ("untransformed", 1),
    }


def test_several_seeds_are_shown_as_their_mean_with_its_spread() -> None:
    assert "seeds" not in closing_table(table()).text
    closing = closing_table(table(seeds=(0, 1)))
    lines = [line.split() for line in lines_of(closing.text, "dev")]
    assert lines[1][:4] == ["probes", "8*", "0.805", "±0.020"]
    assert lines[2][:5] == ["sd", "over", "seeds", "8*", "0.007"]
    assert "means over 2 seeds" in closing.text.replace("\n", " ")
    assert set(closing.rows["metric"]) == {*PROBE_OF, *(f"selectivity_{metric}" for metric in PROBE_OF)}


@pytest.mark.parametrize("layers", [(3,), (0,), (2, 3)])
def test_few_layers_will_do(layers: tuple[int, ...]) -> None:
    scores = table()
    closing = closing_table(scores[scores["layer"].isna() | scores["layer"].isin(list(layers))])
    best = min(layers, key=lambda layer: abs(layer - BEST))
    shown = [line.split()[1] for line in lines_of(closing.text, "dev") if line.startswith("probes")]
    assert shown == [f"{best}*"]


def test_without_a_score_no_layer_is_best() -> None:
    scores = table().assign(value=float("nan"))
    text = closing_table(scores).text
    assert "nan" not in text
    assert "*" not in text
    assert "–" in text
