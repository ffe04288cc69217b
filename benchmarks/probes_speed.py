"""How fast probes train, each time as a ratio to something measured beside it in the same run.

python benchmarks/probes_speed.py --treebank FOLDER [--cache FOLDER] [--sentences 3000] [--repeat 10]

textbook   all layers x distance and depth together, against the 2019 way: one probe a pass, padded batches of 20,
               expanded pairwise differences, autograd. One of its epochs is measured on a slice and scaled by words.
               It took 16 epochs for distances on EWT; for depths it is granted as few as are used here.
    limit      the same training, against the matrix products of its projections alone
clock      the same training on the clock, by one thread and by as many as torch has
added      the cost of further seeds, as a share of a lone probe's
memory     growth of the peak when the treebank is repeated
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from treeprobe.extraction import Encoder, embedded_checkpoint, extract
from treeprobe.parsing import Treebank, read_conllu
from treeprobe.probes import DepthProbe, DistanceProbe, GoldTargets, SomeStates, fit_all
from treeprobe.probes.training import epochs_for

TEXTBOOK_EPOCHS = 16
RANK = 128


class Repeated:
    """States of a corpus read several times over, without a copy."""

    def __init__(self, states: Any, times: int) -> None:
        self._states, self._size = states, len(states.lengths)
        self.layers, self.dim, self.lengths = states.layers, states.dim, np.tile(states.lengths, times)

    def __len__(self) -> int:
        return len(self.lengths)

    def read(self, sentences: Any, layers: Any = None) -> Any:
        return self._states.read(np.arange(len(self.lengths))[sentences] % self._size, layers)


def peak_megabytes() -> float:
    """The largest memory that the process has taken since its peak was begun anew (Linux)."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def timed(work: Callable[[], Any]) -> float:
    """Processor seconds: other work on the machine does not stretch them as it stretches time on the clock."""
    began = time.process_time()
    work()
    return time.process_time() - began


def textbook_epoch(states: Any, gold: Sequence[Any], *, layer: int, kind: str) -> float:
    """Seconds for one epoch of one probe, the way the 2019 implementation trains."""
    matrix = (torch.rand(states.dim, RANK) * 0.1 - 0.05).requires_grad_()
    optimiser = torch.optim.Adam([matrix], lr=0.001)
    vectors = [torch.from_numpy(states.read([i], [layer])[0]) for i in range(len(states.lengths))]
    targets = [torch.from_numpy(np.asarray(each, dtype=np.float32)) for each in gold]
    order = torch.randperm(len(vectors)).tolist()

    def epoch() -> None:
        for start in range(0, len(order), 20):
            rows = order[start : start + 20]
            lengths = torch.tensor([len(vectors[i]) for i in rows]).float()
            longest = int(lengths.max())
            words = torch.nn.utils.rnn.pad_sequence([vectors[i] for i in rows], batch_first=True)
            labels = torch.full((len(rows), *[longest] * targets[0].ndim), -1.0)
            for label, i in zip(labels, rows):
                label[tuple(slice(size) for size in targets[i].shape)] = targets[i]
            optimiser.zero_grad()
            projected = words @ matrix
            if kind == "distance":
                predicted = (projected.unsqueeze(2) - projected.unsqueeze(1)).pow(2).sum(-1)
            else:
                predicted = projected.pow(2).sum(-1)
            real = (labels != -1).float()
            sums = ((predicted * real - labels * real).abs()).flatten(1).sum(1)
            (sums / lengths ** targets[0].ndim).mean().backward()
            optimiser.step()

    return timed(epoch)


def product_seconds(words: int, *, dim: int, columns: int, batch: int) -> float:
    """Seconds for the projection of so many words and its gradient, at the rate these products run at alone."""
    x, b, grad = torch.randn(batch, dim), torch.randn(dim, columns), torch.randn(batch, columns)
    for _ in range(20):
        x @ b
    times = 300
    seconds = timed(lambda: [(x @ b, x.T @ grad) for _ in range(times)])
    return seconds / times * words / batch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--treebank", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--threads", type=int, default=1, help="processor seconds are fair with one")
    parser.add_argument("--sentences", type=int, default=3000, help="train on the first so many")
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--peak-of", type=int, help="train on a slice so many times over, print the peak")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train = read_conllu(arguments.treebank / "en_ewt-train.conllu")
    states = extract(Encoder.from_pretrained(embedded_checkpoint()), train.words, cache=arguments.cache, progress=False)
    if arguments.peak_of:
        times, slice_ = arguments.peak_of, train[:2000]
        gold = GoldTargets(distances=list(slice_.distances) * times)
        # What was loaded before must not hide what training takes: Linux begins the peak anew here.
        Path("/proc/self/clear_refs").write_text("5")
        fit_all([DistanceProbe(4, RANK, epochs=1)], Repeated(SomeStates(states, slice(2000)), times), gold)
        print(peak_megabytes())
        return
    report_speed(SomeStates(states, slice(arguments.sentences)), train[: arguments.sentences], arguments.threads)
    command = [sys.executable, __file__, "--treebank", arguments.treebank, "--cache", arguments.cache]
    peaks = []
    for times in (1, arguments.repeat):
        run = subprocess.run([*command, "--peak-of", str(times)], check=True, capture_output=True, text=True)
        peaks.append(float(run.stdout.splitlines()[-1]))
    print(f"memory: peak {peaks[0]:.0f} MB on 2,000 sentences, {peaks[1]:.0f} MB on them {arguments.repeat} times over")


def report_speed(states: Any, train: Treebank, threads: int) -> None:
    words = int(np.sum(states.lengths))
    fit_all([DistanceProbe(4, RANK, epochs=1)], SomeStates(states, slice(100)), train[:100])  # warm up
    every = [kind(layer, RANK) for layer in states.layers for kind in (DistanceProbe, DepthProbe)]
    epochs = epochs_for(None, sentences=len(states.lengths), batch_size=every[0].batch_size)
    seconds = timed(lambda: fit_all(every, states, train))
    print(f"{len(every)} probes, {epochs} epochs, {words} words, {threads} threads: {seconds:.1f} s")

    per_batch = round(words / len(states.lengths) * every[0].batch_size)
    limit = epochs * len(states.layers) * product_seconds(words, dim=states.dim, columns=2 * RANK, batch=per_batch)
    print(f"limit: matrix products alone {limit:.1f} s; training takes {seconds / limit:.2f} times that")

    clocks = {}
    for number in (1, 2):
        torch.set_num_threads(number)
        began = time.perf_counter()
        fit_all(every, states, train)
        clocks[number] = time.perf_counter() - began
    torch.set_num_threads(threads)
    print(f"clock: {clocks[1]:.1f} s by one thread, {clocks[2]:.1f} s by two")

    part, gold = SomeStates(states, slice(1000)), train[:1000]
    share = words / int(part.lengths.sum())
    distance = textbook_epoch(part, list(gold.distances), layer=4, kind="distance")
    depth = textbook_epoch(part, list(gold.depths), layer=4, kind="depth")
    textbook = len(states.layers) * share * (TEXTBOOK_EPOCHS * distance + epochs * depth)
    print(
        f"textbook: {distance * share:.1f} s an epoch of distances, {depth * share:.1f} s of depths; "
        f"all {textbook:.0f} s, {textbook / seconds:.0f} times as long"
    )

    part, gold = SomeStates(states, slice(1000)), train[:1000]
    for change, probes in (
        ("seeds", lambda n: [DistanceProbe(4, RANK, seed) for seed in range(n)]),
        ("ranks", lambda n: [DistanceProbe(4, rank) for rank in (128, 64, 96, 120)[:n]]),
    ):
        alone, four = (timed(lambda n=n, probes=probes: fit_all(probes(n), part, gold)) for n in (1, 4))
        print(
            f"added {change}: a probe alone {alone:.1f} s, four {four:.1f} s; an added one {(four / alone - 1) / 3:.2f}"
        )


if __name__ == "__main__":
    main()
