"""What treeprobe reads is what transformers computes, in every architecture; and what is planted wrong is found."""

import json
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from treeprobe.digests import json_digest
from treeprobe.extraction import Encoder, alignment
from treeprobe.extraction.peculiarities import Peculiarities
from treeprobe.files import OutputError
from treeprobe.pipeline.commands.main import app
from treeprobe.pipeline.verification import (
    Verification,
    architecture_text,
    card_text,
    editing,
    record_of,
    verify,
    verify_architectures,
    write_card,
)
from treeprobe.pipeline.verification.architectures import ARCHITECTURES
from treeprobe.pipeline.verification.checks import Check
from treeprobe.pipeline.verification.plain import PlainModel
from treeprobe.pipeline.verification.reading import Pair
from treeprobe.pipeline.verification.verifying import checks_of
from treeprobe.pipeline.verification.vocabularies import SENTENCES

DOCS = Path(__file__).resolve().parents[2] / "docs" / "verify.md"
MARK = "<!-- numbers: architectures -->"
REACHED = (
    "BERT", "RoBERTa", "ELECTRA", "DeBERTa", "DeBERTa-v2, v3", "XLNet", "ModernBERT", "GPT-2", "Llama", "Mistral",
    "Gemma 3", "BLOOM", "T5", "BART",
)  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ARCHITECTURES["bert"].save(tmp_path_factory.mktemp("checkpoints") / "bert")


@pytest.fixture(scope="module")
def verified(saved: Path) -> Verification:
    return verify(str(saved), SENTENCES)


def test_every_architecture_does_what_the_table_in_the_documentation_says() -> None:
    """States, attention, edits and scores are within 1e-10 of transformers' own in float64, or refused."""
    rows = verify_architectures(numbers=("float64",))
    assert len(rows) >= 25
    assert {row.architecture.kind for row in rows} == {"encoder", "decoder", "encoder-decoder"}
    differing = {(row.architecture.title, check.name) for row in rows for check in row.found.checks
                 if check.verdict == "differs"}  # fmt: skip
    assert not differing
    works = {row.architecture.title: row for row in rows}
    for title in REACHED:
        for column in ("states", "attention", "edits of states", "edits of attention"):
            assert works[title].cell(column)[0] == "yes", (title, column)
    _, documented, _ = DOCS.read_text(encoding="utf-8").split(MARK)
    assert documented.strip() == architecture_text(rows).strip(), "write it anew: treeprobe verify --architectures"


class Shifted(Encoder):
    """Takes each layer for the next one."""

    def hidden_states(self, *inputs: Tensor | None, **options: object) -> tuple[Tensor, ...]:
        found = super().hidden_states(*inputs, **options)  # type: ignore[arg-type]
        return (*found[1:], found[0])


class Shorter(Encoder):
    """Loses the last layer."""

    @property
    def layers(self) -> range:
        return range(self.blocks)

    def hidden_states(self, *inputs: Tensor | None, **options: object) -> tuple[Tensor, ...]:
        return Encoder(self.model, self.tokenizer, self.name, self.digest).hidden_states(*inputs, **options)[:-1]


class Rounded(Encoder):
    """Is right to nine digits."""

    def hidden_states(self, *inputs: Tensor | None, **options: object) -> tuple[Tensor, ...]:
        return tuple(layer + 1e-9 for layer in super().hidden_states(*inputs, **options))  # type: ignore[arg-type]


def verdicts(encoder: Encoder, saved: Path) -> dict[str, str]:
    """The verdict of each check of an encoder, beside the checkpoint that it was made of."""
    pair = Pair.of(encoder, PlainModel.load(str(saved), number="float64"), SENTENCES, number="float64")
    return {check.name: check.verdict for check in checks_of(pair, None)}


@pytest.mark.parametrize(
    ("fault", "found"), [(Shifted, "states"), (Shorter, "layers"), (Rounded, "states")]
)  # fmt: skip
def test_faults_of_layers_are_found(fault: type[Encoder], found: str, saved: Path) -> None:
    right = Encoder.from_pretrained(saved, dtype="float64")
    assert set(verdicts(right, saved).values()) == {"equal"}
    wrong = fault(right.model, right.tokenizer, right.name, right.digest)
    assert verdicts(wrong, saved)[found] == "differs"


def test_two_words_that_are_swapped_are_found(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aligned = alignment.Aligner.__call__

    def swapped(self: alignment.Aligner, words: object, space_after: object = None) -> alignment.Alignment:
        found = aligned(self, words, space_after)  # type: ignore[arg-type]
        if found.word_bounds[1] < 2:
            return found
        links = found.link_words.copy()
        links[found.link_words == 0], links[found.link_words == 1] = 1, 0
        order = np.lexsort((found.link_subwords, links))
        return replace(found, link_words=links[order], link_subwords=found.link_subwords[order])

    monkeypatch.setattr(alignment.Aligner, "__call__", swapped)
    found = verdicts(Encoder.from_pretrained(saved, dtype="float64"), saved)
    assert (found["alignment"], found["states"], found["layers"]) == ("differs", "differs", "equal")


def test_padding_that_reaches_words_is_found(tmp_path: Path) -> None:
    saved = ARCHITECTURES["convbert"].save(tmp_path / "convbert")
    right = Encoder.from_pretrained(saved, dtype="float64")
    wrong = replace(right, peculiarities=Peculiarities())
    assert verdicts(right, saved)["batching"] == "equal"
    assert verdicts(wrong, saved)["batching"] == "differs"


def test_an_edit_that_does_nothing_is_found(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Edits of attention are given what is right and then not followed; those of states reach the wrong layer."""
    edit_attention, edit_states = editing.edit_attention, editing.edit_states

    @contextmanager
    def deaf(encoder: Encoder, edit):
        def listen(block, probabilities, mask):
            edit(block, probabilities, mask)
            return probabilities

        with edit_attention(encoder, listen):
            yield

    @contextmanager
    def late(encoder: Encoder, edit, *, layers, at):
        with edit_states(encoder, edit, layers=min(layers + 1, encoder.blocks), at=at):
            yield

    monkeypatch.setattr(editing, "edit_attention", deaf)
    monkeypatch.setattr(editing, "edit_states", late)
    found = verdicts(Encoder.from_pretrained(saved, dtype="float64"), saved)
    assert (found["edits of attention"], found["edits of states"]) == ("differs", "differs")
    assert found["states"] == found["attention"] == "equal"


def test_a_difference_is_what_is_beyond_the_tolerance() -> None:
    least = Check(name="states", compared="", number="float64", difference=1e-10)
    assert [replace(least, difference=value).verdict for value in (0.0, 1e-10, 2e-10, float("nan"), float("inf"))] == [
        "equal", "equal", "differs", "differs", "differs",
    ]  # fmt: skip
    assert replace(least, difference=2e-10, number="float32").verdict == "equal"
    assert replace(least, difference=1, number=None).verdict == "differs"
    assert replace(least, difference=None, refusal="no").verdict == "refused"


def test_the_card_says_what_was_compared_and_the_record_holds_it(
    verified: Verification, saved: Path, tmp_path: Path
) -> None:
    assert verified.verdict == "equal"
    text = card_text(verified)
    assert "Verified: all that treeprobe reads of this checkpoint is what transformers computes." in text
    for check in verified.checks:
        assert check.verdict == "equal"
        assert f"| {check.name} | {check.number or ''} | {check.compared} |" in text
    assert {check.name for check in verified.checks} == {
        "layers", "alignment", "states", "batching", "attention", "edits of states", "edits of attention", "scores",
    }  # fmt: skip
    write_card(verified, tmp_path / "card")
    assert (tmp_path / "card/verification.md").read_text(encoding="utf-8") == text
    record = json.loads((tmp_path / "card/verification.json").read_text(encoding="utf-8"))
    assert record == record_of(verified)
    assert record["weights"] == Encoder.from_pretrained(saved).digest
    assert record["digest"] == json_digest({**record, "digest": None})
    with pytest.raises(OutputError, match="already holds files"):
        write_card(verified, tmp_path / "card")


def test_a_card_names_differences_and_refusals(verified: Verification) -> None:
    wrong = replace(verified.check("states"), difference=0.25, place="layer 2 of sentence 3")
    refused = replace(verified.check("attention"), difference=None, refusal="there is none")
    others = [one for one in verified.checks if one.name not in ("states", "attention")]
    found = replace(verified, checks=(wrong, refused, *others))
    assert found.verdict == "differs"
    text = card_text(found)
    assert "Not verified: treeprobe and transformers differ." in text
    assert "differ most in layer 2 of sentence 3" in text
    assert "- **attention** refused: there is none" in text
    limited = replace(verified, checks=(refused, *others))
    assert limited.verdict == "equal"
    assert "Refused, with a reason: attention." in card_text(limited)
    unreadable = replace(verified, checks=(replace(refused, name="states"),))
    assert unreadable.verdict == "refused"


def test_exit_codes_say_the_verdict(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = CliRunner()
    told = runner.invoke(app, ["verify", str(saved), "--out", str(tmp_path / "card")])
    assert (told.exit_code, (tmp_path / "card/verification.json").is_file()) == (0, True)

    def shifted(self: Encoder, *inputs: Tensor | None, **options: object) -> tuple[Tensor, ...]:
        output = self.run(*inputs, output_hidden_states=True, **options)  # type: ignore[arg-type]
        return (*output.hidden_states[1:], output.hidden_states[0])

    monkeypatch.setattr(Encoder, "hidden_states", shifted)
    told = runner.invoke(app, ["verify", str(saved), "--json"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["verdict"] == "differs"


@pytest.mark.parametrize("arguments", [[], ["somewhere", "--architectures"]])
def test_one_of_both_is_verified(arguments: list[str]) -> None:
    told = CliRunner().invoke(app, ["verify", *arguments])
    assert told.exit_code == 2
    assert "expected either MODEL" in told.output


def test_what_is_no_checkpoint_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    told = CliRunner().invoke(app, ["verify", str(tmp_path / "empty")])
    assert type(told.exception).__name__ == "CheckpointError"


def test_sentences_longer_than_the_model_takes_are_left_out(saved: Path) -> None:
    found = verify(str(saved), [*SENTENCES, ["store"] * 70], numbers=("float64",))
    assert (found.sentences, found.verdict) == (len(SENTENCES), "equal")


def test_random_models_are_the_same_in_every_process() -> None:
    one, two = (ARCHITECTURES["llama"].model().state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
