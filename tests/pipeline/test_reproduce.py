"""Published settings are data that can be read, run and compared; what was given instead is told."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from transformers import BertConfig, BertModel

from tests.pipeline.conftest import WORDS, tiny_bert
from treeprobe.parsing import Tally, read_conllu, write_conllu
from treeprobe.pipeline.analyses import find_analysis
from treeprobe.pipeline.commands.main import main
from treeprobe.pipeline.commands.reproduce import ENDINGS
from treeprobe.pipeline.packaged_probes import embedded_probes
from treeprobe.pipeline.reproduction import published
from treeprobe.pipeline.reproduction.published import (
    Expected,
    PublishedSetting,
    ReproductionError,
    find_setting,
    published_settings,
    read_settings,
)
from treeprobe.pipeline.reproduction.reproducing import Reproduction, reproduce, sentence_mean
from treeprobe.pipeline.reproduction.telling import reproduction_text, setting_text, settings_text
from treeprobe.pipeline.results.findings import read_record
from treeprobe.pipeline.results.finished import load_results, structure_of
from treeprobe.pipeline.results.measured import everything_measured
from treeprobe.signature import Signature

NAMES = sorted(published_settings())


@pytest.fixture(scope="module")
def bert_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of BERT base's form, 12 blocks of 12 heads, with random weights and 24 dimensions."""
    folder = tiny_bert(tmp_path_factory.mktemp("stand-ins") / "base", words=(".", ",", *WORDS))
    config = BertConfig(
        vocab_size=len(WORDS) + 7,
        hidden_size=24,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def relations(treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dev split with relations of Stanford Dependencies, but no `pobj`."""
    names = ("nsubj", "dobj", "det", "prep", "amod", "aux")
    bank = [
        replace(one, relations=tuple("root" if head < 0 else names[place % 6] for place, head in enumerate(one.heads)))
        for one in read_conllu(treebank_files["dev"])
    ]
    write_conllu(bank, path := tmp_path_factory.mktemp("relations") / "dev.conllu")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_each_setting_can_be_told_and_run(name: str) -> None:
    setting = find_setting(name)
    analysis = find_analysis(setting.analysis)
    assert set(setting.treebank.needs) >= {split for split, need in analysis.splits.items() if need == "required"}
    assert setting.source
    assert setting.checked
    assert setting.expected
    for one in setting.expected:
        assert one.where
        assert one.value is None or one.tolerance > 0
        assert one.value is None or -1 <= one.value <= 1
        layer, rank = one.where.get("layer"), one.where.get("rank")
        assert layer is None or int(layer) <= setting.checkpoint.blocks
        assert layer is None or setting.options.layers is None or layer in setting.options.layers
        assert rank is None or rank in setting.options.ranks
        assert "split" not in one.where or one.where["split"] in setting.treebank.needs
    for text in (setting_text(setting), settings_text([setting])):
        assert name in text
        assert max(len(line) for line in text.splitlines() if "http" not in line and "digest" not in line) <= 100


def test_the_registry_has_what_was_published() -> None:
    """Numbers that readers know, each by where it stands."""

    def value(name: str, what: str) -> float | None:
        return next(one.value for one in find_setting(name).expected if one.what.startswith(what))

    assert value("hewitt-manning-2019-bert-base", "UUAS") == 0.798
    assert value("hewitt-manning-2019-bert-large-16", "root accuracy") == 0.901
    assert value("hewitt-manning-2019-ranks", "UUAS, rank 64") == 0.795
    assert value("clark-2019-heads", "det, head 8-11") == 0.943
    assert value("chi-2020-languages", "all languages but") == 0.705
    languages = {"en_ewt": 0.816, "bg_btb": 0.855, "ru_syntagrus": 0.841, "ar_padt": 0.729, "zh_gsd": 0.708}
    for code, uuas in languages.items():
        assert value(f"mbert-ud-{code}", "UUAS") == pytest.approx(uuas, abs=0.0005)
    assert sum(name.startswith("mbert-ud-") for name in NAMES) == 23


def test_our_own_setting_is_that_of_the_probes_in_the_package() -> None:
    """What is known of them: their record's options and digests, and their scores to the digits given."""
    setting, record = find_setting("treeprobe-minilm-en_ewt"), read_record(embedded_probes())
    assert setting.checkpoint.digest == record["checkpoint"]["digest"]
    assert setting.treebank.digests == {split: one["digest"] for split, one in record["splits"].items()}
    for name in ("ranks", "seeds", "punctuation", "text", "pooling", "random_baseline", "control", "epochs"):
        found = getattr(setting.options, name)
        assert (list(found) if isinstance(found, tuple) else found) == record["options"][name]
    scores = load_results(embedded_probes())
    for one in setting.expected:
        rows = scores[np.logical_and.reduce([scores[column] == value for column, value in one.where.items()])]
        assert one.value == pytest.approx(rows["value"].item(), abs=5e-5)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("hewitt-maning-2019-bert-base", "did you mean hewitt-manning-2019-bert-base"),
        ("mbert-ud-ru", "mbert-ud-ru_syntagrus"),
        ("clark", "did you mean clark-2019-heads"),
        ("%%%", "no published setting is called %%%; `treeprobe reproduce --list`"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(asked: str, told: str) -> None:
    with pytest.raises(ReproductionError) as refused:
        find_setting(asked)
    assert told in str(refused.value)


def test_a_stand_in_of_the_same_form_runs_and_says_what_it_lacks(
    bert_base: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    found = reproduce("mbert-ud-bg_btb", tmp_path / "out", given={"model": bert_base, **treebank_files}, progress=False)
    assert found.verdict == "stand-in"
    assert found.lacks == (
        "base has 24 dimensions; expected 768 (bert-base-multilingual-cased)",
        "train has 40 sentences; expected 8,907 (UD Bulgarian-BTB)",
    )
    assert found.unchecked[0].startswith("the weights of bert-base-multilingual-cased")
    assert found.table["found"].between(0, 1).all()
    np.testing.assert_allclose(found.table["difference"], found.table["found"] - found.table["expected"])
    within = found.table["difference"].abs() <= found.table["tolerance"]
    assert found.table["within"].tolist() == within.tolist()
    assert {Signature.parse(text).punctuation for text in found.table["signature"]} == {"upos"}
    # The mean over sentences is worked out from the tallies, and is not that over edges, which the table has.
    one = next(
        one
        for one in everything_measured(structure_of(tmp_path / "out"))
        if (one.metric, one.setting.split, one.setting.layer, one.setting.probe) == ("uuas", "test", 7, "distance")
    )
    tally = one.tally()
    shares = [hits / edges for hits, edges in zip(tally.numerators, tally.denominators) if edges]
    assert found.table["found"].iloc[0] == pytest.approx(sum(shares) / len(shares))
    assert found.table["found"].iloc[0] != pytest.approx(tally.value)
    # The folder is that of the analysis, vouches for the table too, and can be read like any other.
    record = read_record(tmp_path / "out")
    assert record["reproduction"]["verdict"] == "stand-in"
    assert "reproduction.csv" in record["files"]
    assert len(load_results(tmp_path / "out")) > 0
    text = reproduction_text(found)
    assert all(said in " ".join(text.split()) for said in (*found.lacks, "Verdict: stand-in"))


def test_heads_are_looked_up_and_a_missing_relation_is_said(bert_base: Path, relations: Path, tmp_path: Path) -> None:
    found = reproduce(
        "clark-2019-heads", tmp_path / "out", given={"model": bert_base, "dev": relations}, progress=False
    )
    table = pd.read_csv(tmp_path / "out" / "relations.csv")
    rows = table.query("relation == 'det' and layer == 8 and head == 11 and direction == 'to head'")
    by_name = found.table.set_index("what")
    assert by_name.loc["det, head 8-11", "found"] == pytest.approx(rows["accuracy"].item())
    assert "pobj, head 9-6: found no such score" in found.lacks
    assert np.isnan(by_name.loc["pobj, head 9-6", "found"])
    assert any(
        lack.startswith("det, head 8-11: found ") and lack.endswith("edges; expected 3,337") for lack in found.lacks
    )


@pytest.fixture(scope="module")
def ours(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> PublishedSetting:
    """A setting that is at hand: what a first run finds is its published numbers."""
    banks = {split: read_conllu(path) for split, path in treebank_files.items()}
    base = find_setting("treeprobe-minilm-en_ewt")
    setting = replace(
        base,
        name="ours",
        checkpoint=replace(base.checkpoint, hub=str(checkpoint), embedded=False, blocks=2, dim=16, digest=None),
        treebank=replace(
            base.treebank,
            sentences={split: len(bank) for split, bank in banks.items()},
            digests={split: bank.digest for split, bank in banks.items()},
        ),
        options=replace(base.options, ranks=(4,), seeds=(0, 1), epochs=1, layers=(1, 2)),
        expected=tuple(
            Expected(what=metric, where={"metric": metric, "split": "test", "layer": 1, "probe": probe})
            for metric, probe in (("uuas", "distance"), ("nspr", "depth"))
        ),
    )
    out = tmp_path_factory.mktemp("ours") / "first"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(published, "published_settings", lambda: {"ours": setting})
        first = reproduce("ours", out, given=dict(treebank_files), progress=False)
    assert first.verdict == "nothing to compare"
    expected = tuple(
        replace(one, value=round(value, 3), tolerance=0.001)
        for one, value in zip(setting.expected, first.table["found"])
    )
    known = replace(setting.checkpoint, digest=read_record(out)["checkpoint"]["digest"])
    return replace(setting, expected=expected, checkpoint=known)


def again(
    setting: PublishedSetting,
    given: dict[str, Path],
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    anyway: bool = False,
) -> Reproduction:
    """What comes of a changed setting."""
    monkeypatch.setattr(published, "published_settings", lambda: {"ours": setting})
    shutil.rmtree(out, ignore_errors=True)
    return reproduce("ours", out, given=dict(given), anyway=anyway, progress=False)


def test_what_is_the_same_is_reproduced_and_what_is_not_is_refused_or_told(
    ours: PublishedSetting, treebank_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    found = again(ours, treebank_files, out, monkeypatch)
    assert (found.verdict, found.lacks, found.unchecked) == ("reproduced", (), ())
    assert "Verdict: reproduced: every number is within its tolerance." in reproduction_text(found)
    # The mean over both seeds.
    scores = load_results(out).query("metric == 'uuas' and split == 'test' and layer == 1 and probe == 'distance'")
    assert found.table["found"].iloc[0] == pytest.approx(scores["value"].mean())

    first, second = ours.expected
    assert first.value is not None
    far = replace(ours, expected=(replace(first, value=first.value + 0.1), second))
    found = again(far, treebank_files, out, monkeypatch)
    assert found.verdict == "not reproduced"
    assert found.table["within"].tolist() == [False, True]
    assert "1 of 2 numbers are outside their tolerance" in reproduction_text(found)

    other = replace(ours, treebank=replace(ours.treebank, digests={**ours.treebank.digests, "train": "f" * 64}))
    with pytest.raises(ReproductionError, match=r"ours: train: found the digest \w{12} \(.*\), expected ffffffffffff"):
        again(other, treebank_files, out, monkeypatch)
    assert not out.exists()
    found = again(other, treebank_files, out, monkeypatch, anyway=True)
    assert found.verdict == "stand-in"
    assert found.table["within"].all()

    weights = replace(ours, checkpoint=replace(ours.checkpoint, digest="e" * 64))
    with pytest.raises(ReproductionError, match=r"tiny-bert: found the digest \w{12}, expected eeeeeeeeeeee"):
        again(weights, treebank_files, out, monkeypatch)


def test_a_treebank_without_a_public_name_must_be_given(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ReproductionError, match=r"found no train treebank; expected --train: Penn Treebank 3"):
        reproduce("hewitt-manning-2019-bert-base", tmp_path / "out", given={"model": checkpoint}, progress=False)


def test_the_mean_over_sentences_counts_each_alike_and_empty_ones_not() -> None:
    tally = Tally("uuas", np.array([1.0, 4.0, 0.0]), np.array([1.0, 8.0, 0.0]), np.zeros(3, dtype=int))
    assert sentence_mean(tally) == pytest.approx((1 + 0.5) / 2)
    assert tally.value == pytest.approx(5 / 9)
    nothing = Tally("uuas", np.zeros(2), np.zeros(2), np.zeros(2, dtype=int))
    assert np.isnan(sentence_mean(nothing))


GOOD = """
title = "t"
source = "s"
url = ""
checked = "c"
analysis = "structure"
tolerance = "x"
differs = []
checkpoint = { hub = "m", blocks = 2, dim = 16 }
treebank = { name = "b", needs = ["train", "dev"] }
options = { ranks = [4] }
[[settings]]
name = "one"
[[settings.expected]]
what = "UUAS"
where = { metric = "uuas" }
value = 0.5
tolerance = 0.1
"""


def test_what_settings_share_is_joined_with_their_own(tmp_path: Path) -> None:
    shared = GOOD.partition("[[settings]]")[0] + (
        '[[expected]]\nkey = "u"\nwhat = "UUAS"\nwhere = { metric = "uuas" }\n'
        '[[settings]]\nname = "a"\noptions = { seeds = [1] }\nwhere = { layer = 1 }\nvalues = { u = 0.5 }\n'
        '[[settings]]\nname = "b"\noptions = { ranks = [8] }\n'
    )
    (tmp_path / "shared.toml").write_text(shared)
    one, other = read_settings(tmp_path / "shared.toml")
    assert (one.options.ranks, one.options.seeds, other.options.ranks) == ((4,), (1,), (8,))
    assert one.expected[0].where == {"metric": "uuas", "layer": 1}
    assert (one.expected[0].value, other.expected[0].value) == (0.5, None)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("[[settings]]", "[settings]", "expected a list"),
        ('source = "s"\n', "", "settings[0].source is missing, expected text"),
        ("blocks = 2", 'blocks = "two"', 'checkpoint.blocks is "two", expected an integer of at least 1'),
        ("ranks = [4]", "rank = 4", "options.rank: there is no such field; expected some of ranks"),
        ("ranks = [4]", "ranks = [0]", "options.ranks: found [0]; expected one or more numbers"),
        ("value = 0.5", "vlaue = 0.5", "vlaue: there is no such field; expected some of what, where"),
        ("value = 0.5", "value = half", "cannot be read"),
    ],
)
def test_a_file_that_is_not_as_it_must_be_is_named(before: str, after: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(GOOD)
    assert [one.name for one in read_settings(tmp_path / "good.toml")] == ["one"]
    assert before in GOOD
    (tmp_path / "bad.toml").write_text(GOOD.replace(before, after))
    with pytest.raises(ReproductionError) as refused:
        list(read_settings(tmp_path / "bad.toml"))
    assert "bad.toml" in str(refused.value)
    assert message in str(refused.value)


def run_command(*words: str | Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["treeprobe", "reproduce", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(str(ended.value.code))


def test_the_exit_code_is_the_verdict(
    ours: PublishedSetting, treebank_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.setattr(published, "published_settings", lambda: {"ours": ours})
    given = [word for split, path in treebank_files.items() for word in (f"--{split}", path)]
    assert ENDINGS == {"reproduced": 0, "not reproduced": 1, "stand-in": 3, "nothing to compare": 3}
    more = ["--anyway", "--max-sentences", "11", "--json", "--quiet"]
    assert run_command("ours", *given, "--out", tmp_path / "b", *more, monkeypatch=monkeypatch) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "stand-in"
    assert [row["what"] for row in told["rows"]] == ["uuas", "nspr"]
    assert run_command("ours", *given, "--out", tmp_path / "c", *more[1:], monkeypatch=monkeypatch) == 2
    assert "train: found the digest" in capsys.readouterr().err


def test_the_list_names_all_and_bad_calls_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command("--list", monkeypatch=monkeypatch) == 0
    listed = capsys.readouterr().out
    assert [name for name in NAMES if f"  {name}\n" not in listed] == []
    assert run_command("--list", "clark-2019-heads", monkeypatch=monkeypatch) == 0
    assert "det, head 8-11" in capsys.readouterr().out
    assert run_command("clark", monkeypatch=monkeypatch) == 2
    assert "did you mean clark-2019-heads" in capsys.readouterr().err
    assert run_command("clark-2019-heads", monkeypatch=monkeypatch) == 2
    assert "--out is missing" in capsys.readouterr().err
