"""A small BERT trained from scratch on the text of a treebank, its checkpoints saved by step.

The objective is that of Devlin et al. (2019), section 3.1: of 15 % of the subwords, 80 % become [MASK], 10 % a random
subword, 10 % stay; and whether the second sentence follows the first. The options are their ablations: table 5 (no
next-sentence prediction, left to right), table 6 (size) and table 8 (how masked subwords are shown).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy
from tqdm import tqdm
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForPreTraining,
    BertLMHeadModel,
    DataCollatorForLanguageModeling,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    get_linear_schedule_with_warmup,
)
from transformers.utils import logging

from treeprobe.errors import TreeprobeError
from treeprobe.files import staged_folder
from treeprobe.parsing import Sentence
from treeprobe.pipeline.checkpoints.examples import Pair, documents, draw_pairs, train_tokenizer

IGNORED = -100
"""The label of subwords that are not predicted, as transformers has it."""
POOL = 16


class PretrainingError(TreeprobeError, ValueError):
    """Options that cannot be trained with, or a text that is too small to train on."""


@dataclass(frozen=True)
class Pretraining:
    """How a small BERT is trained; the size is BERT's own scaled down (heads of 32 dimensions, 4 dim between).

    Attributes:
        blocks, dim, heads: the model's size.
        vocabulary: subwords at most. max_subwords: the longest example.
        steps: updates of `batch_size` examples each. saved: the steps whose checkpoints are kept, 0 is untrained.
        masked: share of subwords to predict; `as_mask` of them are shown as [MASK], `as_random` as a random subword,
            the rest as they are.
        next_sentence: whether to predict if the second sentence follows; examples are single sentences otherwise.
        left_to_right: predict each subword from those before it, in place of masked ones; has no next sentence.
        dropout: share of activations left out in training. BERT's is 0.1, for 40 rounds of a text; a few rounds with a
            small model learn too little of it, not too much, and with dropout they do not get beyond single words.
    """

    blocks: int = 4
    dim: int = 128
    heads: int = 4
    vocabulary: int = 4000
    max_subwords: int = 96
    steps: int = 6000
    saved: Sequence[int] = (0, 300, 1000, 2000, 3000, 6000)
    batch_size: int = 32
    learning_rate: float = 1e-3
    masked: float = 0.15
    as_mask: float = 0.8
    as_random: float = 0.1
    next_sentence: bool = True
    left_to_right: bool = False
    dropout: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse, with the numbers, what cannot be trained: raises PretrainingError."""
        if self.left_to_right and self.next_sentence:
            raise PretrainingError(
                "left-to-right training reads single sentences; expected next_sentence=False with it"
            )
        if self.dim % self.heads:
            raise PretrainingError(f"dim {self.dim} cannot be shared by {self.heads} heads; expected a multiple")
        if not 0 < self.masked < 1 or min(self.as_mask, self.as_random) < 0 or self.as_mask + self.as_random > 1:
            raise PretrainingError(
                f"masked={self.masked}, as_mask={self.as_mask}, as_random={self.as_random}; expected shares, the last "
                "two of at most 1 together"
            )
        if not 0 <= self.dropout < 1:
            raise PretrainingError(f"dropout={self.dropout}; expected a share below 1")
        if not self.saved or min(self.saved) < 0 or max(self.saved) > self.steps:
            raise PretrainingError(f"saved={list(self.saved)}; expected steps from 0 to {self.steps}")


def pretrain(
    sentences: Sequence[Sentence],
    out: str | Path,
    *,
    options: Pretraining | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Train a BERT on the sentences' text, and write `out/step-N` for every saved step, each a whole checkpoint.

    The text settles the vocabulary, and the seed settles weights, order, pairs and masks: on one machine, with one
    number of threads, the same checkpoints come out. `out/training.json` holds the options and the loss of every step.
    Raises OutputError when `out` holds files, PretrainingError when the text is too small.
    """
    options = options or Pretraining()
    texts = documents(sentences)
    if sum(map(len, texts)) < 2:
        raise PretrainingError(f"{len(sentences)} sentences of text; expected at least two to train on")
    with staged_folder(out, overwrite=overwrite) as folder, torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        tokenizer = train_tokenizer(
            (line for text in texts for line in text),
            vocabulary=options.vocabulary,
            max_subwords=options.max_subwords,
        )
        model = new_model(tokenizer, options)
        losses = []
        for step, loss in enumerate(training_steps(model, tokenizer, texts, options, progress=progress)):
            losses.append(loss)
            if step in options.saved:
                save(model, tokenizer, folder / f"step-{step}")
        record = {"options": asdict(options), "sentences": len(sentences), "losses": losses[1:]}
        (folder / "training.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return Path(out)


def new_model(tokenizer: PreTrainedTokenizerFast, options: Pretraining) -> PreTrainedModel:
    """A model of the size asked for, with the heads that its objective needs, weights as BERT's are drawn."""
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=options.dim,
        num_hidden_layers=options.blocks,
        num_attention_heads=options.heads,
        intermediate_size=4 * options.dim,
        max_position_embeddings=options.max_subwords,
        hidden_dropout_prob=options.dropout,
        attention_probs_dropout_prob=options.dropout,
        is_decoder=options.left_to_right,
        pad_token_id=tokenizer.pad_token_id,
    )
    if options.left_to_right:
        return BertLMHeadModel(config)
    return BertForPreTraining(config) if options.next_sentence else BertForMaskedLM(config)


def training_steps(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    texts: Sequence[Sequence[str]],
    options: Pretraining,
    *,
    progress: bool,
) -> Iterator[float]:
    """Train; yields nan before the first step and then the loss of each, in nats."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, options.steps // 10, options.steps + 1)
    yield float("nan")
    model.train()
    batches = endless_batches(tokenizer, texts, options)
    for _ in tqdm(range(options.steps), desc="pre-training", unit="step", disable=not progress):
        loss = training_loss(model, next(batches))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        yield float(loss.detach())


def training_loss(model: PreTrainedModel, batch: dict[str, Tensor]) -> Tensor:
    """What `model(**batch).loss` is, in nats, with the masked subwords' scores alone.

    transformers scores every subword of the vocabulary at every place, and then looks at the 15 % that are predicted;
    in a small model that is most of the work.
    """
    if isinstance(model, BertLMHeadModel):
        return model(**batch).loss
    labels, following = batch["labels"], batch.get("next_sentence_label")
    inputs = {name: values for name, values in batch.items() if name not in ("labels", "next_sentence_label")}
    encoded = model.bert(**inputs)
    picked = labels != IGNORED
    loss = cross_entropy(model.cls.predictions(encoded.last_hidden_state[picked]), labels[picked])
    if following is None:
        return loss
    return loss + cross_entropy(model.cls.seq_relationship(encoded.pooler_output), following)


def endless_batches(
    tokenizer: PreTrainedTokenizerFast, texts: Sequence[Sequence[str]], options: Pretraining
) -> Iterator[dict[str, Tensor]]:
    """Batches of examples in a new random order every time round; pairs and masks are drawn anew each time."""
    generator = np.random.default_rng(options.seed)
    collate = DataCollatorForLanguageModeling(
        tokenizer,
        mlm=not options.left_to_right,
        mlm_probability=None if options.left_to_right else options.masked,
        mask_replace_prob=options.as_mask,
        random_replace_prob=options.as_random,
        seed=options.seed,
    )
    while True:
        pairs = draw_pairs(texts, generator) if options.next_sentence else None
        lines = [line for text in texts for line in text]
        letters = [len(line) for line in lines] if pairs is None else [len(one.first + one.second) for one in pairs]
        for chosen in batches_alike(np.array(letters), options.batch_size, generator):
            examples = (
                encode_lines(tokenizer, [lines[i] for i in chosen])
                if pairs is None
                else encode_pairs(tokenizer, [pairs[i] for i in chosen])
            )
            yield dict(collate(examples))


def batches_alike(lengths: NDArray[np.int64], size: int, generator: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Every example once, in batches of about one length, so that little of a batch is padding.

    Lengths are sorted within random pools of `POOL` batches only, and the batches of a pool come in random order: what
    meets in a batch stays a matter of chance. What does not fill a last batch is left out.
    """
    order, size = generator.permutation(len(lengths)), min(size, len(lengths))
    for pool in np.split(order[: len(order) // size * size], range(size * POOL, len(order), size * POOL)):
        batches = pool[np.argsort(lengths[pool], kind="stable")].reshape(-1, size)
        yield from generator.permutation(batches)


def encode_lines(tokenizer: PreTrainedTokenizerFast, lines: Sequence[str]) -> list[dict[str, Any]]:
    """Single sentences as examples."""
    encoded = tokenizer(list(lines), truncation=True)
    return [{"input_ids": ids} for ids in encoded["input_ids"]]


def encode_pairs(tokenizer: PreTrainedTokenizerFast, pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Pairs as examples; label 1 says that the second sentence is a random one, as transformers has it."""
    encoded = tokenizer([pair.first for pair in pairs], [pair.second for pair in pairs], truncation="longest_first")
    return [
        {"input_ids": ids, "token_type_ids": segments, "next_sentence_label": int(pair.random)}
        for ids, segments, pair in zip(encoded["input_ids"], encoded["token_type_ids"], pairs)
    ]


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write one checkpoint, without transformers' own progress bar: it takes a moment."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    finally:
        if shown:
            logging.enable_progress_bar()
