"""How large the report of 20 checkpoints × 13 layers with 50 sentences is, and how quickly a browser opens and answers.

    python -m benchmarks.sweep_report --treebank FOLDER [--checkpoints 20] [--sentences 500]

Recovered trees and scores are drawn at random; the words are those of the treebank's dev. Needs chromium and
chromium-driver.
"""

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from selenium import webdriver

from benchmarks.inputs import parser, read_bank
from benchmarks.measuring import Ratio, median_of, report
from treeprobe.parsing import Treebank, edge_table, score_depths, score_distances
from treeprobe.parsing.trees import chain_distances
from treeprobe.pipeline import write_report
from treeprobe.pipeline.probing.recovered_trees import SampleTrees, sample_numbers
from treeprobe.pipeline.results.findings import write_record
from treeprobe.pipeline.results.scores import CHAIN, Measurement, Setting, best_layer, tabulate
from treeprobe.pipeline.results.sweep_folder import SweepFolder
from treeprobe.pipeline.results.tally_files import EDGE_COLUMNS, FoundEdges, write_tallies

LAYERS, RANK, SHOWN = range(13), 64, 50


def main() -> None:
    """Make the folder of a sweep, report on it, and open the page."""
    options = parser(__doc__, sentences=500)
    options.add_argument("--checkpoints", type=int, default=20)
    arguments = options.parse_args()
    bank = Treebank(list(read_bank(arguments, "dev")), name="treebank")
    with tempfile.TemporaryDirectory() as place:
        folder = SweepFolder.at(Path(place) / "sweep")
        folder.begin()
        for number in range(arguments.checkpoints):
            write_task(folder.task(f"seed-{number:02d}--treebank--structure"), bank, number)
        start = time.perf_counter()
        page = write_report(folder.path)
        rows = [
            Ratio(f"writing a report of {arguments.checkpoints} checkpoints", time.perf_counter() - start, unit="s"),
            Ratio("size of the page", page.stat().st_size / 1e6, goal=8, unit="MB"),
        ]
        for name, seconds in zip(("opening the page", "drawing another layer"), open_in_browser(page)):
            rows.append(median_of(name, seconds, goal=1, unit="s"))
    report("sweep_report", rows, out=arguments.out)


def write_task(folder: Path, bank: Treebank, number: int) -> None:
    """A structural task whose probes know some of every tree: gold values under noise, least at layer 7."""
    folder.mkdir()
    name, numbers = f"seed-{number:02d}", sample_numbers(bank, SHOWN)
    generator = np.random.default_rng(number)
    measurements, tables, settings = [], [], []
    samples: dict[tuple[str, int], Any] = {}
    for layer in LAYERS:
        noise = 0.6 + 0.15 * abs(layer - 7) + 0.02 * number
        distances = [blur(sentence.distances, noise, generator) for sentence in bank]
        depths = [np.abs(sentence.depths + generator.normal(0, noise, len(sentence))) for sentence in bank]
        for kind, predicted, score in (("distance", distances, score_distances), ("depth", depths, score_depths)):
            setting = Setting(name, bank.name, "dev", kind, layer, RANK, 0)
            measurements.append(Measurement(setting, score(bank, predicted)))
            samples[kind, layer] = [predicted[place] for place in numbers]
        settings.append(Setting(name, bank.name, "dev", "distance", layer, RANK, 0))
        tables.append(edge_table(bank, distances))
    chain = score_distances(bank, [chain_distances(len(sentence)) for sentence in bank])
    measurements.append(Measurement(Setting(name, bank.name, "dev", CHAIN), chain))
    correct = np.stack([table["correct"].to_numpy(dtype=bool) for table in tables])
    scores = tabulate(measurements)
    scores.to_csv(folder / "scores.csv", index=False)
    edges = FoundEdges(tables[0][list(EDGE_COLUMNS)], settings, correct)
    write_tallies(folder / "tallies", measurements=measurements, edges={"dev": edges})
    trees = SampleTrees(bank.name, "dev", [bank[place] for place in numbers], RANK, samples)
    trees.write(folder / "trees.json", punctuation="xpos")
    record = {
        "analysis": "structure", "summary": "", "checkpoint": {"name": name, "path": name, "digest": f"{number:064d}"},
        "treebank": bank.name, "splits": {}, "options": {"digest": "0"}, "details": {"best_layer": best_layer(scores)},
        "seconds": {"total": 1.0},
    }  # fmt: skip
    write_record(folder, record)


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
slider.value = (Number(slider.value) + 1) % 13;
slider.dispatchEvent(new Event('input', { bubbles: true }));
requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
"""


if __name__ == "__main__":
    main()
