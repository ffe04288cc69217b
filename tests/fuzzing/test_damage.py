"""The damage itself: repeatable by its seed, and never none."""

import json
from pathlib import Path
from random import Random

import pytest

from tests.fuzzing.damage import BYTES, LINES, TABLE, damage_file, edit_json


@pytest.mark.parametrize("kinds", [BYTES, LINES, TABLE, (edit_json,)])
def test_a_seed_damages_in_the_same_way_and_always_changes_the_file(tmp_path: Path, kinds) -> None:
    path = tmp_path / "record.json"
    content = json.dumps({"name": "run", "numbers": [1, 2, {"x": 0.5}]}, indent=1).encode()
    for seed in range(50):
        path.write_bytes(content)
        kind = damage_file(path, Random(seed), kinds=kinds)
        first = path.read_bytes()
        assert first != content
        path.write_bytes(content)
        assert damage_file(path, Random(seed), kinds=kinds) == kind
        assert path.read_bytes() == first
