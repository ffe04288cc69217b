"""Sentence-level probes: states that hold one thing and nothing else, and labels of trees drawn by hand."""

from pathlib import Path

import numpy as np
import pytest

from tests.pipeline.conftest import random_bank
from treeprobe.parsing import Sentence, Treebank, TreebankError
from treeprobe.parsing.treebanks import Split, sentence_labels, shift_bigram
from treeprobe.pipeline import Options, Sources, analyse, write_report
from treeprobe.pipeline.options import OptionsError
from treeprobe.pipeline.probing.sentence_classifiers import classify_lengths, classify_states, classify_words, majority
from treeprobe.pipeline.probing.sentence_tasks import Task, Texts, sentence_tasks

LENGTHS = range(3, 12)


def bank(count: int, *, seed: int) -> Treebank:
    """Sentences of random length and words; the first word says the number of the subject, none that of the object."""
    generator = np.random.default_rng(seed)
    return Treebank([sentence(generator) for _ in range(count)], name="planted")


def sentence(generator: np.random.Generator) -> Sentence:
    """A subject, a verb, an object, and words that hang on the object in a chain."""
    count = int(generator.choice(LENGTHS))
    numbers = [str(generator.choice(["Sing", "Plur"])) for _ in range(2)]
    words = ["s" if numbers[0] == "Sing" else "p", "verb", *(f"w{generator.integers(4)}" for _ in range(count - 2))]
    return Sentence(
        words=tuple(words),
        heads=(1, -1, 1, *range(2, count - 1)),
        relations=("nsubj", "root", "obj", *("nmod",) * (count - 3)),
        upos=("NOUN", "VERB", "NOUN", *("NOUN",) * (count - 3)),
        xpos=("NN",) * count,
        space_after=(True,) * count,
        features=(f"Number={numbers[0]}", "Tense=Past|VerbForm=Fin", f"Number={numbers[1]}", *("_",) * (count - 3)),
    )


@pytest.fixture(scope="module")
def splits() -> dict[Split, Treebank]:
    return {"train": bank(240, seed=0), "dev": bank(80, seed=1)}


@pytest.fixture(scope="module")
def texts(splits: dict[Split, Treebank]) -> Texts:
    return Texts.of(splits)


@pytest.fixture(scope="module")
def tasks(splits: dict[Split, Treebank], texts: Texts) -> dict[str, Task]:
    names = Options().sentence_tasks
    return {task.name: task for task in sentence_tasks(splits, texts, names)}


def accuracy(found: object, texts: Texts) -> float:
    return float(found.tallies(texts)["dev"].value)  # type: ignore[attr-defined]


def test_states_that_hold_length_alone_tell_length_and_nothing_else(texts: Texts, tasks: dict[str, Task]) -> None:
    generator = np.random.default_rng(0)
    states = {}
    for split, own in texts.banks.items():
        lengths = np.array([[len(one) == length for length in LENGTHS] for one in own], dtype=np.float32)
        states[split] = lengths @ generator.normal(size=(len(LENGTHS), 20)).astype(np.float32)
        generator = np.random.default_rng(0)
    for name in ("length", "depth"):
        assert accuracy(classify_states(tasks[name], states), texts) > 0.95
    for name in ("subject_number", "object_number", "bigram_shift"):
        assert abs(accuracy(classify_states(tasks[name], states), texts) - 0.5) < 0.2


def test_a_bag_of_words_tells_the_number_that_a_word_has_and_no_order(texts: Texts, tasks: dict[str, Task]) -> None:
    assert accuracy(classify_words(tasks["subject_number"], texts), texts) == 1
    for name in ("object_number", "bigram_shift"):
        assert abs(accuracy(classify_words(tasks[name], texts), texts) - 0.5) < 0.2
    assert accuracy(classify_lengths(tasks["length"], texts), texts) == 1
    assert abs(accuracy(classify_lengths(tasks["subject_number"], texts), texts) - 0.5) < 0.2
    for task in tasks.values():
        labels, counts = np.unique(task.splits["train"].labels, return_counts=True)
        share = np.mean(task.splits["dev"].labels == labels[counts.argmax()])
        assert accuracy(majority(task, texts), texts) == pytest.approx(share)


def test_a_task_of_one_class_is_left_out(tasks: dict[str, Task]) -> None:
    """All are in the past, and all are a noun phrase and a verb phrase."""
    assert set(tasks) == {"length", "depth", "subject_number", "object_number", "bigram_shift"}


def test_half_of_the_sentences_have_two_words_exchanged_and_no_sentence_is_in_both_halves(
    splits: dict[Split, Treebank], texts: Texts, tasks: dict[str, Task]
) -> None:
    task = tasks["bigram_shift"].splits["train"]
    assert len(set(task.sentences.tolist())) == len(task.rows) == len(splits["train"])
    for number, row, label in zip(task.sentences.tolist(), task.rows.tolist(), task.labels.tolist()):
        original, read = splits["train"][number].words, texts.banks["train"][row].words
        changed = [place for place in range(len(original)) if original[place] != read[place]]
        assert sorted(original) == sorted(read)
        assert len(changed) == (2 if label == "shifted" else 0)
        assert not changed or changed[1] == changed[0] + 1
    assert 0.4 < np.mean(task.labels == "shifted") <= 0.5


def test_a_full_stop_stays_at_the_end() -> None:
    one = parsed("the/DET/2/det cat/NOUN/0/root ./PUNCT/2/punct")
    assert {tuple(shift_bigram(one, np.random.default_rng(seed))) for seed in range(9)} == {("cat", "the", ".")}
    assert list(shift_bigram(parsed("no/INTJ/0/root no/INTJ/1/discourse"), np.random.default_rng(0))) == ["no", "no"]


def parsed(text: str) -> Sentence:
    """A sentence from WORD/UPOS/HEAD/RELATION, heads from 1."""
    cells = [token.rsplit("/", 3) for token in text.split()]
    words, upos, heads, relations = zip(*cells)
    return Sentence(
        words=words,
        heads=tuple(int(head) - 1 for head in heads),
        relations=relations,
        upos=upos,
        xpos=("_",) * len(words),
        space_after=(True,) * len(words),
    )


@pytest.mark.parametrize(
    ("text", "constituents"),
    [
        ("cats/NOUN/2/nsubj sleep/VERB/0/root ./PUNCT/2/punct", "NP VP ."),
        ("but/CCONJ/3/cc cats/NOUN/3/nsubj sleep/VERB/0/root", "CC NP VP"),
        ("in/ADP/2/case Rome/PROPN/5/obl ,/PUNCT/5/punct cats/NOUN/5/nsubj sleep/VERB/0/root", "PP , NP VP"),
        ("if/SCONJ/3/mark cats/NOUN/3/nsubj sleep/VERB/5/advcl dogs/NOUN/5/nsubj run/VERB/0/root", "SBAR NP VP"),
        ("do/AUX/3/aux cats/NOUN/3/nsubj sleep/VERB/0/root ?/PUNCT/3/punct", "AUX NP VP ."),
        ("run/VERB/0/root fast/ADV/1/advmod !/PUNCT/1/punct", "VP ."),
        ("now/ADV/2/advmod run/VERB/0/root", "ADVP VP"),
        ("the/DET/2/det end/NOUN/0/root", "NP"),
        ("cats/NOUN/3/nsubj are/AUX/3/cop animals/NOUN/0/root", "NP VP"),
        (
            "cats/NOUN/2/nsubj sleep/VERB/0/root and/CCONJ/5/cc dogs/NOUN/5/nsubj run/VERB/2/conj ./PUNCT/2/punct",
            "S CC S .",
        ),
        ("cats/NOUN/2/nsubj sleep/VERB/0/root and/CCONJ/4/cc dream/VERB/2/conj", "NP VP"),
    ],
)
def test_top_constituents_of_trees_drawn_by_hand(text: str, constituents: str) -> None:
    assert sentence_labels([parsed(text)], "top_constituents") == [constituents]


def test_the_tense_is_that_of_the_finite_verb_and_numbers_those_of_nouns() -> None:
    one = Sentence(
        words=("she", "has", "seen", "cats"),
        heads=(2, 2, -1, 2),
        relations=("nsubj", "aux", "root", "obj"),
        upos=("PRON", "AUX", "VERB", "NOUN"),
        xpos=("_",) * 4,
        space_after=(True,) * 4,
        features=("Number=Sing", "Tense=Pres|VerbForm=Fin", "Tense=Past|VerbForm=Part", "Number=Plur"),
    )
    found = {name: sentence_labels([one], name)[0] for name in ("tense", "subject_number", "object_number", "depth")}
    assert found == {"tense": "Pres", "subject_number": None, "object_number": "Plur", "depth": "1"}
    with pytest.raises(ValueError, match="label must be one of length, depth"):
        sentence_labels([one], "mood")  # type: ignore[arg-type]


def test_the_analysis_has_every_task_layer_and_baseline_with_intervals(checkpoint: Path, tmp_path: Path) -> None:
    options = Options(sentence_tasks=("length", "bigram_shift"))
    banks = {split: random_bank(150, seed=seed, name=split) for seed, split in enumerate(("train", "dev", "test"))}
    sources = Sources(model=checkpoint, **banks)
    found = analyse("sentence_probes", sources, tmp_path / "out", options=options, figures=False, progress=False)
    table = found.tables["sentence_probes"]
    assert set(table["split"]) == {"dev", "test"}
    for _, block in table.groupby(["split", "task"]):
        linear = block[block["probe"] == "linear"]
        assert sorted(zip(linear["pooling"], linear["layer"])) == [(p, n) for p in ("cls", "mean") for n in range(3)]
        assert len(block[block["probe"] == "random weights"]) == 6
        assert set(block["probe"]) == {"linear", "random weights", "majority", "bag of words", "length"}
        assert (linear["low"] <= linear["value"]).all()
        assert (linear["value"] <= linear["high"]).all()
        simple = block[block["layer"].isna()]["value"].tolist()
        for row in linear.to_dict("records"):
            assert any(row["gain"] == pytest.approx(row["value"] - one) for one in simple)
    assert set(table["task"]) == {"length", "bigram_shift"}
    rows = table[(table["task"] == "length") & (table["split"] == "dev")]
    majority_of_all = rows.loc[rows["probe"] == "majority", "value"].iloc[0]
    first = rows[(rows["probe"] == "linear") & (rows["layer"] == 0)].set_index("pooling")["value"]
    # The embedding of [CLS] is the same in every sentence; the mean of the words' is not.
    assert first["cls"] == pytest.approx(majority_of_all)
    assert first["mean"] > majority_of_all
    page = write_report(tmp_path / "out").read_text()
    assert "Whole sentences" in page


def test_what_cannot_be_asked_is_refused(checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(OptionsError, match="sentence_tasks: found mood; expected some of length, depth"):
        Options(sentence_tasks=("mood",))
    with pytest.raises(OptionsError, match="sentence_pooling: found max; expected some of cls, sep, mean, first, last"):
        Options(sentence_pooling=("max",))
    sources = Sources(model=checkpoint, **treebank_files)
    with pytest.raises(TreebankError, match="no task of tense has two classes of 10 training sentences; found 40"):
        analyse(
            "sentence_probes", sources, tmp_path / "out", options=Options(sentence_tasks=("tense",)), progress=False
        )
