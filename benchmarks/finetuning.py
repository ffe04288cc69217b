"""What fine-tuning reaches on a treebank's own tasks: a checkpoint, its random twin, and the baselines.

    python -m benchmarks.finetuning --treebank FOLDER [--model CHECKPOINT] [--tasks upos genre] [--steps 200]

Every run takes the same steps, on a random sample of `--train` examples and scored on one of `--dev` where these are
given. Prints a table in Markdown: 95 % intervals in brackets, and the paired difference between the checkpoint and its
random twin.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.inputs import parser, read_bank
from treeprobe.extraction import embedded_checkpoint
from treeprobe.parsing import paired_difference
from treeprobe.training.finetuning import TREEBANK_TASKS, AnyTask, Finetuned, FinetuningOptions, MeanMetric, finetune

HEADINGS = ("task", "metric", "majority", "bag of words", "random twin", "checkpoint", "difference", "CPU s")


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--tasks", nargs="+", choices=TREEBANK_TASKS, default=list(TREEBANK_TASKS))
    options.add_argument("--steps", type=int, default=200, help="training steps of each run")
    options.add_argument("--train", type=int, help="examples to train on at most; all unless given")
    options.add_argument("--dev", type=int, help="examples to score on at most; all unless given")
    options.add_argument("--max-subwords", type=int, default=96)
    options.add_argument("--learning-rate", type=float, default=2e-4)
    arguments = options.parse_args()
    model = arguments.model or embedded_checkpoint()
    splits = {"train": read_bank(arguments, "train"), "dev": read_bank(arguments, "dev")}
    schedule = FinetuningOptions(
        steps=arguments.steps,
        evaluations=1,
        max_subwords=arguments.max_subwords,
        learning_rate=arguments.learning_rate,
    )
    print(line(HEADINGS), line(["---"] * len(HEADINGS)), sep="\n")
    for name in arguments.tasks:
        task = TREEBANK_TASKS[name](splits).shortened(arguments.train, arguments.dev)
        with tempfile.TemporaryDirectory() as place:
            print(*rows(task, model, schedule, Path(place)), sep="\n", flush=True)


def rows(task: AnyTask, model: str | Path, options: FinetuningOptions, place: Path) -> list[str]:
    """A line a metric of the checkpoint, its twin, and the baselines."""
    started = time.process_time()
    own = finetune(task, model, place / "own", options=options, progress=False)
    seconds = time.process_time() - started
    twin = finetune(task, model, place / "twin", options=replace(options, random_weights=True), progress=False)
    return [
        line(
            [
                task.name,
                metric.name,
                *(shown(own, system, metric.name) for system in ("majority", "bag of words")),
                *(shown(one, "model", metric.name) for one in (twin, own)),
                difference(task, metric, own, twin) if isinstance(metric, MeanMetric) else "",
                f"{seconds:.0f}",
            ]
        )
        for metric in task.metrics
    ]


def shown(found: Finetuned, system: str, metric: str) -> str:
    """A score with its interval."""
    scores = found.scores
    row = scores[(scores["system"] == system) & (scores["metric"] == metric)].iloc[0]
    return f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"


def difference(task: AnyTask, metric: MeanMetric, own: Finetuned, twin: Finetuned) -> str:
    """The checkpoint less its twin, on the same examples, with its interval."""
    examples = task.held_out["dev"]
    first, second = (metric.tally(examples, one.predictions["dev"]) for one in (own, twin))
    found = paired_difference(first, second)
    return f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def line(cells: list[str] | tuple[str, ...]) -> str:
    """A line of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
