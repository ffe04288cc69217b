"""The held-out loss of a language model, with models whose loss is known and one that is asked directly."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM, BertLMHeadModel

from tests.behaviour.word_models import word_tokenizer
from tests.pipeline.conftest import WORDS
from treeprobe.extraction import CheckpointError
from treeprobe.parsing import read_conllu
from treeprobe.pipeline import Sources, analyse
from treeprobe.pipeline.results.finished import read_finished
from treeprobe.pipeline.results.measured import everything_measured


def saved(folder: Path, *, decoder: bool, spread: float, positions: int = 32) -> Path:
    """A language model of the treebank's words; with a spread of 0 it finds every token equally probable."""
    torch.manual_seed(0)
    tokenizer = word_tokenizer([*WORDS, "."])
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=positions,
        is_decoder=decoder,
    )
    model = BertLMHeadModel(config) if decoder else BertForMaskedLM(config)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.data.normal_(std=spread) if spread else parameter.data.zero_()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def row(model: Path, treebank_files: dict[str, Path], out: Path) -> pd.Series:
    table = analyse("perplexity", Sources(model=model, dev=treebank_files["dev"]), out, figures=False, progress=False)
    return table.tables["perplexity"].iloc[0]


@pytest.mark.parametrize("decoder", [False, True])
def test_a_model_that_knows_nothing_is_as_perplexed_as_its_vocabulary_is_large(
    treebank_files: dict[str, Path], tmp_path: Path, decoder: bool
) -> None:
    model = saved(tmp_path / "model", decoder=decoder, spread=0.0)
    found = row(model, treebank_files, tmp_path / "out")
    assert found["perplexity"] == pytest.approx(len(AutoTokenizer.from_pretrained(model)), rel=1e-4)
    assert found["prediction"] == ("next" if decoder else "masked")


def test_from_the_left_it_is_the_loss_that_the_model_itself_computes(
    treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    folder = saved(tmp_path / "model", decoder=True, spread=0.4)
    found = row(folder, treebank_files, tmp_path / "out")
    model, tokenizer = BertLMHeadModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    sums, count = 0.0, 0
    for words in read_conllu(treebank_files["dev"]).words:
        ids = torch.tensor([tokenizer(" ".join(words))["input_ids"]])
        with torch.no_grad():
            log_p = model(input_ids=ids).logits.log_softmax(-1)[0, :-2]  # up to the last word; [SEP] is not predicted
        sums -= float(log_p.gather(1, ids[0, 1:-1, None]).sum())
        count += ids.shape[1] - 2
    assert (found["loss"], found["n"]) == (pytest.approx(sums / count, rel=1e-5), count)
    assert found["loss"] > np.log(len(tokenizer)) + 0.1  # a random model is worse than one that knows nothing


def test_sentences_longer_than_the_model_takes_are_not_counted(treebank_files: dict[str, Path], tmp_path: Path) -> None:
    lengths = [len(words) + 2 for words in read_conllu(treebank_files["dev"]).words]
    short = saved(tmp_path / "short", decoder=True, spread=0.2, positions=9)
    assert 0 < row(short, treebank_files, tmp_path / "out")["n"] == sum(n - 2 for n in lengths if n <= 9) < sum(lengths)


def test_its_tallies_are_read_back_for_comparisons(treebank_files: dict[str, Path], tmp_path: Path) -> None:
    model = saved(tmp_path / "model", decoder=False, spread=0.4)
    found = row(model, treebank_files, tmp_path / "out")
    (finished,) = read_finished(tmp_path / "out")
    (measured,) = everything_measured(finished)
    assert (measured.metric, measured.setting.probe) == ("loss", "masked")
    assert measured.tally().value == pytest.approx(found["loss"])


def test_a_checkpoint_without_a_head_is_refused(
    checkpoint: Path, treebank_files: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError):
        row(checkpoint, treebank_files, tmp_path / "out")
