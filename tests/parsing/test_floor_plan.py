"""Inside parsing, imports point downward too: trees know nothing of treebanks, and treebanks nothing of scores."""

import pytest

from tests.test_architecture import ROOT, imported

ALLOWED: dict[str, set[str]] = {
    "trees": set(),
    "decoding": set(),
    "drawing": {"trees"},
    "treebanks": {"trees", "drawing"},
    "scores": {"trees", "decoding", "treebanks"},
    "stimuli": {"treebanks"},
}


def test_every_sub_package_has_its_place() -> None:
    assert {path.parent.name for path in (ROOT / "parsing").glob("*/__init__.py")} == set(ALLOWED)
    assert [path.name for path in (ROOT / "parsing").glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("package", ALLOWED)
def test_sub_packages_import_only_those_below(package: str) -> None:
    for path in (ROOT / "parsing" / package).rglob("*.py"):
        parts = [name.split(".") for name in imported(path.read_text())]
        found = {name[2] for name in parts if name[:2] == ["treeprobe", "parsing"]}
        assert found <= ALLOWED[package] | {package}, path
