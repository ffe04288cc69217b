"""Minimal pairs joined with the trees of their sentences: by oracles, by the command, and in a sweep."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import torch

from tests.behaviour.word_models import unigram_bert, word_tokenizer
from treeprobe.behaviour import MinimalPair, WordFrequencies, grammar_pairs, score_pairs
from treeprobe.extraction import language_model
from treeprobe.parsing import Treebank, write_conllu
from treeprobe.parsing.trees import chain_distances, tree_distances
from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.pipeline.analyses.behaviour_items import ItemsFound, find_items
from treeprobe.pipeline.probing.probes import SavedProbes
from treeprobe.pipeline.report.association import association_section
from treeprobe.pipeline.report.results import Results, read_results
from treeprobe.pipeline.results.scores import COLUMNS
from treeprobe.pipeline.subjects.treebanks import Splits
from treeprobe.pipeline.sweeps import Plan, sweep
from treeprobe.probes import DistanceProbe

PROBES = Options(ranks=(8,), seeds=(0, 1), epochs=1, samples=0, random_baseline=False, control=False)
PAIRS = grammar_pairs(80)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Sentences of the grammar as splits, and a masked model of random weights that knows their words."""
    folder = tmp_path_factory.mktemp("items-of")
    sentences = [pair.sentence for pair in grammar_pairs(240, seed=1) if pair.sentence is not None]
    for split, part in {"train": sentences[::2], "dev": sentences[1::2]}.items():
        write_conllu(Treebank(part), folder / f"{split}.conllu")
    every = [*grammar_pairs(240, seed=1), *grammar_pairs(160)]
    words = [word for pair in every for sentence in (pair.good, pair.bad) for word in sentence]
    model = unigram_bert(words, {})
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data.normal_(std=0.3, generator=generator)
    model.save_pretrained(folder / "random")
    word_tokenizer(words).save_pretrained(folder / "random")
    return {"model": folder / "random", **{split: folder / f"{split}.conllu" for split in ("train", "dev")}}


class Oracle(DistanceProbe):
    """Predicts given distances, sentence by sentence in the order in which they are asked for."""

    def predict(self, states: Any) -> list[Any]:
        return [next(self.answers) for _ in range(len(states))]

    answers: Iterator[Any]


def oracle(kind: str, layer: int, seed: int = 0) -> Oracle:
    probe = Oracle(layer, 8, seed)
    good = dict.fromkeys(pair.good for pair in PAIRS)
    trees = {pair.good: pair.sentence.heads for pair in PAIRS if pair.sentence is not None}
    probe.answers = iter(
        [(tree_distances(trees[one]) if kind == "gold" else chain_distances(len(one))).astype(float) for one in good]
    )
    return probe


def joined(files: dict[str, Path], probes: list[Oracle]) -> tuple[ItemsFound, pd.DataFrame]:
    subject = Sources(model=files["model"], dev=files["dev"]).open()
    table = score_pairs(language_model(subject.source, subject.encoder), PAIRS)
    saved = SavedProbes(probes, {"details": {"best_layer": 1}})
    frequencies = WordFrequencies.of(pair.good for pair in PAIRS)
    return find_items(subject, saved, PAIRS, table, Options(), frequencies=frequencies), table


def adjacent(pair: MinimalPair) -> bool:
    """Whether the pair's path is one of neighbours, by networkx."""
    assert pair.sentence is not None
    graph = nx.Graph((word, head) for word, head in enumerate(pair.sentence.heads) if head >= 0)
    words = nx.shortest_path(graph, pair.targets[0], pair.controller)
    return all(abs(a - b) == 1 for a, b in pairwise(words))


def test_gold_trees_have_every_path_and_chains_those_of_neighbours(files: dict[str, Path]) -> None:
    found, table = joined(files, [oracle("gold", 0), oracle("chain", 1), oracle("gold", 2), oracle("chain", 2, seed=1)])
    by_layer = {layer: rows.sort_values("pair")["linked"].to_numpy() for layer, rows in found.items.groupby("layer")}
    near = np.array([float(adjacent(pair)) for pair in PAIRS])
    assert 0 < near.mean() < 1
    assert by_layer[0].tolist() == [1.0] * len(PAIRS)
    assert by_layer[1].tolist() == near.tolist()
    assert by_layer[2].tolist() == ((1 + near) / 2).tolist()  # of two seeds, the share that has it
    rows = found.items[found.items["layer"] == 1].sort_values("pair")
    assert rows["right"].tolist() == table["sentence_right"].tolist()
    association = found.association.set_index(["layer", "measure"])["value"]
    right = table["sentence_right"].to_numpy()
    assert association[1, "right_linked"] == pytest.approx(right[near == 1].mean())
    assert association[1, "right_unlinked"] == pytest.approx(right[near == 0].mean())
    assert np.isnan(association[0, "difference"])
    assert "where the tree of layer 1, the best on dev, has the edges in question" in found.sentence


@dataclass(frozen=True)
class Done:
    """The folders of a structural analysis and of the behaviour that takes its probes over."""

    run: Path
    behaviour: Path


@pytest.fixture(scope="module")
def done(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("items")
    sources = {name: files[name] for name in ("model", "train", "dev")}
    analyse("structure", Sources(**sources), folder / "run", options=PROBES, figures=False, progress=False)
    given = Sources(**sources, probes=folder / "run")
    analyse("behaviour", given, folder / "behaviour", options=Options(grammar_pairs=160), progress=False)
    return Done(folder / "run", folder / "behaviour")


def test_the_analysis_joins_pairs_and_trees_by_layer(done: Done) -> None:
    pairs, items, association = (
        pd.read_csv(done.behaviour / f"{name}.csv") for name in ("pairs", "items", "association")
    )
    layers = sorted(items["layer"].unique())
    assert len(items) == len(pairs) * len(layers)
    assert set(items["linked"]) <= {0.0, 0.5, 1.0}
    merged = items.merge(pairs, on="pair", suffixes=("", "_of_pair"))
    assert (merged["right"] == merged["sentence_right"]).all()
    assert (merged["source"] == merged["source_of_pair"]).all()
    assert set(association["source"]) == {"dev", "grammar"}
    for (source, layer), rows in association.groupby(["source", "layer"]):
        chosen = items[(items["source"] == source) & (items["layer"] == layer)]
        value = rows.set_index("measure").loc["linked", "value"]
        assert value == pytest.approx(chosen["linked"].mean())
    record = json.loads((done.behaviour / "analysis.json").read_text())
    assert record["probes"] == str(done.run)
    assert {"length", "distance", "log_frequency", "frequency_gain"} <= set(record["details"]["items"]["covariates"])
    assert "edges in question" in record["summary"]
    drawn = {path.name for path in (done.behaviour / "figures").iterdir()}
    assert {"association-grammar.pdf", "gain-grammar.pdf"} <= drawn


def test_the_section_shows_the_best_layer(done: Done, tmp_path: Path) -> None:
    section = association_section(read_results(done.behaviour))
    assert section is not None
    association = pd.read_csv(done.behaviour / "association.csv")
    record = json.loads((done.behaviour / "analysis.json").read_text())
    layer = record["details"]["items"]["layer"]
    best = association[(association["layer"] == layer) & (association["source"] == "grammar")].set_index("measure")
    row = next(row for row in section.tables[0].rows if row[1].text == "grammar")
    assert row[3].text == str(layer)
    assert row[4].text == f"{best.loc['linked', 'value']:.3f}"
    assert row[8].number == pytest.approx(np.exp(best.loc["adjusted_log_odds_ratio", "value"]))
    assert [one.title.split(", ")[-1] for one in section.pictures] == ["dev", "grammar"]
    assert association_section(Results(tmp_path, pd.DataFrame(columns=COLUMNS), finished=[], failed=[])) is None


def test_without_probes_there_are_no_items(files: dict[str, Path], tmp_path: Path) -> None:
    found = analyse(
        "behaviour",
        Sources(model=files["model"], dev=files["dev"]),
        tmp_path / "out",
        options=Options(grammar_pairs=20),
        figures=False,
        progress=False,
    )
    assert set(found.tables) == {"pairs", "accuracy"}
    assert found.details["items"] is None


def test_in_a_sweep_behaviour_waits_for_the_probes(files: dict[str, Path], tmp_path: Path) -> None:
    plan = Plan(
        models=[files["model"]],
        treebanks=[Splits("toy", files["train"], files["dev"])],
        out=tmp_path / "sweep",
        analyses=("structure", "behaviour"),
        options=PROBES,
    )
    tasks = {task.analysis.name: task for task in plan.tasks()}
    assert tasks["behaviour"].after == tasks["structure"].name
    assert tasks["behaviour"].sources.probes == plan.folder.task(tasks["structure"].name)


@pytest.mark.slow
def test_a_sweep_over_the_steps_of_a_run_is_drawn_over_them(files: dict[str, Path], tmp_path: Path) -> None:
    for step in (10, 20):
        shutil.copytree(files["model"], tmp_path / "run" / f"step-{step}")
    plan = Plan(
        models=[tmp_path / "run"],
        treebanks=[Splits("toy", files["train"], files["dev"])],
        out=tmp_path / "sweep",
        analyses=("structure", "behaviour"),
        options=replace(PROBES, grammar_pairs=80),
    )
    assert sweep(plan, progress=False).failed == {}
    section = association_section(read_results(tmp_path / "sweep"))
    assert section is not None
    titles = [one.title for one in section.pictures]
    assert "Odds of a right choice over training: run on toy, grammar" in titles
    assert len(section.tables[0].rows) == 2 * 2  # steps by sources
