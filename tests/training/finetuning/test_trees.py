"""The biaffine parser computes its equations, learns trees where states hold them, and no others."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy
from transformers import AutoModel, DistilBertConfig, GPT2Config, RobertaConfig, T5Config

from treeprobe.extraction import Encoder
from treeprobe.parsing import Sentence, TreebankError, score_heads
from treeprobe.training import PretrainingOptions, pretrain
from treeprobe.training.finetuning import (
    DependencyTrees,
    FinetuningError,
    FinetuningOptions,
    ParsedTree,
    UnseenLabels,
    dependency_task,
    finetune,
    finetune_together,
    measure,
    predict,
    predict_baselines,
    upos_task,
)
from treeprobe.training.finetuning.biaffine import AutoModelForDependencyTrees, BiaffineHead
from treeprobe.training.finetuning.models import with_head
from treeprobe.training.finetuning.shape import NOT_TRAINED, Encoded
from treeprobe.training.finetuning.word_inputs import read_words

Splits = dict[str, list[Sentence]]
Arrays = dict[str, NDArray[np.float64]]
QUICK = FinetuningOptions(steps=40, batch_size=16, learning_rate=1e-2, save_steps=(0,), evaluations=1)


def slow_scores(head: BiaffineHead, states: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of one sentence's arcs and relations, (words, 1 + words) and (words, 1 + words, relations), in loops."""
    weights: Arrays = {name: value.detach().numpy().astype(np.float64) for name, value in head.state_dict().items()}

    def layer(name: str, state: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(weights[f"{name}.weight"] @ state + weights[f"{name}.bias"], 0)

    heads = [weights["root.weight"][0], *states]
    relations, size = weights["relation_sum.weight"].shape[0], weights["relation_head.bias"].shape[0]
    bilinear = weights["relation_pair.weight"].reshape(relations, size, size)
    arcs = np.full((len(states), len(heads)), -np.inf)
    labels = np.zeros((len(states), len(heads), relations))
    for i, dependent in enumerate(states):
        for j, governor in enumerate(heads):
            if j != i + 1:
                arc = weights["arc.weight"] @ layer("arc_dependent", dependent) + weights["arc.bias"]
                arcs[i, j] = arc @ layer("arc_head", governor)
            own, other = layer("relation_dependent", dependent), layer("relation_head", governor)
            for k in range(relations):
                joined = np.concatenate([own, other])
                linear = weights["relation_sum.weight"][k] @ joined + weights["relation_sum.bias"][k]
                labels[i, j, k] = other @ bilinear[k] @ own + linear
    return arcs, labels


def new_head(dim: int, relations: int) -> BiaffineHead:
    torch.manual_seed(0)
    head = BiaffineHead(dim, relations, arc_size=7, relation_size=5, dropout=0.33).eval()
    torch.nn.init.normal_(head.root.weight)
    return head


def test_scores_are_the_papers_equations_whatever_else_is_in_the_batch() -> None:
    head, lengths = new_head(6, 4), (5, 3)
    states = torch.randn(2, 5, 6)
    mask = torch.arange(5) < torch.tensor(lengths)[:, None]
    with torch.no_grad():
        arcs, dependents, heads = head(states, mask)
        relations = head.all_relations(dependents, heads)
        pairs = head.relations(dependents[:, :, None].expand(-1, -1, 6, -1), heads[:, None].expand(-1, 5, -1, -1))
    for number, length in enumerate(lengths):
        expected_arcs, expected_relations = slow_scores(head, states[number, :length].numpy().astype(np.float64))
        np.testing.assert_allclose(arcs[number, :length, : length + 1], expected_arcs, rtol=1e-4, atol=1e-5)
        for found in (relations, pairs):
            np.testing.assert_allclose(found[number, :length, : length + 1], expected_relations, rtol=1e-4, atol=1e-5)
    assert torch.isneginf(arcs[1, :3, 4:]).all(), "padding is no head"


def train_head(states: torch.Tensor, heads: torch.Tensor) -> BiaffineHead:
    """A head trained on arcs alone, (sentences, words, dim) and (sentences, words), 0 for the root."""
    head = new_head(states.shape[-1], 2).train()
    mask = torch.ones_like(heads, dtype=torch.bool)
    optimizer = torch.optim.Adam(head.parameters(), lr=2e-2)
    for _ in range(150):
        loss = cross_entropy(head(states, mask)[0].flatten(0, 1), heads.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return head.eval()


@pytest.mark.parametrize(("planted", "least", "most"), [(True, 0.95, 1.0), (False, 0.0, 0.35)])
def test_heads_are_found_where_states_hold_them_and_not_where_states_are_unrelated(
    planted: bool, least: float, most: float
) -> None:
    generator = torch.Generator().manual_seed(1)
    words, sentences = 8, 300
    heads = torch.stack(
        [
            torch.cat(
                [
                    torch.zeros(1, dtype=torch.long),
                    *(torch.randint(1, w + 1, (1,), generator=generator) for w in range(1, words)),
                ]
            )
            for _ in range(sentences)
        ]
    )
    places = torch.eye(words + 1)
    # A word's own place, and that of its head: all that an arc depends on.
    told = torch.cat([places[1:].expand(sentences, -1, -1), places[heads]], dim=-1)
    noise = torch.randn(told.shape, generator=generator)
    states = told if planted else noise
    head = train_head(states[:200], heads[:200])
    with torch.no_grad():
        arcs = head(states[200:], torch.ones(100, words, dtype=torch.bool))[0]
    gold = heads[200:]
    shape = DependencyTrees(("dep", "root"), fallback="dep")
    encoded = [Encoded({}, number, np.arange(words)) for number in range(len(gold))]
    trees = shape.decode([], encoded, [(each.numpy(), np.zeros((words, words + 1), np.float32)) for each in arcs])
    right = np.mean([np.array(tree.heads) == each.numpy() - 1 for tree, each in zip(trees, gold)])
    assert least <= right <= most


def test_a_parser_is_learnt_and_is_a_checkpoint_like_the_others(splits: Splits, tiny: Path, tmp_path: Path) -> None:
    task = dependency_task(splits)
    found = finetune(task, tiny, tmp_path / "parser", options=QUICK, progress=False)
    model = found.scores[found.scores["system"] == "model"].set_index("metric")
    assert model.loc["las", "value"] > 0.95
    assert model.loc["uas", "value"] >= model.loc["las", "value"]
    assert model.loc["las", "resampled"] == "documents"
    chains = found.scores[found.scores["system"] != "model"]
    assert len(chains) == 6
    assert chains["value"].max() < 0.7
    digests = [Encoder.from_pretrained(folder).digest for folder in (tiny, *found.checkpoints.values())]
    assert digests[0] == digests[1] != digests[2], "step 0 is the model that was given"
    loaded = AutoModelForDependencyTrees.from_pretrained(found.checkpoint)
    tokenizer = Encoder.from_pretrained(found.checkpoint).tokenizer
    assert predict(loaded, tokenizer, task.shape, task.held_out["dev"], max_subwords=64) == found.predictions["dev"]
    others = {name: [replace(one, heads=(2, 2, -1, 4, 2, 2)) for one in split] for name, split in splits.items()}
    with pytest.raises(FinetuningError, match="examples_sha256"):
        finetune(dependency_task(others), tiny, tmp_path / "parser", options=QUICK, progress=False)
    tally = score_heads(
        splits["dev"],
        [tree.heads for tree in found.predictions["dev"]],
        relations=[tree.relations for tree in found.predictions["dev"]],
        punctuation="upos",
    )["las"]
    assert tally.value == model.loc["las", "value"]


def test_the_loss_is_that_of_gold_heads_and_of_relations_at_them(splits: Splits, tiny: Path) -> None:
    task = dependency_task(splits)
    encoder = Encoder.from_pretrained(tiny)
    torch.manual_seed(0)
    model = with_head(tiny, encoder, task.shape, random_weights=False).eval()
    encoded = task.shape.encode(splits["dev"][:3], encoder.tokenizer, max_subwords=64)
    batch = task.shape.collator(encoder.tokenizer)([one.inputs for one in encoded])
    losses = []
    with torch.no_grad():
        loss = float(model(**batch).loss)
        for row, sentence in enumerate(splits["dev"][:3]):
            hidden = model.base_model(batch["input_ids"][row : row + 1]).last_hidden_state[0]
            states = (batch["word_weights"][row] @ hidden).numpy().astype(np.float64)
            arcs, relations = slow_scores(model.biaffine, states)
            for word, (head, relation) in enumerate(zip(sentence.heads, sentence.relations)):
                for scores, gold in (
                    (arcs[word], head + 1),
                    (relations[word, head + 1], task.shape.labels.index(relation)),
                ):
                    losses.append(np.log(np.exp(scores).sum()) - scores[gold])
    assert loss == pytest.approx(2 * np.mean(losses), rel=1e-4)


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_words_are_pooled_from_their_subwords_and_cut_off_words_hang_from_the_root(
    splits: Splits, tiny: Path, pooling: str
) -> None:
    tokenizer = Encoder.from_pretrained(tiny).tokenizer
    words = ("the", "catdog", "sees", "manman", "runs")
    [one] = read_words([words], tokenizer, max_subwords=64, pooling=pooling)  # type: ignore[arg-type]
    counts = [len(tokenizer(word, add_special_tokens=False)["input_ids"]) for word in words]
    assert max(counts) > 1
    start = 1
    for row, count in zip(one.weights, counts):
        expected = np.zeros(len(one.inputs["input_ids"]))
        expected[start : start + (1 if pooling == "first" else count)] = 1 if pooling == "first" else 1 / count
        np.testing.assert_allclose(row, expected)
        start += count
    task = dependency_task(splits, pooling=pooling)  # type: ignore[arg-type]
    sentence = splits["dev"][0]
    [encoded] = task.shape.encode([sentence], tokenizer, max_subwords=5)
    assert encoded.places.tolist() == [0, 1, 2, -1, -1, -1]
    assert encoded.inputs["heads"].tolist() == [2, 3, 0]
    arcs = np.full((3, 4), -9.0, np.float32)
    arcs[[0, 1, 2], [2, 3, 0]] = 9.0
    [tree] = task.shape.decode([sentence], [encoded], [(arcs, np.full((3, 4), 1.0, np.float32))])
    assert tree.heads == (1, 2, -1, 2, 2, 2)
    assert tree.relations[2] == "root"
    assert set(tree.relations[3:]) == {task.shape.fallback}
    [nothing] = task.shape.encode([sentence], tokenizer, max_subwords=2)
    [tree] = task.shape.decode([sentence], [nothing], [(np.zeros((1, 2), np.float32), np.zeros((1, 2), np.float32))])
    assert tree.heads == (-1, 0, 1, 2, 3, 4)
    batch = task.shape.collator(tokenizer)([encoded.inputs, nothing.inputs])
    assert batch["word_mask"].sum(1).tolist() == [3, 0]
    assert (batch["heads"][1] == NOT_TRAINED).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda size: DistilBertConfig(vocab_size=size, dim=16, n_layers=1, n_heads=2, hidden_dim=32),
        lambda size: RobertaConfig(
            vocab_size=size, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
            pad_token_id=0,
        ),
        lambda size: GPT2Config(vocab_size=size, n_embd=16, n_layer=1, n_head=2),
    ],
)  # fmt: skip
def test_every_encoder_can_parse(
    splits: Splits, tiny: Path, tmp_path: Path, make: Callable[[int], DistilBertConfig | RobertaConfig | GPT2Config]
) -> None:
    tokenizer = Encoder.from_pretrained(tiny).tokenizer
    config = make(len(tokenizer))
    AutoModel.from_config(config).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    found = finetune(dependency_task(splits), tmp_path / "model", tmp_path / "out", options=QUICK, progress=False)
    assert found.scores.query("system == 'model' and metric == 'uas'")["value"].item() > 0.9
    given, kept = (Encoder.from_pretrained(each) for each in (tmp_path / "model", found.checkpoints[0]))
    assert given.digest == kept.digest


def test_a_parser_on_a_bilstm_and_beside_other_tasks(splits: Splits, tmp_path: Path) -> None:
    options = PretrainingOptions(
        layers=1, dim=16, heads=2, vocabulary_size=150, steps=1, save_steps=(1,), left_to_right=True, bilstm=True
    )
    made = pretrain(splits["train"], tmp_path / "ltr", options=options, progress=False)
    tasks = [dependency_task(splits), upos_task(splits)]
    found = finetune(tasks[0], made / "step-1", tmp_path / "out", options=QUICK, progress=False)
    assert found.scores.query("system == 'model' and metric == 'uas'")["value"].item() > 0.8
    options = replace(QUICK, save_steps=())
    both = finetune_together(tasks, made / "step-1", tmp_path / "both", options=options, progress=False)
    assert both.scores.query("task == 'dependencies' and metric == 'uas'")["value"].item() > 0.8
    assert Encoder.from_pretrained(both.checkpoints["dependencies"]).name == "step-40"


def test_an_encoder_decoder_is_refused() -> None:
    config = T5Config(biaffine_arc_size=4)
    with pytest.raises(ValueError, match="T5Config describes no encoder with a biaffine head"):
        AutoModelForDependencyTrees.from_pretrained("t5", config=config)


def test_chains_are_baselines_and_a_word_may_bring_its_relation(splits: Splits) -> None:
    task = dependency_task(splits)
    predicted = predict_baselines(task)
    assert list(predicted) == ["chain from left", "chain from right", "better chain, relations of words"]
    first = {name: found["dev"][0] for name, found in predicted.items()}
    assert first["chain from left"].heads == (-1, 0, 1, 2, 3, 4)
    assert first["chain from right"].heads == (1, 2, 3, 4, 5, -1)
    assert set(first["chain from right"].relations) == {"det", "root"}
    # More heads in training are the next word, and each word's relation is known but for subject and object.
    assert first["better chain, relations of words"].heads == first["chain from right"].heads
    assert first["better chain, relations of words"].relations[0] == "det"
    scores = {name: {row["metric"]: row["value"] for row in measure(task, found)} for name, found in predicted.items()}
    assert scores["better chain, relations of words"]["las"] > scores["chain from right"]["las"]


def test_a_treebank_without_relations_is_refused_and_unseen_relations_are_told(splits: Splits) -> None:
    bare = [replace(sentence, relations=("_",) * len(sentence)) for sentence in splits["dev"]]
    with pytest.raises(TreebankError, match=r"dev: a treebank without relations; found '_' \(288\); expected 'root'"):
        dependency_task({**splits, "dev": bare})
    with pytest.raises(TreebankError, match="train: a treebank without relations; found none"):
        dependency_task({**splits, "train": []})
    renamed = [
        replace(sentence, relations=("det:new", "odd", "root", "det", "obj", "discourse")) for sentence in splits["dev"]
    ]
    with pytest.warns(UnseenLabels, match=r"48 of 288 labels in dev do not occur in training \(odd\)"):
        task = dependency_task({**splits, "dev": renamed})
    perfect = [ParsedTree(one.heads, splits["dev"][0].relations) for one in renamed]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = {row["metric"]: row["value"] for row in measure(task, {"dev": perfect})}
    assert values == {"las": 5 / 6, "uas": 1.0}
