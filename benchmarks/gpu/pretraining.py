"""Pre-training against the bare loop."""

from itertools import islice

from transformers import get_linear_schedule_with_warmup

from benchmarks.gpu.card import Card
from benchmarks.gpu.model import VOCABULARY
from benchmarks.measuring import Ratio, interleaved, median_of, ratio
from benchmarks.pretraining_speed import bare_steps
from treeprobe.parsing import Treebank
from treeprobe.training import PretrainingOptions
from treeprobe.training.examples import training_batches
from treeprobe.training.models import new_model
from treeprobe.training.optimizing import TrainingLoop
from treeprobe.training.text import split_documents
from treeprobe.training.tokenizer import train_tokenizer

STEPS = 60


def measure_pretraining(card: Card, bank: Treebank, *, small: bool) -> list[Ratio]:
    """Steps of pre-training against a bare loop over batches that are on the card already."""
    rows: list[Ratio] = []
    size = {"layers": 2, "dim": 64, "heads": 2} if small else {"layers": 12, "dim": 768, "heads": 12}
    steps = 4 if small else STEPS
    options = PretrainingOptions(
        **size, vocabulary_size=500 if small else VOCABULARY, steps=2 * steps, save_steps=(0,), next_sentence=False,
        learning_rate=1e-4,
    )  # fmt: skip
    documents = split_documents(bank)
    lines = [line for document in documents for line in document]
    with card.peak(rows, "pre-training"):
        tokenizer = train_tokenizer(lines, vocabulary_size=options.vocabulary_size, max_subwords=options.max_subwords)
        models = [new_model(tokenizer, options).to(card.name).train() for _ in range(2)]
        ready = [
            {name: values.to(card.name) for name, values in batch.items()}
            for batch in islice(training_batches(tokenizer, documents, options), 2 * steps)
        ]
        ours = TrainingLoop(
            models[0],
            steps=options.steps,
            learning_rate=options.learning_rate,
            schedule=get_linear_schedule_with_warmup,
        ).run(training_batches(tokenizer, documents, options))
        bare = bare_steps(models[1], iter(ready), options)
        for loop in (ours, bare):
            list(islice(loop, steps))  # warm up: kernels are chosen for each shape when it is first met
        taken = interleaved(
            {
                "ours": card.timed(lambda: list(islice(ours, steps))),
                "bare": card.timed(lambda: list(islice(bare, steps))),
            },
            rounds=1,
        )
        rows += [
            ratio("pre-training against a bare loop", taken["ours"], taken["bare"], goal=1.15),
            median_of("pre-training: steps a second", [steps / s for s in taken["ours"].wall], unit="/s"),
        ]
    return rows
