"""Does the LAS of DepProbe foretell which encoder makes the best parser? Small checkpoints, ranked by both.

    python -m benchmarks.ranking --treebank en_ewt --out FOLDER [--device cuda] [--jobs 7] [--layers 1 2 3 4]

Makes checkpoints of known order (MiniLM, its random twin, a tiny BERT at several steps of its pre-training), ranks them
by DepProbe as `treeprobe rank` does, fine-tunes a deep biaffine parser on each, ranks these by their LAS on the same
development sentences, and compares the two rankings by Spearman's, Kendall's and the weighted tau, with intervals over
sentences and seeds. Probes are trained on the CPU, by all of its cores; `--device` pre-trains and fine-tunes. A run
that was cut off goes on. Prints tables in Markdown, and writes them to OUT.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pandas as pd
from joblib import Parallel, delayed

from benchmarks.inputs import parser, read_bank
from treeprobe.parsing import Tally
from treeprobe.parsing.scores import Ranked, RankedScore, rank_agreement, rank_tallies
from treeprobe.pipeline import Options, Plan, Workers, rank_checkpoints, read_finished, splits_of, sweep
from treeprobe.pipeline.comparisons.ranking import ANALYSIS, CheckpointRanking
from treeprobe.pipeline.results.file_names import file_name
from treeprobe.pipeline.sweeps import Checkpoint, find_checkpoints
from treeprobe.training import PretrainingOptions, make_family
from treeprobe.training.finetuning import FinetuningOptions, dependency_task, finetune

HEADINGS = ("checkpoint", "LAS of DepProbe", "layer", "ranks", "LAS of the parser", "ranks", "probing, s", "parsing, s")


def main() -> None:
    arguments = declared().parse_args()
    out = arguments.out
    checkpoints = make_checkpoints(arguments)
    probed, probing = rank_by_probes(arguments, checkpoints)
    parsed, parsing = rank_by_parsers(arguments, checkpoints)
    rows = compared(probed, parsed, probing, parsing)
    agreements = pd.DataFrame(map(asdict, rank_agreement(probed.ranked, parsed)))
    for name, table in (("rankings", rows), ("agreement", agreements)):
        table.to_csv(out / f"{name}.csv", index=False)
    print(markdown(rows), said(probed, parsed, agreements), sep="\n\n")


def declared() -> argparse.ArgumentParser:
    """The options."""
    made = parser(__doc__, sentences=2000)
    made.add_argument("--models", nargs="*", default=[], help="further checkpoints, as `treeprobe sweep` takes them")
    made.add_argument("--steps", type=int, nargs="+", default=[0, 100, 300, 1000, 3000], help="of pre-training, saved")
    made.add_argument("--epochs", type=int, default=20, help="of the probes at most")
    made.add_argument("--seeds", type=int, default=2, help="of the probes")
    made.add_argument("--layers", type=int, nargs="+", help="probed; all unless given")
    made.add_argument("--parsing-steps", type=int, default=300, help="of each fine-tuning")
    made.add_argument("--parsing-seeds", type=int, default=2, help="of the parsers")
    made.add_argument("--learning-rate", type=float, default=5e-4, help="of fine-tuning")
    made.add_argument("--batch-size", type=int, default=32, help="of pre-training and fine-tuning")
    made.add_argument("--device", default="cpu", help="where models are pre-trained and fine-tuned")
    made.add_argument("--jobs", type=int, default=1, help="checkpoints that are probed or fine-tuned at once")
    return made


def make_checkpoints(arguments: argparse.Namespace) -> list[Checkpoint]:
    """MiniLM, its random twin, and a tiny BERT at some steps; and further ones that are given."""
    if arguments.out is None:
        raise SystemExit("--out: found none; expected the folder to write in")
    options = PretrainingOptions(
        steps=max(arguments.steps), save_steps=tuple(arguments.steps), batch_size=arguments.batch_size
    )
    family = make_family(
        list(read_bank(arguments, "train", whole=True)),
        arguments.out / "family",
        options=options,
        device=arguments.device,
        progress=False,
    )
    return find_checkpoints([*family, *arguments.models])


def rank_by_probes(
    arguments: argparse.Namespace, checkpoints: Sequence[Checkpoint]
) -> tuple[CheckpointRanking, dict[str, float]]:
    """The ranking by DepProbe, and how many seconds each checkpoint took."""
    plan = Plan(
        models=[f"{one.name}={one.source}" for one in checkpoints],
        treebanks=[splits_of(arguments.treebank, arguments.treebank)],
        out=arguments.out / "sweep",
        analyses=(ANALYSIS,),
        options=Options(
            seeds=range(arguments.seeds),
            epochs=arguments.epochs,
            layers=arguments.layers,
            random_baseline=False,
        ),
        max_sentences=arguments.sentences,
    )
    done = sweep(plan, workers=Workers(arguments.jobs), progress=False)
    if failed := {**done.failed, **done.failed_before}:
        raise SystemExit(f"probing failed: {failed}")
    seconds = {one.checkpoint: float(one.record["seconds"]["total"]) for one in read_finished(done.out)}
    return rank_checkpoints(done.out, split="dev"), seconds


def rank_by_parsers(
    arguments: argparse.Namespace, checkpoints: Sequence[Checkpoint]
) -> tuple[Ranked, dict[str, float]]:
    """The ranking by parsers that are fine-tuned, and how many seconds each checkpoint took."""
    pairs = [(one, seed) for one in checkpoints for seed in range(arguments.parsing_seeds)]
    found = Parallel(arguments.jobs)(delayed(parse)(arguments, one, seed) for one, seed in pairs)
    tallies: dict[str, list[Tally]] = {}
    seconds: dict[str, float] = {}
    for (one, _), (tally, took) in zip(pairs, found):
        tallies.setdefault(one.name, []).append(tally)
        seconds[one.name] = seconds.get(one.name, 0) + took
    return rank_tallies(tallies), seconds


def parse(arguments: argparse.Namespace, checkpoint: Checkpoint, seed: int) -> tuple[Tally, float]:
    """Fine-tune a parser on a checkpoint: what it has right in each sentence of dev, and the seconds it took."""
    started = time.perf_counter()
    task = dependency_task({"train": read_bank(arguments, "train"), "dev": read_bank(arguments, "dev")})
    tuned = finetune(
        task,
        checkpoint.source,
        arguments.out / "parsers" / file_name(checkpoint.name) / f"seed-{seed}",
        options=FinetuningOptions(
            steps=arguments.parsing_steps,
            evaluations=1,
            batch_size=arguments.batch_size,
            learning_rate=arguments.learning_rate,
            max_subwords=96,
            seed=seed,
        ),
        device=arguments.device,
        progress=False,
    )
    tally = task.metrics[0].tally(task.held_out["dev"], tuned.predictions["dev"])
    return tally, time.perf_counter() - started


def compared(
    probed: CheckpointRanking, parsed: Ranked, probing: Mapping[str, float], parsing: Mapping[str, float]
) -> pd.DataFrame:
    """A row a checkpoint, in the order of the parsers."""
    by_probe = {one.name: one for one in probed.ranked.scores}
    return pd.DataFrame(
        [
            (
                one.name,
                shown(by_probe[one.name]),
                str(probed.layers[one.name]),
                ranks(by_probe[one.name]),
                shown(one),
                ranks(one),
                f"{probing[one.name]:.0f}",
                f"{parsing[one.name]:.0f}",
            )
            for one in parsed.scores
        ],
        columns=list(HEADINGS),
    )


def shown(one: RankedScore) -> str:
    """A score with its interval."""
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


def ranks(one: RankedScore) -> str:
    """A rank, and those that it may be."""
    return str(one.rank) if one.rank_low == one.rank_high else f"{one.rank} ({one.rank_low} to {one.rank_high})"


def markdown(table: pd.DataFrame) -> str:
    """A table in Markdown."""
    lines = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def said(probed: CheckpointRanking, parsed: Ranked, agreements: pd.DataFrame) -> str:
    """How alike the rankings are, and whether they begin alike."""
    told = [
        f"{row['coefficient'].replace('_', ' ')} {row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
        for row in agreements.to_dict("records")
    ]
    place = parsed.names.index(probed.best)
    lost = 100 * (parsed.scores[0].value - parsed.scores[place].value)
    return (
        f"Agreement: {', '.join(told)}. DepProbe starts from {probed.best}, whose parser ranks {place + 1}, "
        f"{lost:.1f} points of LAS below the best, {parsed.names[0]}'s."
    )


if __name__ == "__main__":
    main()
