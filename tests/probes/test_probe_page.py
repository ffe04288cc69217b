"""The example of docs/probes.md runs, and shows the tree that it promises."""

import re
from pathlib import Path

import numpy as np

PAGE = Path(__file__).resolve().parents[2] / "docs" / "probes.md"


def test_the_example_of_the_page(capsys):
    [block] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    namespace: dict = {}
    exec(compile(block, "docs/probes.md", "exec"), namespace)
    distance, depth = (probe.predict(namespace["vectors"][:1])[0] for probe in namespace["probes"])
    np.testing.assert_allclose(distance, [[0, 1, 2], [1, 0, 1], [2, 1, 0]], atol=0.1)
    np.testing.assert_allclose(depth, [0, 1, 2], atol=0.1)
    assert capsys.readouterr().out
