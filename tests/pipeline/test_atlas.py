"""An atlas of languages in five scripts: every cell is what analyses found, and a bad language loses no other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import typer
from typer.testing import CliRunner

from tests.pipeline.conftest import tiny_bert
from tests.pipeline.five_scripts import SENTENCES, sentences_of, write_languages
from treeprobe.pipeline import Options
from treeprobe.pipeline.atlas.association import ENOUGH, association_rows, rho_interval
from treeprobe.pipeline.atlas.figures import draw_figures, maps_of
from treeprobe.pipeline.atlas.making import AtlasError, AtlasPlan, Made, make_atlas
from treeprobe.pipeline.atlas.maps import ANGLE, LOSS, classical_scaling, complete, loss_distances
from treeprobe.pipeline.atlas.page import make_page
from treeprobe.pipeline.atlas.treebanks import find_languages
from treeprobe.pipeline.commands.atlas import atlas_command
from treeprobe.pipeline.results.finished import read_finished
from treeprobe.pipeline.results.scores import layer_scores
from treeprobe.reporting import save_figure

MARKUP = "<b>中文</b>"
KNOWN = ("русский", "العربية", "हिन्दी", MARKUP)
"""The languages whose words the checkpoint knows; it knows none of English."""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> AtlasPlan:
    """Five languages, one of which the checkpoint does not know; one without a treebank, and two of one name."""
    folder = tmp_path_factory.mktemp("atlas")
    banks = write_languages(folder / "banks")
    words = dict.fromkeys(
        word.lower() for name in SENTENCES if name != "english" for one in sentences_of(name) for word in one.words
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = tiny_bert(folder / "knows-four", words=words)
    languages = [f"{MARKUP if name == '中文' else name}={path}" for name, path in banks.items()]
    twice = [f"twice={banks['english']}", f"twice={banks['русский']}"]
    return AtlasPlan(
        models=[str(model)],
        languages=[*languages, "xx_nothing", *twice],
        out=folder / "out",
        figures=False,
        options=Options(ranks=(4,), seeds=(0, 1), epochs=40, punctuation="upos", random_baseline=False, control=False),
    )


@pytest.fixture(scope="module")
def made(plan: AtlasPlan) -> Made:
    return make_atlas(plan, progress=False)


def test_one_bad_language_loses_no_other(made: Made) -> None:
    [charted] = made.atlas.charted
    assert charted.languages == KNOWN
    assert set(charted.transfers) == {(one, other) for one in KNOWN for other in KNOWN if one != other}
    assert charted.joint is not None
    assert "Universal Dependencies has no such treebank" in made.failures["xx_nothing"]
    twice = [reason for name, reason in made.failures.items() if name.startswith("twice")]
    assert len(twice) == 2
    assert all("2 treebanks are called twice" in reason and "NAME=TREEBANK" in reason for reason in twice)
    unknown = [reason for name, reason in made.failures.items() if name == "knows-four--english--structure"]
    assert "knows none of the" in unknown[0]
    assert "expected a checkpoint of the treebank's language" in unknown[0]
    page = made.page.read_text(encoding="utf-8")
    for text in ("xx_nothing", "2 treebanks are called twice", "knows none of the"):
        assert text in page


def test_every_cell_is_what_an_analysis_found(plan: AtlasPlan, made: Made) -> None:
    """The slow way: every analysis's own table of scores, seeds averaged, at the layer that is best on average."""
    scores = {(one.analysis, one.trained_on, one.treebank): one.scores() for one in read_finished(plan.out)}
    own = pd.DataFrame({name: layer_scores(scores["structure", name, name]) for name in KNOWN})
    layer = int(own.mean(axis=1).idxmax())
    [charted] = made.atlas.charted
    assert charted.layer == layer
    transfer = made.atlas.tables["transfer"].set_index(["trained_on", "treebank"])
    assert len(transfer) == len(KNOWN) ** 2
    for one in KNOWN:
        for other in KNOWN:
            table = scores["structure", one, one] if one == other else scores["transfer", one, other]
            cell = transfer.loc[(one, other)]
            assert cell["value"] == pytest.approx(layer_scores(table)[layer])
            assert cell["loss"] == pytest.approx(own.loc[layer, other] - cell["value"])
            assert cell["low"] <= cell["value"] <= cell["high"]
            if one != other:
                assert cell["loss_low"] <= cell["loss"] <= cell["loss_high"]
    assert transfer["loss"].abs().max() > 0
    table = made.atlas.tables["scores"]
    above = table[table["metric"] == "above chain"].set_index("treebank")["value"]
    chain = table[table["probe"] == "chain"].set_index("treebank")["value"]
    for name in KNOWN:
        assert above[name] == pytest.approx(own.loc[layer, name] - chain[name])


def test_angles_are_between_probes_of_different_seeds(made: Made) -> None:
    angles = made.atlas.tables["angles"]
    assert len(angles) == len(KNOWN) * (len(KNOWN) + 1) / 2
    assert angles.loc[angles["first"] != angles["second"], "pairs"].eq(2).all()
    assert angles.loc[angles["first"] == angles["second"], "pairs"].eq(1).all()
    assert angles["angle"].between(0, 90).all()
    assert angles["chance"].between(30, 90).all()


def test_maps_have_every_language_that_was_probed(made: Made) -> None:
    table = made.atlas.tables["map"]
    assert list(dict.fromkeys(table["by"])) == [LOSS, ANGLE]
    for _, rows in table.groupby("by"):
        assert tuple(rows["treebank"]) == KNOWN
        assert rows["share"].between(0, 1).all()
    [charted] = made.atlas.charted
    distances = loss_distances(charted, made.atlas.tables["transfer"])
    assert np.allclose(distances, distances.T)


def test_the_page_is_one_file_and_names_are_text(made: Made) -> None:
    page = made.page.read_text(encoding="utf-8")
    assert "<b>中文" not in page
    assert "&lt;b&gt;中文" in page
    assert 'src="http' not in page
    assert [section.identifier for section in make_page(made.atlas).sections] == [
        "map", "scores", "transfer", "angles", "languages", "covariates", "associations", "left-out", "failed",
        "provenance",
    ]  # fmt: skip


def test_a_figure_has_names_in_every_script(made: Made, tmp_path: Path) -> None:
    drawn = next(maps_of(made.atlas))
    texts = [text.get_text() for text in drawn.figure.axes[0].texts]
    assert sorted(texts) == sorted(KNOWN)
    save_figure(drawn.figure, tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 10_000


@pytest.mark.slow
def test_every_figure_is_a_file(made: Made, tmp_path: Path) -> None:
    draw_figures(made.atlas, tmp_path)
    kinds = ("map-by-transfer-loss", "map-by-angle", "transfer-loss", "angles")
    assert {path.name for path in tmp_path.iterdir()} == {
        f"knows-four-{kind}.{suffix}" for kind in kinds for suffix in ("pdf", "png")
    }


def test_few_languages_have_no_correlation(made: Made) -> None:
    assert made.atlas.tables["associations"].empty
    assert f"takes {ENOUGH} languages or more" in made.page.read_text(encoding="utf-8")


def test_the_command_does_nothing_again_and_says_what_was_left_out(plan: AtlasPlan, made: Made) -> None:
    app = typer.Typer()
    app.command()(atlas_command)
    records = sorted(Path(plan.out).glob("tasks/*/analysis.json"))
    times = [path.stat().st_mtime_ns for path in records]
    before = (made.page.parent / "transfer.csv").read_bytes()
    words = ["--models", plan.models[0], "--languages", ",".join(plan.languages), "--out", str(plan.out), "--quiet"]
    words += ["--ranks", "4", "--seeds", "2", "--epochs", "40", "--no-random-baseline", "--no-control", "--no-figures"]
    found = CliRunner().invoke(app, words)
    assert found.exit_code == 1, found.output
    assert [path.stat().st_mtime_ns for path in records] == times
    assert (made.page.parent / "transfer.csv").read_bytes() == before
    assert "knows-four: at layer" in found.output
    for text in ("xx_nothing: ", "2 treebanks are called twice", "knows none of the"):
        assert text in found.output
    assert str(made.page) in found.output.replace("\n", "")


def test_without_any_treebank_there_is_no_atlas(plan: AtlasPlan, tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match="no treebank to make an atlas of") as caught:
        make_atlas(replace(plan, languages=["xx_nothing"], out=tmp_path / "none"), progress=False)
    assert "xx_nothing" in str(caught.value)
    assert not (tmp_path / "none").exists()


def test_a_bad_line_of_a_list_loses_no_other(tmp_path: Path) -> None:
    banks = write_languages(tmp_path)
    good = [f"{name} {path / 'xx-train.conllu'} {path / 'xx-dev.conllu'}" for name, path in banks.items()]
    (tmp_path / "list.txt").write_text("\n".join([*good[:2], "lost only-one-cell", *good[2:]]), encoding="utf-8")
    found = find_languages([str(tmp_path / "list.txt")])
    assert found.names == tuple(SENTENCES)
    [(name, reason)] = found.left_out.items()
    assert name.startswith("lost, line 3")
    assert "2 cells; expected NAME TRAIN DEV [TEST]" in reason


def test_points_of_a_plane_come_back_with_their_distances() -> None:
    points = np.random.default_rng(0).normal(size=(7, 2))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    found = classical_scaling(distances)
    assert found.share == pytest.approx(1)
    assert np.allclose(np.linalg.norm(found.points[:, None] - found.points[None], axis=2), distances)


@pytest.mark.parametrize("count", [4, 9])
def test_points_that_no_plane_holds_keep_a_share(count: int) -> None:
    """Points that are all equally far apart have count - 1 dimensions alike, of which a map keeps two."""
    assert classical_scaling(1 - np.eye(count)).share == pytest.approx(2 / (count - 1))


def test_a_language_without_all_distances_is_left_off_the_map() -> None:
    names = list("abcd")
    distances = pd.DataFrame(1 - np.eye(4), index=names, columns=names)
    distances.loc["b", "c"] = distances.loc["c", "b"] = distances.loc["b", "d"] = distances.loc["d", "b"] = np.nan
    assert list(complete(distances).index) == ["a", "c", "d"]


def planted_scores(count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """UUAS that falls with the subwords a word has, and has nothing to do with the length of sentences."""
    generator = np.random.default_rng(1)
    names = [f"l{number}" for number in range(count)]
    subwords = generator.uniform(1, 3, size=count)
    scores = pd.DataFrame(
        {"checkpoint": "m", "treebank": names, "probe": "distance", "metric": "uuas", "value": np.exp(-subwords)}
    )
    measures = {
        "subwords_per_word": subwords,
        "sentence_length": generator.permutation(count),
        "words": np.full(count, 9),
    }
    tables = [
        pd.DataFrame({"checkpoint": "m", "treebank": names, "measure": name, "value": value})
        for name, value in measures.items()
    ]
    return scores, pd.concat(tables)


def test_correlations_are_found_where_they_are_and_only_with_enough_languages() -> None:
    found = association_rows(*planted_scores(20)).set_index("measure")
    assert list(found.index) == ["subwords_per_word", "sentence_length"], "what is the same everywhere has no rho"
    assert found.loc["subwords_per_word", "rho"] == pytest.approx(-1)
    assert found.loc["subwords_per_word", "p_holm"] < 0.001
    assert found.loc["sentence_length", "low"] < 0 < found.loc["sentence_length", "high"]
    assert len(association_rows(*planted_scores(ENOUGH))) == 2
    assert association_rows(*planted_scores(ENOUGH - 1)).empty


def test_the_interval_of_rho_holds_it_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    draws = generator.normal(size=(2, 600, 15))
    ranks = draws.argsort(axis=2).argsort(axis=2)
    rhos = [float(np.corrcoef(one, other)[0, 1]) for one, other in zip(*ranks, strict=True)]
    held = np.mean([low < 0 < high for low, high in (rho_interval(rho, 15) for rho in rhos)])
    assert 0.92 < held < 0.98
