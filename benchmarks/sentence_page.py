"""How large the page of one sentence is, how soon it is there, and how soon it follows the slider, in a real browser.

    python -m benchmarks.sentence_page [--rounds 9] [--out FOLDER]

The sentence has twenty words, its gold tree and the heads that track relations; the model is MiniLM with its seven
layers. Chromium and its driver must be installed. What an answer takes is the handling of one move of the layer slider
with the layout that follows it; every layer is visited in each round.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.inputs import parser
from benchmarks.measuring import Ratio, median_of, report
from treeprobe.parsing.stimuli import natural_sentences
from treeprobe.pipeline import explore_sentence

WORDS = 20
OPENED = "return performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"
ANSWERED = """
const slider = document.getElementById('layer'), begun = performance.now();
slider.value = arguments[0];
slider.dispatchEvent(new Event('input', { bubbles: true }));
document.body.getBoundingClientRect();
return (performance.now() - begun) / 1000;
"""


def main() -> None:
    arguments = parser(__doc__, rounds=9, treebank=False).parse_args()
    bank = [*natural_sentences("train"), *natural_sentences("test")]
    sentence = min(bank, key=lambda one: abs(len(one) - WORDS))
    with tempfile.TemporaryDirectory() as place:
        path = explore_sentence(sentence).save(Path(place) / "page.html")
        megabytes = path.stat().st_size / 1e6
        opened, answered = measured(path, rounds=arguments.rounds)
    rows = [
        Ratio(f"page of {len(sentence)} words", megabytes, unit="MB", goal=3.0),
        median_of("the page opens", opened, unit="s", goal=1.0),
        median_of("the page follows the slider", answered, unit="s", goal=0.05),
    ]
    report("sentence_page", rows, out=arguments.out)


def measured(path: Path, *, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds until the page was there, and seconds of each answer."""
    browser = chromium()
    try:
        opened, answered = [], []
        for _ in range(rounds):
            browser.get(path.as_uri())
            opened.append(float(browser.execute_script(OPENED)))
            layers = int(browser.execute_script("return document.getElementById('layer').max"))
            answered += [float(browser.execute_script(ANSWERED, layer)) for layer in range(layers + 1)]
    finally:
        browser.quit()
    return opened, answered


def chromium() -> Any:
    """A headless browser."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver") or ""))


if __name__ == "__main__":
    main()
