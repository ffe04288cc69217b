"""Two runs compared layer by layer: the numbers are those of their score tables, in every format."""

import io
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from treeprobe.extraction import Encoder
from treeprobe.pipeline import Options, Plan, Sources, Splits, analyse, compare_checkpoints, compare_runs, sweep
from treeprobe.pipeline.commands.main import main
from treeprobe.pipeline.comparisons.formats import print_comparison
from treeprobe.pipeline.results.findings import FindingsError
from treeprobe.pipeline.results.finished import structure_of
from treeprobe.pipeline.results.scores import HEADLINE_METRICS, best_layer, layer_scores

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "compare-two-checkpoints.md"
QUICK = Options(ranks=(4,), seeds=(0, 1), epochs=1, samples=0, random_baseline=False, control=False)


@pytest.fixture(scope="module")
def place(checkpoint: Path, treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the page names: a sweep over `tuned` and `base`, and its tasks as `runs/first`, `runs/second`.

    The second has no layer 0; `runs/other` was scored on other sentences.
    """
    place = tmp_path_factory.mktemp("place")
    shutil.copytree(checkpoint, place / "tuned")
    shutil.copytree(checkpoint, place / "base")
    Encoder.from_pretrained(checkpoint).with_random_weights(seed=5).model.save_pretrained(place / "base")
    splits = Splits("to_y", *(treebank_files[split] for split in ("train", "dev", "test")))
    plan = Plan(models=[place / "tuned", place / "base"], treebanks=[splits], out=place / "sweep", options=QUICK)
    sweep(plan, progress=False)
    (place / "runs").mkdir()
    shutil.copytree(place / "sweep" / "tasks" / "tuned--to_y--structure", place / "runs" / "first")
    files = {split: treebank_files[split] for split in ("train", "dev", "test")}
    fewer = Options(**{**vars(QUICK), "layers": (1, 2)})
    sources = Sources(model=place / "base", treebank="to_y", **files)
    analyse("structure", sources, place / "runs" / "second", options=fewer, figures=False, progress=False)
    sources = Sources(model=place / "base", train=files["train"], dev=files["dev"], max_sentences=9)
    analyse("structure", sources, place / "runs" / "other", options=fewer, figures=False, progress=False)
    return place


def test_scores_are_those_of_the_tables_and_differences_first_less_second(place: Path) -> None:
    runs = [place / "runs" / "first", place / "runs" / "second"]
    pd.testing.assert_frame_equal(compare_runs(*runs), compare_runs(*runs, split="test"))
    for split in ("dev", "test"):
        table = compare_runs(*runs, split=split)
        scores = [structure_of(run).scores() for run in runs]
        for _, row in table.iterrows():
            for metric in HEADLINE_METRICS:
                for side, own in zip(("first", "second"), scores):
                    expected = layer_scores(own, metric=metric, split=split)[row[f"{side}_layer"]]
                    assert row[f"{metric}_{side}"] == pytest.approx(expected)
                gap = row[f"{metric}_difference"]
                assert gap == pytest.approx(row[f"{metric}_first"] - row[f"{metric}_second"])
                assert row[f"{metric}_low"] <= gap <= row[f"{metric}_high"]
                assert row["least_p"] == pytest.approx(2 / 1001)
                assert row["least_p"] <= row[f"{metric}_p"] <= 1
    assert table[["first", "second", "treebank", "split"]].iloc[0].tolist() == ["tuned", "base", "to_y", "test"]


def test_dev_chooses_the_best_layers_and_both_must_have_the_others(place: Path) -> None:
    runs = [place / "runs" / "first", place / "runs" / "second"]
    best = [best_layer(structure_of(run).scores()) for run in runs]
    for split in ("dev", "test"):
        table = compare_runs(*runs, split=split)
        assert table["best"].tolist() == [True, False, False]
        assert table[["first_layer", "second_layer"]].to_numpy().tolist() == [best, [1, 1], [2, 2]]


def test_it_agrees_with_the_comparison_of_a_single_metric_and_turns_round(place: Path) -> None:
    table = compare_runs("tuned", "base", sweep=place / "sweep")
    back = compare_runs("base", "tuned", sweep=place / "sweep")
    assert table["first_layer"].tolist()[1:] == [0, 1, 2]
    for metric in HEADLINE_METRICS:
        single = compare_checkpoints(place / "sweep", "tuned", "base", metric=metric)
        found = table[[f"{metric}_{cell}" for cell in ("difference", "low", "high", "p")]].iloc[0].tolist()
        assert found == pytest.approx([single.value, single.low, single.high, single.p])
        np.testing.assert_allclose(table[f"{metric}_low"], -back[f"{metric}_high"], atol=1e-12)
        np.testing.assert_allclose(table[f"{metric}_p"], back[f"{metric}_p"])


def test_nothing_differs_from_itself(place: Path) -> None:
    first = place / "runs" / "first"
    table = compare_runs(first, first, metrics=["uuas"], layers=(1, 1))
    cells = ["uuas_difference", "uuas_low", "uuas_high", "uuas_p"]
    assert table[["best", *cells]].to_numpy().tolist() == [[False, 0, 0, 0, 1]]
    # Two of one name are told apart by what was given.
    assert table[["first", "second"]].iloc[0].tolist() == [str(first), str(first)]


@pytest.mark.parametrize(
    ("second", "options", "message"),
    [
        ("runs/other", {}, r"different sentences of dev: .*first on 20 of .* and .*other on 9 of"),
        ("runs/other", {"split": "test"}, "other: was not scored on test; found train, dev"),
        ("runs/second", {"layers": (0, 0)}, r"base: no layer 0; measured \[1, 2\]"),
        ("runs/second", {"metrics": ["las"]}, "no las on test"),
        ("base", {}, "base: there is no such folder.*--sweep"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    second: str, options: dict[str, object], message: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place / "runs")
    with pytest.raises(FindingsError, match=message):
        compare_runs("first", second if "/" not in second else place / second, **options)


def test_the_text_fits_80_columns_and_says_the_least_p(place: Path) -> None:
    table = compare_runs("tuned", "base", sweep=place / "sweep", split="dev")
    text = print_comparison(table.assign(uuas_p=table["least_p"]))
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"^UUAS .*<0\.002$", text, flags=re.MULTILINE)
    assert "1,000 resamples" in text.replace("\n", " ")
    assert [line[:5] for line in text.splitlines() if "±" in line and "*:" not in line] == ["    0", "    1", "    2"]
    assert "chosen on these sentences" in text.replace("\n", " ")
    assert "chosen on" not in print_comparison(compare_runs("tuned", "base", sweep=place / "sweep"))


def test_latex_is_a_booktabs_table_of_as_many_columns_as_cells(place: Path) -> None:
    table = compare_runs("tuned", "base", sweep=place / "sweep", metrics=["uuas", "nspr"])
    table["uuas_p"] = table["least_p"]
    text = print_comparison(table, "latex")
    (columns,) = re.findall(r"\\begin\{tabular\}\{(\w+)\}", text)
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")].splitlines()[1:]
    assert len(body) == 4
    assert {len(line.split("&")) for line in body} == {len(columns)} == {9}
    assert all("$<0.002$" in line for line in body)
    # Signatures stand in comments, which LaTeX skips.
    text = "\n".join(line for line in text.splitlines() if not line.startswith("% "))
    assert not re.search(r"(?<![$])<", text)
    assert not re.search(r"(?<!\\)[_%]", text)
    assert r"to\_y" in text
    for name in ("table*", "tabular"):
        assert text.count(f"\\begin{{{name}}}") == text.count(f"\\end{{{name}}}") == 1


def test_markdown_has_a_row_a_layer_and_as_many_cells_as_headings(place: Path) -> None:
    table = compare_runs("tuned", "base", sweep=place / "sweep").assign(first="a|b")
    lines = [line for line in print_comparison(table, "markdown").splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(table)
    assert {line.count("|") for line in lines} == {1 + 1 + 4 * 5}


def test_csv_and_json_are_the_table(place: Path) -> None:
    table = compare_runs("tuned", "base", sweep=place / "sweep")
    read = pd.read_csv(io.StringIO(print_comparison(table, "csv")))
    pd.testing.assert_frame_equal(read, table.fillna({"differing": np.nan}), check_dtype=False)
    assert pd.DataFrame(json.loads(print_comparison(table, "json")))["uuas_difference"].tolist() == pytest.approx(
        table["uuas_difference"].tolist()
    )


def test_the_commands_and_the_code_of_the_page_run(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    commands = [
        line for block in re.findall(r"^```sh\n(.*?)^```", text, flags=re.M | re.S) for line in block.splitlines()
    ]
    assert len(commands) == 7
    monkeypatch.chdir(place)
    for line in commands:
        monkeypatch.setattr(sys, "argv", line.split(" > ")[0].split())
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr().out
        assert ended.value.code == 0, line
        out = Path(line.split()[-1]).read_text(encoding="utf-8") if " --out " in line else shown
        assert ("base" if "sweep" in line else "tuned") in out, line
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S):
        exec(compile(block, str(PAGE), "exec"), names)


@pytest.mark.parametrize(
    ("more", "message"),
    [(["--layers", "3"], "expected two"), (["--metrics", "uuas,las"], "las; expected some of uuas,dspr")],
)
def test_bad_options_are_named(
    more: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["treeprobe", "compare", "a", "b", *more])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())
