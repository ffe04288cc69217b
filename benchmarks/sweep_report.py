"""How large the report of 200 checkpoints × 25 layers is, what it takes to make, and how quickly a browser opens it.

    python -m benchmarks.sweep_report --treebank FOLDER [--checkpoints 200] [--layers 25] [--runs 8] [--keep FOLDER]

The findings are made up: checkpoints are the steps of `--runs` training runs, their recovered trees are gold ones under
noise, which is least late in training and at the layers past the middle, and their heads' scores are drawn at random.
The words are those of the treebank's dev. The page is made from the folder as any other is. Needs chromium and
chromium-driver.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from selenium import webdriver

from benchmarks.inputs import parser, read_bank
from benchmarks.measuring import Ratio, median_of, report
from treeprobe.files import write_json
from treeprobe.parsing import Sentence, Tally, Treebank, edge_table, score_depths, score_distances
from treeprobe.parsing.decoding import complete_tree
from treeprobe.parsing.trees import chain_distances
from treeprobe.pipeline import write_report
from treeprobe.pipeline.probing.recovered_trees import SampleTrees, sample_numbers
from treeprobe.pipeline.results.findings import versions, write_record
from treeprobe.pipeline.results.scores import CHAIN, Measurement, Setting, best_layer, tabulate
from treeprobe.pipeline.results.signing import sign
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.results.tally_files import EDGE_COLUMNS, FoundEdges, write_tallies

RANK, SHOWN, HEADS, LEVELS, VARIANTS = 64, 50, 16, 40, 3
RELATIONS = ("nsubj", "obj", "det", "amod", "advmod", "case", "obl", "conj", "mark", "aux", "compound", "cc")


def main() -> None:
    """Make the folder of a sweep, report on it, and open the page."""
    options = parser(__doc__, sentences=150)
    for name, default in {"checkpoints": 200, "layers": 25, "runs": 8}.items():
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--keep", type=Path, help="make the sweep here, or report on the one that is here already")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() if arguments.keep is None else nullcontext(arguments.keep) as place:
        folder = SweepFolder.at(Path(place) / "sweep")
        if not folder.path.exists():
            write_sweep(folder, arguments)
        start, processor = time.perf_counter(), time.process_time()
        page = write_report(folder.path)
        note = f"{time.process_time() - processor:.1f} s of the processor"
        name = f"{arguments.checkpoints} checkpoints × {arguments.layers} layers"
        rows = [
            Ratio(f"writing a report of {name}", time.perf_counter() - start, unit="s", note=note),
            Ratio("size of the page", page.stat().st_size / 1e6, goal=8, unit="MB"),
        ]
        for name, seconds in zip(("opening the page", "drawing another layer"), open_in_browser(page)):
            rows.append(median_of(name, seconds, goal=1, unit="s"))
    report("sweep_report", rows, out=arguments.out)


def write_sweep(folder: SweepFolder, arguments: argparse.Namespace) -> None:
    """The folder of a sweep of two analyses of every checkpoint."""
    bank = Treebank(list(read_bank(arguments, "dev")), name="treebank")
    made = Made(bank, arguments.layers)
    folder.begin()
    steps = max(1, arguments.checkpoints // max(1, arguments.runs))
    for number in range(arguments.checkpoints):
        run, place = divmod(number, steps)
        progress = (place + 1) / steps
        about = {"family": f"seed-{run}", "step": 1000 * place} if arguments.runs else {}
        name = f"seed-{run}/step-{1000 * place}" if arguments.runs else f"seed-{number:03d}"
        made.write_structure(folder, name, number, quality=progress - 0.05 * (run % 3), about=about)
        made.write_heads(folder, name, number, about=about)


class Made:
    """Findings made up on a treebank; predictions are drawn once for each of `LEVELS` levels of noise."""

    def __init__(self, bank: Treebank, layers: int) -> None:
        self.bank, self.layers = bank, range(layers)
        self.sample = [bank[place] for place in sample_numbers(bank, SHOWN)]
        self.gold = gold_trees(self.sample)
        self.chain = score_distances(bank, [chain_distances(len(sentence)) for sentence in bank])
        self.predicted = cache(self._predicted)

    def write_structure(self, sweep: SweepFolder, name: str, number: int, *, quality: float, about: Any) -> None:
        """A structural task whose probes know some of every tree."""
        generator = np.random.default_rng(number)
        measurements, found, settings = [], [], []
        recovered = []
        peak = 0.62 * len(self.layers)
        for layer in self.layers:
            noise = 0.5 + 1.6 * (1 - quality) + 2.5 * abs(layer - peak) / len(self.layers) * quality
            level = int(np.clip(10 * noise + generator.normal(0, 0.7), 0, LEVELS - 1))
            tallies, correct, trees = self.predicted(level)
            for kind in ("distance", "depth"):
                measurements.append(
                    Measurement(Setting(name, self.bank.name, "dev", kind, layer, RANK, 0), tallies[kind])
                )
            recovered.append(trees[number % VARIANTS])
            settings.append(Setting(name, self.bank.name, "dev", "distance", layer, RANK, 0))
            found.append(correct)
        measurements.append(Measurement(Setting(name, self.bank.name, "dev", CHAIN), self.chain))
        folder = sweep.task(f"{name.replace('/', '-')}--treebank--structure")
        folder.mkdir()
        scores = tabulate(measurements)
        edges = FoundEdges(found[0][list(EDGE_COLUMNS)], settings, np.stack([one["correct"] for one in found]))
        write_tallies(folder / "tallies", measurements=measurements, edges={"dev": edges})
        write_json(folder / "trees.json", {**self.gold, "layers": [*self.layers], "recovered": recovered}, indent=None)
        record = self._record(name, number, "structure", {"best_layer": best_layer(scores)}, about)
        sign(scores, {**record, "versions": versions()}).to_csv(folder / "scores.csv", index=False)
        write_record(folder, record)

    def write_heads(self, sweep: SweepFolder, name: str, number: int, *, about: Any) -> None:
        """The tables of a survey of heads."""
        folder = sweep.task(f"{name.replace('/', '-')}--treebank--heads")
        folder.mkdir()
        generator = np.random.default_rng(number)
        rows = [(layer, head) for layer in self.layers[1:] for head in range(1, HEADS + 1)]
        table = pd.DataFrame(rows, columns=["layer", "head"])
        table.assign(uuas=generator.beta(2, 6, len(rows))).to_csv(folder / "heads.csv", index=False)
        best = pd.DataFrame({"relation": RELATIONS, "direction": "to head"})
        chosen = generator.integers(0, len(rows), len(best))
        best = best.assign(
            name=[f"{rows[place][0]}-{rows[place][1]}" for place in chosen],
            accuracy=generator.beta(6, 3, len(best)), baseline=generator.beta(3, 6, len(best)), n=500,
        )  # fmt: skip
        best.to_csv(folder / "best_heads.csv", index=False)
        write_record(folder, self._record(name, number, "heads", {}, about))

    def _record(self, name: str, number: int, analysis: str, details: Any, about: Any) -> dict[str, Any]:
        return {
            "analysis": analysis, "summary": "", "checkpoint": {"name": name, "path": name, "digest": f"{number:064d}"},
            "treebank": self.bank.name, "splits": {}, "options": {"digest": "0"}, "details": details,
            "seconds": {"total": 1.0}, **about,
        }  # fmt: skip

    def _predicted(self, level: int) -> tuple[Any, pd.DataFrame, list[Any]]:
        """At one level of noise: the tallies of both probes, the edges found, and variants of the sample's trees."""
        generator, noise = np.random.default_rng(level), 0.1 * level + 0.05
        distances = [blur(sentence.distances, noise, generator) for sentence in self.bank]
        depths = [np.abs(sentence.depths + generator.normal(0, noise, len(sentence))) for sentence in self.bank]
        tallies: dict[str, dict[str, Tally]] = {
            "distance": dict(score_distances(self.bank, distances)), "depth": dict(score_depths(self.bank, depths)),
        }  # fmt: skip
        trees = [
            [complete_tree(blur(one.distances, noise, generator), one.depths).tolist() for one in self.sample]
            for _ in range(VARIANTS)
        ]
        return tallies, edge_table(self.bank, distances), trees


def gold_trees(sample: Sequence[Sentence]) -> dict[str, Any]:
    """What the file of recovered trees says of the gold ones."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "trees.json"
        predictions = {(kind, 0): [getattr(one, f"{kind}s") for one in sample] for kind in ("distance", "depth")}
        SampleTrees("treebank", "dev", sample, RANK, predictions).write(path, punctuation="xpos")
        return dict(json.loads(path.read_text()))


def blur(distances: NDArray[Any], noise: float, generator: np.random.Generator) -> NDArray[Any]:
    """Distances under symmetric noise."""
    drawn = generator.normal(0, noise, distances.shape)
    return np.abs(distances + np.triu(drawn, 1) + np.triu(drawn, 1).T)


def open_in_browser(page: Path) -> tuple[list[float], list[float]]:
    """Seconds until the page has loaded, and until a move of the layer slider is drawn; of five times."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(shutil.which("chromedriver"))))
    try:
        opened, answered = [], []
        for _ in range(5):
            browser.get(page.as_uri())
            opened.append(browser.execute_script(OPENED) / 1000)
            answered.append(browser.execute_async_script(ANSWERED) / 1000)
        return opened, answered
    finally:
        browser.quit()


OPENED = "const [one] = performance.getEntriesByType('navigation'); return one.loadEventEnd - one.startTime;"
ANSWERED = """
const done = arguments[0], slider = document.getElementById('layer'), start = performance.now();
slider.value = (Number(slider.value) + 1) % (Number(slider.max) + 1);
slider.dispatchEvent(new Event('input', { bubbles: true }));
requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
"""


if __name__ == "__main__":
    main()
