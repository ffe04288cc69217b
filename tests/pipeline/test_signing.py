"""Every row of a table that holds scores says how they were made, also in folders of before there were signatures."""

import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from treeprobe.files import write_json
from treeprobe.pipeline import Options, Sources, analyse, compare_runs, load_results
from treeprobe.pipeline.commands.compare import FORMS
from treeprobe.pipeline.commands.main import main
from treeprobe.pipeline.comparisons.formats import print_comparison
from treeprobe.pipeline.comparisons.signatures import SignatureWarning, check_comparable
from treeprobe.pipeline.results.findings import read_record
from treeprobe.pipeline.results.finished import structure_of
from treeprobe.pipeline.results.measured import everything_measured
from treeprobe.pipeline.results.scores import SIGNATURE
from treeprobe.pipeline.results.signing import SCORES, sign, signature_of
from treeprobe.records import sealed
from treeprobe.reporting import headline_table, merge_seeds
from treeprobe.signature import Signature, SignatureError

QUICK = Options(ranks=(4, 400), seeds=(0, 1), epochs=1, samples=0, random_baseline=False, control=False)
VARIANTS: dict[str, dict[str, Any]] = {
    "run": {},
    "again": {"layers": (1, 2), "seeds": (0,)},
    "upos": {"punctuation": "none"},
    "last": {"pooling": "last"},
    "narrow": {"ranks": (4,)},
}


@pytest.fixture(scope="module")
def runs(checkpoint: Path, treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs of one checkpoint by different options."""
    place = tmp_path_factory.mktemp("runs")
    for name, change in VARIANTS.items():
        sources = Sources(model=checkpoint, treebank="toy", **treebank_files)
        options = replace(QUICK, **change)
        found = analyse("structure", sources, place / name, options=options, figures=False, progress=False)
        if found.closing is not None:
            found.closing.rows.to_json(place / f"{name}.json", orient="records")
    return place


def signatures(folder: Path) -> list[Signature]:
    """Those of the score table of a run."""
    return [Signature.parse(text) for text in load_results(folder)[SIGNATURE]]


def test_each_row_says_what_it_holds(runs: Path) -> None:
    table, record = load_results(runs / "run"), read_record(runs / "run")
    assert table["rank"].dropna().unique().tolist() == [4, 16]
    for row, said in zip(table.to_dict("records"), signatures(runs / "run")):
        split = record["splits"][row["split"]]
        assert (said.metric, said.split, said.treebank, said.probe) == (
            row["metric"], row["split"], "toy", row["probe"]
        )  # fmt: skip
        assert (said.digest, said.sentences) == (split["digest"][:8], split["sentences"])
        assert said.layer == (None if pd.isna(row["layer"]) else row["layer"])
        assert said.chosen is None
        if row["probe"] == "distance":
            assert (said.pooling, said.text, said.context, said.epochs) == ("mean", "words", "sentence", 1)
            assert said.train == record["splits"]["train"]["digest"][:8]
            assert said.seeds == 2
            # A rank above the width of the states is the one that was asked for: so wide and narrow models compare.
            assert said.rank == {4: 4, 16: 400}[row["rank"]]
        if row["probe"] == "chain":
            assert (said.pooling, said.train, said.rank, said.layer, said.seeds) == (None,) * 5
    found = {said.metric: said for said in signatures(runs / "run")}
    assert (found["uuas"].average, found["uuas"].decoder, found["uuas"].punctuation) == (
        "micro",
        "spanning_tree",
        "xpos",
    )
    assert (found["dspr"].average, found["dspr"].lengths, found["dspr"].punctuation) == ("macro", "5-50", "none")


def test_seeds_of_a_setting_share_a_signature_and_settings_do_not(runs: Path) -> None:
    table = load_results(runs / "run")
    settings = ["split", "layer", "probe", "rank", "metric"]
    assert (table.groupby(settings, dropna=False)[SIGNATURE].nunique() == 1).all()
    assert table[SIGNATURE].nunique() == table.groupby(settings, dropna=False).ngroups
    assert len(merge_seeds(table)) == table[SIGNATURE].nunique()


def test_a_headline_says_what_chose_its_layer(runs: Path) -> None:
    table = headline_table(load_results(runs / "run"))
    for row in table.to_dict("records"):
        said = Signature.parse(row["signature"])
        assert said.chosen == (None if pd.isna(row["layer"]) else "dev")


def test_the_table_of_a_terminal_says_it_too(runs: Path) -> None:
    rows = json.loads((runs / "run.json").read_text())
    assert rows
    for row in rows:
        assert Signature.parse(row["signature"]).chosen == ("dev" if row["best"] else None)


def test_a_folder_of_before_there_were_signatures_is_signed_by_its_record(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "narrow", tmp_path / "old")
    record = dict(read_record(runs / "narrow"))
    for later in ("files", "digest", "trained", "ranks_asked"):
        record.pop(later)
    record["options"].pop("context")
    write_json(tmp_path / "old" / "analysis.json", sealed(record))
    scores = pd.read_csv(tmp_path / "old" / "scores.csv")
    scores.drop(columns=SIGNATURE).to_csv(tmp_path / "old" / "scores.csv", index=False)
    assert signatures(tmp_path / "old") == signatures(runs / "narrow")
    assert not compare_runs(tmp_path / "old", runs / "narrow")["differing"].any()


def test_what_an_old_record_does_not_say_is_not_made_up(runs: Path, tmp_path: Path) -> None:
    record = dict(read_record(runs / "narrow"))
    del record["punctuation"]
    said = signature_of({"metric": "uuas", "split": "dev", "layer": 1, "probe": "distance", "rank": 4}, record)
    assert said.punctuation is None
    assert "punct (not said and xpos)" in refusal(said, replace(said, punctuation="xpos"))


def test_an_option_of_later_counts_only_where_it_is_not_the_default(runs: Path) -> None:
    record = read_record(runs / "narrow")
    cells = {"metric": "uuas", "split": "dev", "layer": 1, "probe": "distance", "rank": 4}
    said = signature_of(cells, record)
    assert said.options is None
    for options, same in (({"grammar_pairs": 800}, True), ({"grammar_pairs": 80}, False), ({"new": 1}, False)):
        later = signature_of(cells, {**record, "options": {**record["options"], **options}})
        assert (later == said) == same
    few = signature_of(cells, {**record, "options": {**record["options"], "sentences": 7}})
    assert few == replace(said, sentences=7)


def refusal(first: Signature, second: Signature) -> str:
    """What is said of two signatures that are refused."""
    with pytest.raises(SignatureError) as refused:
        check_comparable([(first, second)], ("a", "b"))
    return str(refused.value)


def test_tables_without_scores_stay_as_they_are(runs: Path) -> None:
    record = read_record(runs / "run")
    table = pd.DataFrame({"layer": [0, 1], "centre": [0.5, 0.25]})
    assert sign(table, record) is table
    assert SIGNATURE in sign(table.assign(value=[1.0, 2.0]), record)
    empty = sign(table.assign(value=[1.0, 2.0]).iloc[:0], record)
    assert empty.empty
    assert SIGNATURE in empty


@pytest.mark.parametrize(
    ("name", "needs"),
    [("heads", "--ablate"), ("positions", ""), ("transfer", ""), ("sentence_probes", "")],
)
def test_every_analysis_signs_what_it_scores(
    name: str, needs: str, runs: Path, checkpoint: Path, treebank_files: dict[str, Path],
    tmp_path: Path
) -> None:  # fmt: skip
    sources = Sources(
        model=checkpoint,
        dev=treebank_files["test" if name == "transfer" else "dev"],
        train=treebank_files["train"] if name == "sentence_probes" else None,
        probes=runs / "run" if name in ("heads", "positions", "transfer") else None,
    )
    options = replace(QUICK, layers=(1,), ablate=bool(needs))
    found = analyse(name, sources, tmp_path / "out", options=options, figures=False, progress=False)
    scored = {table: rows for table, rows in found.tables.items() if set(SCORES) & set(rows.columns)}
    assert scored
    for table, rows in scored.items():
        said = [Signature.parse(text) for text in rows[SIGNATURE]]
        assert {one.analysis for one in said} == {name}, table
        assert pd.read_csv(tmp_path / "out" / f"{table}.csv", keep_default_na=False)[SIGNATURE].tolist() == list(
            map(str, said)
        )
        if name in ("positions", "transfer") and said[0].metric == "uuas":
            # How the probes that were taken over had been trained.
            record = read_record(runs / "run")
            assert (said[0].train, said[0].epochs) == (record["splits"]["train"]["digest"][:8], 1)


def test_the_tallies_of_a_score_have_its_signature(runs: Path) -> None:
    one = structure_of(runs / "run")
    rows = set(one.scores()[SIGNATURE])
    measured = [each.signature for each in everything_measured(one)]
    assert measured
    assert {str(each) for each in measured} <= rows


@pytest.mark.parametrize(
    ("other", "told"),
    [("upos", r"punct \(xpos and none\)"), ("last", r"words \(mean and last\)"), ("narrow", r"rank \(400 and 4\)")],
)
def test_scores_made_in_different_ways_are_not_subtracted_unless_told(other: str, told: str, runs: Path) -> None:
    pair = (runs / "run", runs / other)
    with pytest.raises(SignatureError, match=rf"run and .*{other}: scores of different signatures: {told}; .*--anyway"):
        compare_runs(*pair)
    with pytest.warns(SignatureWarning, match=told):
        table = compare_runs(*pair, anyway=True)
    assert table["differing"].str.fullmatch(told).all()
    for form in ("text", "latex", "markdown"):
        assert "Of different signatures: " in print_comparison(table, form)  # type: ignore[arg-type]


def test_what_may_differ_is_compared_and_said(runs: Path) -> None:
    table = compare_runs(runs / "run", runs / "again", metrics=["uuas", "nspr"])
    assert table["differing"].isna().all()
    for _, row in table.iterrows():
        for metric in ("uuas", "nspr"):
            ours, theirs = (Signature.parse(row[f"{metric}_{side}_signature"]) for side in ("first", "second"))
            assert ours.differing(theirs) == {}
            assert (ours.layer, theirs.layer) == (row["first_layer"], row["second_layer"])
            assert (ours.seeds, theirs.seeds) == (2, 1)
            assert ours.chosen == theirs.chosen == ("dev" if row["best"] else None)


def test_two_versions_are_compared_with_a_warning(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "run", tmp_path / "old")
    record = dict(read_record(runs / "run"))
    record["versions"]["treeprobe"] = "0.0.7"
    write_json(tmp_path / "old" / "analysis.json", sealed({**record, "digest": None}))
    with pytest.warns(SignatureWarning, match=r"scored by treeprobe 0\.0\.7 and \d"):
        compare_runs(tmp_path / "old", runs / "again")


def run_command(*words: str | Path) -> int:
    """The exit code of a command."""
    sys.argv = ["treeprobe", *map(str, words)]
    with pytest.raises(SystemExit) as ended:
        main()
    return int(str(ended.value.code))


def test_the_command_refuses_and_writes_what_the_name_of_the_file_says(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [])
    assert run_command("compare", runs / "run", runs / "upos") == 2
    assert "punct (xpos and none)" in capsys.readouterr().err
    table = compare_runs(runs / "run", runs / "again")
    assert FORMS == {".tex": "latex", ".md": "markdown", ".csv": "csv", ".json": "json"}
    for ending, form in ((".tex", "latex"), (".txt", "text")):
        out = tmp_path / f"table{ending}"
        assert run_command("compare", runs / "run", runs / "again", "--out", out) == 0
        assert capsys.readouterr().out == ""
        assert out.read_text(encoding="utf-8") == print_comparison(table, form) + "\n"  # type: ignore[arg-type]
    assert run_command("compare", runs / "run", runs / "again", "--out", tmp_path / "no" / "table.tex") == 2
    assert "table.tex: cannot be written" in capsys.readouterr().err


def test_the_better_score_is_bold_where_the_interval_excludes_zero(runs: Path) -> None:
    table = compare_runs(runs / "run", runs / "again", metrics=["uuas"], layers=(1, 1))
    for low, high, latex, markdown in (
        (0.1, 0.2, r"$\mathbf{0.750}$ & $0.500$", "**0.750** | 0.500"),
        (-0.2, -0.1, r"$0.750$ & $\mathbf{0.500}$", "0.750 | **0.500**"),
        (-0.1, 0.1, r"$0.750$ & $0.500$", "| 0.750 | 0.500"),
    ):
        row = table.assign(uuas_first=0.75, uuas_second=0.5, uuas_low=low, uuas_high=high)
        assert latex in print_comparison(row, "latex")
        assert markdown in print_comparison(row, "markdown")


def test_latex_survives_names_that_are_no_latex(runs: Path) -> None:
    """As no LaTeX may be at hand: braces are balanced, and every special character outside of markup is escaped."""
    name = r"50% of #1_~^{x}\&$"
    table = compare_runs(runs / "run", runs / "again", metrics=["uuas"]).assign(first=name, treebank=name)
    body = "\n".join(line for line in print_comparison(table, "latex").splitlines() if not line.startswith("% "))
    caption = body[body.index(r"\caption{") + len(r"\caption{") : body.rindex("}\n")]
    plain = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum)\{\}|\\[&%$#_{}]|\$<[\d.]+\$", "", caption)
    assert not re.search(r"[\\~^&%$#_{}<>]", plain)
    unescaped = re.sub(r"\\[{}]", "", body)
    assert unescaped.count("{") == unescaped.count("}")
    assert re.sub(r"\\\$", "", body).count("$") % 2 == 0
