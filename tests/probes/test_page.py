"""The examples of docs/probes.md run, and show what they promise."""

import re
from pathlib import Path

import numpy as np

from treeprobe.parsing.stimuli import natural_sentences
from treeprobe.probes.states import ArrayStates

PAGE = Path(__file__).resolve().parents[2] / "docs" / "probes.md"


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


def test_the_first_example_shows_the_tree_that_it_promises(capsys):
    namespace: dict = {}
    exec(compile(blocks()[0], "docs/probes.md", "exec"), namespace)
    distance, depth = (probe.predict(namespace["vectors"][:1])[0] for probe in namespace["probes"])
    np.testing.assert_allclose(distance, [[0, 1, 2], [1, 0, 1], [2, 1, 0]], atol=0.1)
    np.testing.assert_allclose(depth, [0, 1, 2], atol=0.1)
    assert capsys.readouterr().out


def test_curves_are_drawn_by_layer_and_by_rank():
    bank = natural_sentences("train")
    train, dev = bank[:8], bank[8:14]
    generator = np.random.default_rng(0)
    vectors = [[generator.normal(size=(len(one), 128)) for one in part] for part in (train, dev)]
    states, dev_states = (ArrayStates(each, layer=3) for each in vectors)
    namespace = {"train": train, "dev": dev, "states": states, "dev_states": dev_states}
    exec(compile(blocks()[1], "docs/probes.md", "exec"), namespace)
    table = namespace["table"]
    assert {"loss", "uuas", "dspr", "root_accuracy", "nspr"} <= set(table["metric"])
    assert table.query("metric == 'uuas'")[["low", "high"]].notna().all(axis=None)
    for figure in (namespace["by_layer"], namespace["by_rank"]):
        [axes] = figure.axes
        assert axes.get_ylabel() == "UUAS"
        assert axes.lines
