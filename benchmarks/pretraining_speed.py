"""Steps of pre-training against a bare transformers loop with the same model and batches.

    python -m benchmarks.pretraining_speed --treebank FOLDER [--steps 40] [--rounds 3] [--clock processor]

The bare loop is the textbook's: the model's own loss, AdamW, gradients clipped to a norm of 1, on batches that were
tokenized, paired and masked beforehand. Ours draws and encodes them on the way. Each objective is measured apart, at
the sizes that `treeprobe pretrain` has by default; ours computes logits at the predicted subwords alone, which is why
it may be faster. The throughput is the bare loop's seconds over ours.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

import torch
from torch import Tensor
from transformers import PreTrainedModel, get_linear_schedule_with_warmup

from benchmarks.inputs import parser, read_bank
from benchmarks.measuring import Clock, Ratio, interleaved, ratio, report
from treeprobe.training import PretrainingOptions
from treeprobe.training.examples import training_batches
from treeprobe.training.models import new_model
from treeprobe.training.optimizing import TrainingLoop
from treeprobe.training.text import Documents, split_documents
from treeprobe.training.tokenizer import train_tokenizer

GOAL = 0.9
OBJECTIVES: Mapping[str, Mapping[str, bool]] = {
    "masked words and next sentences": {},
    "masked words": {"next_sentence": False},
    "left to right": {"next_sentence": False, "left_to_right": True},
}


def main() -> None:
    options = parser(__doc__, sentences=2000, rounds=3)
    options.add_argument("--steps", type=int, default=40, help="steps of each side in a round")
    options.add_argument("--clock", choices=("wall", "processor"), default="wall", help="whose seconds are compared")
    arguments = options.parse_args()
    documents = split_documents(read_bank(arguments, "train"))
    steps = arguments.steps * (arguments.rounds + 1)
    base = PretrainingOptions(steps=steps, save_steps=(steps,))
    rows = [
        compare(name, documents, replace(base, **objective), rounds=arguments.rounds, clock=arguments.clock)
        for name, objective in OBJECTIVES.items()
    ]
    report("pretraining_speed", rows, out=arguments.out)


def compare(name: str, documents: Documents, options: PretrainingOptions, *, rounds: int, clock: Clock) -> Ratio:
    """The throughput of one objective; the first round of each side warms up."""
    lines = [line for document in documents for line in document]
    tokenizer = train_tokenizer(lines, vocabulary_size=options.vocabulary_size, max_subwords=options.max_subwords)
    torch.manual_seed(options.seed)
    models = [new_model(tokenizer, options).train() for _ in range(2)]
    steps = options.steps // (rounds + 1)
    loop = TrainingLoop(
        models[0],
        steps=options.steps,
        learning_rate=options.learning_rate,
        schedule=get_linear_schedule_with_warmup,
    )
    ours = loop.run(training_batches(tokenizer, documents, options))
    ready = list(islice(training_batches(tokenizer, documents, options), options.steps))
    bare = bare_steps(models[1], iter(ready), options)
    for side in (ours, bare):
        list(islice(side, steps))
    times = interleaved(
        {"ours": lambda: list(islice(ours, steps)), "bare": lambda: list(islice(bare, steps))}, rounds=rounds
    )
    title = f"pre-training, {name}: throughput, against a bare loop on ready batches"
    return ratio(title, times["bare"], times["ours"], clock=clock, goal=GOAL, better="higher")


def bare_steps(
    model: PreTrainedModel, batches: Iterator[dict[str, Tensor]], options: PretrainingOptions
) -> Iterator[Tensor]:
    """The textbook's loop with the model's own loss."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=0.01)
    course = get_linear_schedule_with_warmup(optimizer, options.steps // 10, options.steps + 1)
    for batch in batches:
        loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        course.step()
        optimizer.zero_grad()
        yield loss.detach()


if __name__ == "__main__":
    main()
