"""Spaces of several languages: planted states that share one space or none, and the analysis on made languages."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tests.pipeline.conftest import WORDS, random_bank, tiny_bert
from tests.pipeline.made_languages import LONGEST, mirrored, planted, translated, tree_vectors
from treeprobe.extraction import CheckpointError
from treeprobe.parsing import Sentence, Treebank, TreebankError, write_conllu
from treeprobe.parsing.scores import micro
from treeprobe.pipeline import Options, Sources, analyse
from treeprobe.pipeline.languages import spaces
from treeprobe.pipeline.languages.relations import Edges, agreement
from treeprobe.pipeline.languages.retrieval import first_places, parallel, retrieved
from treeprobe.pipeline.languages.spaces import Languages
from treeprobe.pipeline.languages.tables import Kinds, average_tally, merged_seeds
from treeprobe.pipeline.options import OptionsError
from treeprobe.pipeline.report.page import write_report
from treeprobe.pipeline.subjects.languages import join_treebanks
from treeprobe.pipeline.subjects.subject import Subject
from treeprobe.pipeline.subjects.treebanks import Splits
from treeprobe.pipeline.sweeps import Plan, sweep
from treeprobe.probes import DistanceProbe

GREEK = dict(zip((*WORDS, "."), "ένα γάτα σκύλος βλέπει ο που τρέχει παλιός άντρας εδώ ·".split(), strict=True))
HEBREW = dict(zip((*WORDS, "."), "א חתול כלב רואה ה ש רץ זקן איש כאן ׃".split(), strict=True))
UPPER = {word: word.upper() for word in (*WORDS, ".")}


# --- planted states ---------------------------------------------------------------------------------------------------


@pytest.fixture
def quick_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Probes that learn in few steps: on states without any noise but the planted, large ones do no harm."""

    def probes(subject: Subject, options: Options) -> list[DistanceProbe]:
        return [DistanceProbe(0, options.ranks[0], epochs=40, learning_rate=0.02)]

    monkeypatch.setattr(spaces, "new_probes", probes)


def made_banks(*names: str) -> dict[str, list[Treebank]]:
    """Different random sentences for each language and split."""
    return {
        split: [random_bank(count, seed=10 * place + seed, name=name) for place, name in enumerate(names)]
        for seed, (split, count) in enumerate({"train": 60, "dev": 30}.items())
    }


def uuas(languages: Languages) -> dict[tuple[str, str], float]:
    """UUAS on dev by space and language."""
    scored = [one for space in languages.spaces for one in languages.score(languages.fit(space))]
    return {(one.trained_on, one.setting.treebank): one.tallies["uuas"].value for one in scored}


def shared(language: str, sentence: Sentence, generator: np.random.Generator) -> NDArray[np.float64]:
    """One space for every language."""
    return tree_vectors(sentence.heads)


def apart(language: str, sentence: Sentence, generator: np.random.Generator) -> NDArray[np.float64]:
    """The tree in dimensions of each language's own; where the other has it, noise that says nothing."""
    tree, noise = tree_vectors(sentence.heads), generator.normal(size=(len(sentence), LONGEST))
    return np.hstack([tree, noise] if language == "a" else [noise, tree])


def side_by_side(language: str, sentence: Sentence, generator: np.random.Generator) -> NDArray[np.float64]:
    """The tree in dimensions of each language's own, zeros elsewhere."""
    tree = tree_vectors(sentence.heads)
    return np.hstack([tree, 0 * tree] if language == "a" else [0 * tree, tree])


def noise_alone(language: str, sentence: Sentence, generator: np.random.Generator) -> NDArray[np.float64]:
    """What says nothing of the tree."""
    return generator.normal(size=(len(sentence), 2 * LONGEST))


@pytest.mark.usefixtures("quick_probes")
def test_a_shared_space_carries_over_whole_from_every_language_to_every_other() -> None:
    found = uuas(planted(made_banks("a", "b", "c"), shared, rank=LONGEST))
    assert set(found) == {
        *((one, other) for one in "abc" for other in "abc"),
        *((f"all but {one}", one) for one in "abc"),
        *(("all", one) for one in "abc"),
    }
    assert min(found.values()) > 0.98


@pytest.mark.usefixtures("quick_probes")
def test_spaces_apart_carry_nothing_over() -> None:
    found = uuas(planted(made_banks("a", "b"), apart, rank=2 * LONGEST))
    chance = np.mean(list(uuas(planted(made_banks("a", "b"), noise_alone, rank=2 * LONGEST)).values()))
    assert min(found["a", "a"], found["b", "b"]) > 0.95
    assert max(found["a", "b"], found["b", "a"]) < chance + 0.1


@pytest.mark.usefixtures("quick_probes")
def test_one_space_holds_two_apart_where_its_rank_allows() -> None:
    wide = uuas(planted(made_banks("a", "b"), side_by_side, rank=2 * LONGEST))
    narrow = uuas(planted(made_banks("a", "b"), side_by_side, rank=3))
    # A probe leaves as it was drawn what it never saw, and a random projection of exact trees keeps most of them.
    assert min(wide["a", "b"], wide["b", "a"]) > 0.9
    assert min(wide["all", "a"], wide["all", "b"]) > 0.98
    assert max(narrow["all", "a"], narrow["all", "b"]) < min(wide["all", "a"], wide["all", "b"]) - 0.05


@pytest.mark.usefixtures("quick_probes")
def test_a_held_out_language_takes_no_part_in_training() -> None:
    """Where the others have their trees in other dimensions, the space of the others finds none of its trees."""

    def only_a(language: str, sentence: Sentence, generator: np.random.Generator) -> NDArray[np.float64]:
        return apart("a" if language == "a" else "b", sentence, generator)

    found = uuas(planted(made_banks("a", "b", "c"), only_a, rank=2 * LONGEST))
    assert found["all but a", "a"] < found["a", "a"] - 0.5
    assert found["c", "b"] > 0.95


# --- tables -----------------------------------------------------------------------------------------------------------


def test_the_average_weighs_languages_alike_whatever_their_edges() -> None:
    small, large = micro("uuas", [1.0], [1.0]), micro("uuas", [0.0] * 9, [10.0] * 9)
    assert average_tally([small, large]).value == pytest.approx(0.5)
    assert micro("uuas", [1.0, *[0.0] * 9], [1.0, *[10.0] * 9]).value < 0.1


def test_a_document_and_its_translation_are_resampled_together() -> None:
    generator = np.random.default_rng(0)
    documents = np.repeat(np.arange(20), 3)
    hits = generator.integers(0, 11, size=60).astype(float)
    here = micro("uuas", hits, [10.0] * 60, documents=documents)
    elsewhere = micro("uuas", hits, [10.0] * 60, documents=documents + 20)
    together, each = average_tally([here, here]).score(), here.score()
    assert (together.low, together.high) == pytest.approx((each.low, each.high), abs=0.01)
    assert average_tally([here, elsewhere]).score().high - together.value < (each.high - each.value) * 0.9


@pytest.mark.usefixtures("quick_probes")
def test_kinds_choose_the_best_other_on_dev_and_go_all_the_way_with_the_own_space() -> None:
    languages = planted(made_banks("a", "b", "c"), shared, rank=LONGEST)
    found = [one for space in languages.spaces for one in languages.score(languages.fit(space))]
    kinds = Kinds.of(merged_seeds([*found, *languages.chains("dev")]), ("a", "b", "c"))
    values = {name: {one.setting.treebank: one for one in found if one.trained_on == name} for name in "abc"}
    best = max(values[other]["a"].tallies["uuas"].value for other in "bc")
    tally = kinds.at("distance", "dev", "best other", "a")
    assert tally is not None
    assert tally.value == best
    assert kinds.improvement("dev", "own") == 1.0
    assert kinds.improvement("dev", "holdout") == pytest.approx(1.0, abs=0.05)


# --- relations and retrieval ------------------------------------------------------------------------------------------


def edges_of(languages: Sequence[str], relations: Sequence[str]) -> Edges:
    numbers = np.arange(len(relations))
    return Edges(np.array(languages), np.array(relations), numbers, numbers, numbers)


def test_relations_agree_across_languages_where_they_share_a_space_and_not_where_they_are_swapped() -> None:
    generator = np.random.default_rng(0)
    relation = np.array(["nsubj", "obj"] * 40)
    language = np.repeat(["a", "b"], 40)
    place = (relation == "obj") * 10.0
    vectors = np.stack([place + generator.normal(size=80), generator.normal(size=80)], axis=1)
    edges = edges_of(language.tolist(), relation.tolist())
    assert agreement(vectors, edges) == {"within": 1.0, "across": 1.0, "chance": 0.5}
    swapped = vectors.copy()
    swapped[40:, 0] = 10.0 - vectors[40:, 0]
    assert agreement(swapped, edges) == {"within": 1.0, "across": 0.0, "chance": 0.5}


def test_the_nearest_edge_within_a_language_is_of_another_sentence() -> None:
    vectors = np.array([[0.0], [0.1], [5.0], [0.0], [0.1], [5.0]])
    edges = edges_of(["a"] * 3 + ["b"] * 3, ["x", "y", "x"] * 2)
    together = replace(edges, sentence=np.array([0, 0, 1, 0, 0, 1]))
    assert agreement(vectors, together)["within"] == pytest.approx(
        1 / 3
    )  # of "x": the far "x"; of "y" and of it: others
    assert agreement(vectors, edges)["within"] == 0.0


def test_words_are_retrieved_by_their_own_vectors_alone() -> None:
    generator = np.random.default_rng(0)
    source = generator.normal(size=(200, 30))
    assert retrieved(source, source) == 1.0
    assert retrieved(source, np.roll(source, 1, axis=0)) == 0.0
    assert retrieved(source, generator.normal(size=(200, 30))) < 0.05
    assert retrieved(np.ones((4, 3)), np.ones((4, 3))) == 0.25  # all equally near


def test_retrieval_looks_for_each_form_once_and_asks_for_parallel_trees() -> None:
    bank = random_bank(20, seed=0, name="en")
    greek = translated(bank, GREEK, name="el")
    places = first_places(bank, greek)
    forms = [bank[sentence].words[word] for sentence, word in places]
    assert sorted(forms) == sorted({word for sentence in bank for word in sentence.words})
    assert parallel([bank, greek])
    assert not parallel([bank, mirrored(bank, name="ne")])


# --- treebanks --------------------------------------------------------------------------------------------------------


def test_languages_have_as_many_sentences_spread_through_the_larger_treebank() -> None:
    large, small = random_bank(30, seed=0, name="a"), random_bank(10, seed=1, name="b")
    joined = join_treebanks([large, small])
    assert joined.languages == ("a", "b")
    assert list(joined.part("b")) == list(small)
    assert len(joined.part("a")) == 10
    assert joined.part("a")[0] == large[0]
    assert joined.part("a")[-1] == large[-1]


@pytest.mark.parametrize(
    ("banks", "told"),
    [
        ([random_bank(3, seed=0, name="a")], "expected two or more"),
        ([random_bank(3, seed=0, name="a"), random_bank(3, seed=1, name="a")], "tell the languages apart"),
    ],
)
def test_treebanks_that_cannot_be_joined_are_named(banks: list[Treebank], told: str) -> None:
    with pytest.raises(TreebankError, match=told):
        join_treebanks(banks)


# --- the analysis -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def speaker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights that knows the words of all the made languages, in lower case."""
    words = [word.lower() for words in (WORDS, GREEK.values(), HEBREW.values()) for word in words]
    return tiny_bert(tmp_path_factory.mktemp("speaker") / "speaker", words=[".", *words])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Path]]:
    """One text in four languages, by split: itself, in capitals, in Greek, and in Hebrew from right to left."""
    folder = tmp_path_factory.mktemp("made")
    found: dict[str, dict[str, Path]] = {}
    for seed, (split, count) in enumerate({"train": 40, "dev": 24, "test": 14}.items()):
        bank = random_bank(count, seed=seed, name="en")
        for made in (
            bank,
            translated(bank, UPPER, name="UP"),
            translated(bank, GREEK, name="el"),
            mirrored(translated(bank, HEBREW, name="he"), name="he"),
        ):
            path = folder / f"{made.name}-{split}.conllu"
            write_conllu(list(made), path)
            found.setdefault(split, {})[made.name] = path
    return found


def chosen(files: dict[str, dict[str, Path]], *names: str) -> dict[str, tuple[Path, ...]]:
    return {split: tuple(paths[name] for name in names) for split, paths in files.items()}


FAST = Options(ranks=(8,), seeds=(0, 1), epochs=2, punctuation="none")


def test_one_vocabulary_in_two_spellings_transfers_perfectly(
    speaker: Path, files: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    """The tokenizer lower-cases: what is measured of the two is of one language, and all measures must say so."""
    sources = Sources(model=speaker, **chosen(files, "en", "UP"))  # type: ignore[arg-type]
    found = analyse("languages", sources, tmp_path / "out", options=FAST, progress=False)
    kinds = found.tables["kinds"].query("probe == 'distance' and split == 'test'")
    own, other = (kinds[kinds["kind"] == kind].set_index(["layer", "treebank"])["value"] for kind in ("own", "other"))
    pd.testing.assert_series_equal(own, other, atol=0.02)
    assert (found.tables["retrieval"]["accuracy"] > 0.99).all()
    assert found.details["sentences"] == {"train": 40, "dev": 24, "test": 14}
    assert set(found.tables["differences"]["second"]) >= {"own, random weights", "chain", "other"}
    assert "40 sentences of each" in found.summary
    page = write_report(tmp_path / "out").read_text()
    assert "UUAS by kind of space" in page
    assert "all others" not in page  # of two languages, all others are the other
    for name in ("transfer", "kinds-by-layer", "retrieval"):
        assert (tmp_path / "out" / "figures" / f"{name}.png").exists()


def test_other_vocabularies_and_orders_are_told_apart(
    speaker: Path, files: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    sources = Sources(model=speaker, **chosen(files, "en", "el", "he"))  # type: ignore[arg-type]
    found = analyse("languages", sources, tmp_path / "out", options=FAST, figures=False, progress=False)
    transfer = found.tables["transfer"].query("probe == 'distance' and metric == 'uuas' and split == 'dev'")
    spaces = {"en", "el", "he", "all", "all but en", "all but el", "all but he"}
    assert set(transfer["trained_on"]) == spaces
    held_out = transfer[transfer["trained_on"].str.startswith("all but")]
    assert (held_out["trained_on"] == "all but " + held_out["treebank"]).all()
    assert found.tables["retrieval"].empty  # the orders differ
    assert (found.tables["languages"]["unknown"] == 0).all()
    averages = found.tables["kinds"].query(
        "treebank == 'average' and probe == 'distance' and layer == 1 and split == 'dev'"
    )
    own = transfer.query("layer == 1 and trained_on == treebank")["value"]
    assert averages.set_index("kind").loc["own", "value"] == pytest.approx(own.mean())


def test_a_sweep_reads_all_treebanks_in_one_task(
    speaker: Path, files: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    banks = [Splits(name, *(files[split][name] for split in ("train", "dev"))) for name in ("en", "el")]
    plan = Plan(models=[speaker], treebanks=banks, out=tmp_path / "sweep", analyses=("languages",), options=FAST)
    done = sweep(plan, progress=False)
    assert [name.split("--")[1:] for name in done.done] == [["en+el", "languages"]]
    assert sweep(plan, progress=False).skipped == done.done


def test_what_cannot_be_analysed_is_refused_before_any_work(
    speaker: Path, files: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    two = chosen(files, "en", "el")
    with pytest.raises(OptionsError, match="languages: found one treebank of train; expected one for each language"):
        analyse("languages", Sources(model=speaker, train=files["train"]["en"], dev=two["dev"]), tmp_path / "out")
    with pytest.raises(OptionsError, match="structure: found several treebanks of train; expected one"):
        analyse("structure", Sources(model=speaker, train=two["train"], dev=files["dev"]["en"]), tmp_path / "out")
    with pytest.raises(TreebankError, match="train: el, en; dev: en, el"):
        analyse("languages", Sources(model=speaker, train=two["train"][::-1], dev=two["dev"]), tmp_path / "out")
    russian = {word: "ж" * place for place, word in enumerate((*WORDS, "."), 1)}
    made = []
    for split in ("train", "dev"):
        bank = random_bank(5, seed=4, name="ru") if split == "dev" else random_bank(5, seed=5, name="ru")
        write_conllu(list(translated(bank, russian, name="ru")), tmp_path / f"ru-{split}.conllu")
        made.append((files[split]["en"], tmp_path / f"ru-{split}.conllu"))
    with pytest.raises(CheckpointError, match="words of ru"):
        analyse("languages", Sources(model=speaker, train=made[0], dev=made[1]), tmp_path / "out", progress=False)
