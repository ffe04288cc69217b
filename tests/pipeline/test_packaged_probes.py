"""The probes that travel with the package are whole, small, and give the tree of the best-known example."""

import shutil
from pathlib import Path

import pytest

from treeprobe.extraction import Encoder, embedded_checkpoint
from treeprobe.parsing.stimuli import chef_sentence
from treeprobe.pipeline import Parser, embedded_probes
from treeprobe.pipeline.packaged_probes import CARD, LARGEST, LICENSE, embed
from treeprobe.pipeline.results.findings import FindingsError, read_record
from treeprobe.pipeline.results.scores import best_layer, read_scores
from treeprobe.probes import ProbeError


def test_they_are_small_and_their_card_names_license_digests_and_the_command_that_makes_them() -> None:
    folder = embedded_probes()
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < LARGEST
    card, record = (folder / CARD).read_text(encoding="utf-8"), read_record(folder)
    train, checkpoint = record["splits"]["train"], record["checkpoint"]
    for told in (LICENSE, "treeprobe run", "treeprobe.pipeline.packaged_probes", train["digest"], checkpoint["digest"]):
        assert told in card
    assert checkpoint["digest"] == Encoder.from_pretrained(embedded_checkpoint()).digest
    scores = read_scores(folder / "scores.csv")
    assert best_layer(scores) == record["details"]["best_layer"]
    best = scores.query("probe == 'distance' and metric == 'uuas' and split == 'test'")["value"].max()
    assert f"{best:.3f}" in card
    untransformed = scores.query("probe == 'untransformed' and metric == 'uuas' and split == 'test'")["value"].max()
    assert untransformed < scores.query("probe == 'chain' and metric == 'uuas'")["value"].min() < best


def test_they_tell_nothing_of_the_machine_they_were_made_on() -> None:
    for path in embedded_probes().rglob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert not [place for place in ("/home/", "/root/", "/tmp/", "site-packages") if place in text], path


def test_was_stands_over_ran_and_ran_over_chef_though_store_stands_beside_was() -> None:
    sentence = chef_sentence()
    seen = Parser.from_pretrained().inspect(sentence.text)
    assert seen.tree.words == sentence.words
    head = {word: seen.tree.words[head] for word, head in zip(seen.tree.words, seen.tree.heads) if head >= 0}
    assert (head["chef"], head["ran"], head["store"]) == ("ran", "was", "ran")
    assert seen.tree.words[seen.tree.heads.index(-1)] == "was"
    assert seen.distance("chef", "was") < seen.distance("store", "was")
    found = {frozenset(pair) for pair in enumerate(seen.tree.heads) if sentence.words[pair[0]] != "."}
    gold = {frozenset(pair) for pair in enumerate(sentence.heads) if sentence.words[pair[0]] != "."}
    assert len(found & gold) >= 8


def test_a_folder_that_was_changed_is_refused_and_so_is_another_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: Path
) -> None:
    with pytest.raises(ProbeError, match="was trained on a checkpoint with digest"):
        Parser.from_pretrained(model=checkpoint)
    copied = tmp_path / "pipeline" / "embedded" / "minilm-en_ewt"
    shutil.copytree(embedded_probes(), copied)
    monkeypatch.setattr("treeprobe.pipeline.packaged_probes.files", lambda _: tmp_path / "pipeline")
    assert embedded_probes() == copied
    (copied / "scores.csv").write_text("layer\n")
    with pytest.raises(FindingsError, match=r"scores\.csv has 6 bytes.*install treeprobe again"):
        embedded_probes()


def test_they_are_made_of_a_runs_folder_without_its_places(tmp_path: Path) -> None:
    again = embed(embedded_probes(), tmp_path / "again")
    names = {path.relative_to(again) for path in again.rglob("*")}
    assert names == {path.relative_to(embedded_probes()) for path in embedded_probes().rglob("*")}
    assert (again / CARD).read_text() == (embedded_probes() / CARD).read_text()
    assert Parser.from_pretrained(again).distance.layer == read_record(again)["details"]["best_layer"]


def test_every_layer_has_a_parser_of_the_same_encoder() -> None:
    found = Parser.of_layers()
    assert [parser.distance.layer for parser in found.parsers] == list(range(7))
    assert len({id(parser.encoder) for parser in found.parsers}) == 1
    assert found.best == read_record(embedded_probes())["details"]["best_layer"]
