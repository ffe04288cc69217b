"""What several test folders share: where English EWT lies, how long a property test may think, how much is damaged."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("treeprobe", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
settings.load_profile("treeprobe")


@pytest.fixture(scope="session")
def ewt() -> Path:
    """The folder of English EWT: $TREEPROBE_EWT, or `shared/data/ud` beside the checkout."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "ud"
    folder = Path(os.environ.get("TREEPROBE_EWT", beside))
    if not (folder / "en_ewt-dev.conllu").exists():
        pytest.skip(f"English EWT is not at {folder}; set TREEPROBE_EWT to the folder of en_ewt-*.conllu")
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--fuzz 100` makes a hundred times as many damaged files as by default."""
    parser.addoption("--fuzz", type=int, default=1, metavar="TIMES", help="multiply the trials with damaged files")


@pytest.fixture(scope="session")
def fuzz(request: pytest.FixtureRequest) -> int:
    """By how much the number of trials with damaged files is multiplied."""
    return int(request.config.getoption("--fuzz"))
