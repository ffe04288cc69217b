"""The report card, on planted probes: one that reads words alone falls where words are new, others do not."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.collections import LineCollection
from transformers import BertModel

from tests.pipeline.conftest import tiny_bert
from treeprobe.behaviour import NumberForms
from treeprobe.parsing import Scorer, Sentence, Treebank
from treeprobe.parsing.stimuli import agreement_pairs
from treeprobe.parsing.treebanks import ConstructionFilter
from treeprobe.pipeline import Options, Sources, analyse, write_report
from treeprobe.pipeline.card.cells import divided
from treeprobe.pipeline.card.held_out import training_sets
from treeprobe.pipeline.card.texts import ChangedText, broken_agreement, changes, grammar_text
from treeprobe.pipeline.options import OptionsError
from treeprobe.pipeline.results.findings import Findings
from treeprobe.reporting import card_figure
from treeprobe.signature import Signature

VERBS = ("sees", "runs")
NOUNS = ("cat", "dog", "man", "king", "tree", "bird")
QUICK = Options(ranks=(16,), seeds=(0,), layers=(0,), epochs=60, punctuation="none", held_out=("obj", "csubj"))


def star(generator: np.random.Generator, name: str) -> Sentence:
    """A verb somewhere among nouns, on which they all hang; half of the sentences call the last of them an object."""
    words = generator.permutation(NOUNS)[: generator.integers(3, 7)].tolist()
    root = int(generator.integers(len(words)))
    words[root] = str(generator.choice(VERBS))
    relations = ["root" if place == root else "nsubj" for place in range(len(words))]
    if generator.random() < 0.5 and root < len(words) - 1:
        relations[-1] = "obj"
    return Sentence(
        words=tuple(words),
        heads=tuple(-1 if place == root else root for place in range(len(words))),
        relations=tuple(relations),
        upos=tuple("VERB" if place == root else "NOUN" for place in range(len(words))),
        xpos=("_",) * len(words),
        space_after=(True,) * len(words),
        identifier=name,
    )


def stars(count: int, *, seed: int, name: str) -> Treebank:
    generator = np.random.default_rng(seed)
    return Treebank([star(generator, f"{name}-{number}") for number in range(count)], name=name)


@pytest.fixture(scope="module")
def lexical(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT whose layer 0 knows which word it is and nothing else: each noun has a direction, the verbs share one."""
    folder = tiny_bert(tmp_path_factory.mktemp("card") / "lexical", words=(*VERBS, *NOUNS))
    model = BertModel.from_pretrained(folder)
    embeddings = model.embeddings
    with torch.no_grad():
        embeddings.position_embeddings.weight.zero_()
        embeddings.token_type_embeddings.weight.zero_()
        for number in range(len(VERBS) + len(NOUNS)):
            direction = max(number - len(VERBS) + 1, 0)
            own = embeddings.word_embeddings.weight[5 + number]
            own.zero_()
            own[2 * direction : 2 * direction + 2] = torch.tensor([1.0, -1.0])
    model.save_pretrained(folder)
    return folder


def run(model: Path, out: Path, *, options: Options = QUICK, figures: bool = True) -> Findings:
    sources = Sources(model=model, train=stars(160, seed=0, name="stars"), dev=stars(60, seed=1, name="stars"))
    return analyse("card", sources, out, options=options, figures=figures, progress=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("found") / "card"


@pytest.fixture(scope="module")
def found(lexical: Path, folder: Path) -> Findings:
    return run(lexical, folder)


def value(table: pd.DataFrame, column: str = "value", **wanted: str) -> float:
    """One number of the table; factors that are not named are left open."""
    names = {
        "source": "dev", "probe": "distance", "training": "all", "condition": "original", "edges": "all",
        "length": "all", "attractors": "all", "marks": "all", "metric": "uuas",
    }  # fmt: skip
    chosen = table[table["chosen"]]
    for name, own in (names | wanted).items():
        chosen = chosen[chosen[name] == own]
    assert len(chosen) == 1, wanted
    return float(chosen[column].iloc[0])


def test_a_probe_that_reads_words_falls_on_jabberwocky(found: Findings) -> None:
    """The head is the verb, known by its form alone: pseudo-words have none that the probe knows."""
    table = found.tables["card"]
    assert value(table) > 0.9
    assert value(table, condition="jabberwocky") < 0.6
    assert value(table, "difference_high", condition="jabberwocky") < 0


def test_a_probe_that_reads_places_alone_is_as_it_was(lexical: Path, tmp_path: Path) -> None:
    """All words look alike to this model, so that jabberwocky is to it what was there before."""
    shutil.copytree(lexical, tmp_path / "places")
    model = BertModel.from_pretrained(lexical)
    with torch.no_grad():
        model.embeddings.word_embeddings.weight.zero_()
        model.embeddings.position_embeddings.weight.normal_(generator=torch.Generator().manual_seed(0))
    model.save_pretrained(tmp_path / "places")
    options = replace(QUICK, epochs=2, held_out=(), conditions=("jabberwocky",), random_baseline=False)
    table = run(tmp_path / "places", tmp_path / "out", options=options, figures=False).tables["card"]
    assert value(table, condition="jabberwocky") == value(table)
    assert value(table, "difference", condition="jabberwocky") == 0


def test_the_chain_has_nothing_beside_pairs_as_far_apart(found: Findings) -> None:
    """Adjacency alone: a third of the edges, and 0 in every condition beside pairs of the same length."""
    table = found.tables["card"]
    for condition in ("original", "jabberwocky", "scrambled"):
        assert value(table, probe="chain", condition=condition) > 0.15
        for metric in ("matched_uuas", "balanced_uuas"):
            assert value(table, probe="chain", condition=condition, metric=metric) == pytest.approx(0, abs=1e-12)
    assert value(table, metric="matched_uuas") > 0.7
    assert value(table, "effective_n", metric="balanced_uuas") < value(table, "n", metric="balanced_uuas")
    assert 0 < value(table, "covered", metric="matched_uuas") < 1


def test_words_tell_as_much_in_any_order(found: Findings) -> None:
    """A probe that reads words alone loses nothing where they are scrambled: the tree moves along with them."""
    table = found.tables["card"]
    assert abs(value(table, "difference", condition="scrambled")) < 0.1


def test_every_cell_has_its_baselines_beside_it(found: Findings) -> None:
    table = found.tables["card"]
    cells = ["source", "training", "condition", "edges", "length", "attractors", "marks"]
    own = table[(table["metric"] == "uuas") & (table["training"] == "all")]
    assert not own.duplicated([*cells, "probe"]).any()
    assert (own.groupby(cells)["probe"].nunique() == 3).all()
    assert {(row.length, row.attractors) for row in own.itertuples()} >= {("2", "0"), ("4-5", "all"), ("all", "0")}
    scored = own[own["low"].notna()]
    assert (scored["low"] <= scored["value"] + 1e-9).all()
    assert (scored["high"] >= scored["value"] - 1e-9).all()


def test_cells_add_up_to_the_whole(found: Findings) -> None:
    """Each factor divides the edges: mean by cell, weighted by edges, is the headline."""
    table = found.tables["card"]
    whole = table[(table["metric"] == "uuas") & (table["probe"] == "distance") & (table["edges"] == "all")]
    whole = whole[(whole["source"] == "dev") & (whole["condition"] == "original")]
    for factor in ("length", "attractors", "marks"):
        others = [name for name in ("length", "attractors", "marks") if name != factor]
        own = whole[(whole[others] == "all").all(axis=1) & (whole[factor] != "all")]
        assert own["n"].sum() == value(table, "n")
        assert np.average(own["value"], weights=own["n"].astype(float)) == pytest.approx(value(table))
    both = whole[(whole["length"] != "all") & (whole["attractors"] != "all")]
    assert both["n"].sum() == value(table, "n")


def test_what_was_held_out_is_beside_a_size_matched_training(found: Findings) -> None:
    table = found.tables["card"]
    told = "size-matched to without obj"
    gap = value(table, "difference", training="without obj", edges="obj")
    own, beside = (value(table, training=name, edges="obj") for name in ("without obj", told))
    assert gap == pytest.approx(own - beside)
    assert value(table, "n", training="all", edges="obj") == value(table, "n", training=told, edges="obj")
    assert found.details["left_out"].keys() == {"csubj", "ungrammatical (dev)"}
    assert "no training sentence" in found.details["left_out"]["csubj"]


def test_training_sets_are_of_one_size_and_nearly_as_many_words() -> None:
    bank = stars(200, seed=5, name="stars")
    construction = ConstructionFilter.named("obj")
    sets = training_sets(bank, construction)
    assert not isinstance(sets, str)
    assert len(sets.without) == len(sets.matched)
    assert not any(bank[number] in construction for number in sets.without.tolist())
    has = [number for number, one in enumerate(bank) if one in construction]
    assert set(has) <= set(sets.matched.tolist())
    words = [sum(len(bank[number]) for number in own.tolist()) for own in (sets.without, sets.matched)]
    assert abs(words[0] - words[1]) < 0.1 * words[0]
    assert isinstance(training_sets(bank, ConstructionFilter.named("nsubj")), str)


def test_report_and_figure_show_the_card(found: Findings, folder: Path) -> None:
    assert {path.name for path in (folder / "figures").iterdir()} == {"card-dev.pdf", "card-dev.png"}
    page = write_report(folder).read_text()
    assert "Report card" in page
    assert "size-matched" in page
    assert found.closing is not None
    assert "jabberwocky" in found.closing.text
    assert "left out: csubj (no training sentence has it)" in found.closing.text
    with pytest.raises(ValueError, match="no text 'test'"):
        card_figure(found.tables["card"], text="test")


def test_each_row_of_a_card_has_a_signature_of_its_own(found: Findings, folder: Path) -> None:
    table = pd.read_csv(folder / "card.csv").drop_duplicates(["probe", "layer", "metric", "signature"])
    assert len(table) == len(found.tables["card"])
    said = {Signature.parse(text).cell for text in table["signature"]}
    assert {"condition=original", "condition=scrambled,length=2"} <= said


def test_a_class_alone_is_drawn_with_its_interval_and_no_panel_is_empty() -> None:
    cells = {"source": "grammar", "chosen": True, "training": "all", "edges": "all", "marks": "all", "n": 100}
    rows = [
        {**cells, "probe": probe, "condition": "original", "metric": metric, "length": length, "attractors": number,
         "value": 0.5, "low": 0.4, "high": 0.6}
        for probe in ("distance", "chain")
        for metric in ("uuas", "matched_uuas")
        for length in ("all", "1", "2")
        for number in ("all", "0")
    ]  # fmt: skip
    panels = card_figure(pd.DataFrame(rows), text="grammar").axes
    assert len(panels) == 5
    assert all(panel.axison for panel in panels)
    crossed = next(panel for panel in panels if "2 words apart" in panel.get_legend_handles_labels()[1])
    (bar,) = [artist for artist in crossed.collections if isinstance(artist, LineCollection)]
    assert bar.get_segments()[0][:, 1].tolist() == [0.4, 0.6]


def test_agreement_is_broken_where_there_is_some() -> None:
    pairs = agreement_pairs(40, seed=3)
    forms = NumberForms.of([pair.sentence for pair in pairs])
    broken = [broken_agreement(pair.sentence, forms) for pair in pairs]
    known = [(pair, own) for pair, own in zip(pairs, broken) if own.words != pair.sentence.words]
    assert len(known) > 20
    assert sum(own.words[pair.place] == pair.wrong for pair, own in known) > 0.8 * len(known)
    assert all(own.heads == pair.sentence.heads for pair, own in known)
    noun = stars(1, seed=0, name="stars")[0]
    assert broken_agreement(noun, forms) is noun


def test_only_sentences_that_read_otherwise_are_read_again() -> None:
    bank = grammar_text(12)
    assert len(bank) == 12
    text = ChangedText.of("half", bank, lambda one: one if len(one) % 2 else replace(one, words=("x",) * len(one)))
    assert text.numbers.tolist() == [number for number, one in enumerate(bank) if not len(one) % 2]
    assert all(mask.all() for mask in text.touched)


def test_pairs_with_a_changed_word_are_a_cell_of_their_own() -> None:
    bank = stars(10, seed=2, name="stars")
    scorer = Scorer(bank, punctuation="none")
    touched = [np.arange(len(one)) == 0 for one in bank]
    text = divided(scorer, touched=touched)
    (cell,) = [one for one in text.cells if one.edges != "all"]
    assert cell.among.tolist() == (text.pairs.first == 0).tolist()


def test_unknown_conditions_are_named() -> None:
    with pytest.raises(OptionsError, match="jabberwocky, scrambled, ungrammatical"):
        Options(conditions=("reversed",))
    with pytest.raises(OptionsError, match="grammar_sentences"):
        Options(grammar_sentences=-1)


def test_a_treebank_without_content_words_has_no_jabberwocky(lexical: Path, tmp_path: Path) -> None:
    """Its words have no tags that say so: the condition changes nothing, and is said to change nothing."""
    plain = [replace(one, upos=("X",) * len(one)) for one in stars(60, seed=0, name="stars")]
    sources = Sources(model=lexical, train=Treebank(plain[:40]), dev=Treebank(plain[40:]), treebank="plain")
    options = replace(QUICK, held_out=(), grammar_sentences=8, random_baseline=False, epochs=1)
    found = analyse("card", sources, tmp_path / "plain", options=options, figures=False, progress=False)
    table = found.tables["card"]
    assert set(table.loc[table["source"] == "dev", "condition"]) == {"original", "scrambled"}
    assert set(table.loc[table["source"] == "grammar", "condition"]) >= {"original", "scrambled", "jabberwocky"}
    assert found.details["texts"]["dev"]["jabberwocky"]["sentences"] == 0
    assert changes((), [], encoder=None, punctuation="none") == {}  # type: ignore[arg-type]
