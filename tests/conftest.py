"""What test folders share: one core, English EWT, a browser, fresh processes, how long property tests may think."""

import multiprocessing
import multiprocessing.forkserver
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A test process has one thread and takes the machine for one core, since several share it: threads that outnumber the
# cores wait for each other in every small matrix product.
os.environ["OMP_NUM_THREADS"] = os.environ["LOKY_MAX_CPU_COUNT"] = "1"
settings.register_profile("treeprobe", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
settings.load_profile("treeprobe")


LONGEST = {"test_notebooks", "test_planted_causes"}
"""Modules of the longest tests, which come first: no process is left with one of them when the others are done."""


ROOMS = "attention behaviour convolution extraction interventions parsing pipeline probes reporting training untrained"
LIBRARIES = [f"treeprobe.{room}" for room in ROOMS.split()]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture(scope="session")
def ewt() -> Path:
    """The folder of English EWT: $TREEPROBE_EWT, or `shared/data/ud` beside the checkout."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "ud"
    folder = Path(os.environ.get("TREEPROBE_EWT", beside))
    if not (folder / "en_ewt-dev.conllu").exists():
        pytest.skip(f"English EWT is not at {folder}; set TREEPROBE_EWT to the folder of en_ewt-*.conllu")
    return folder


@pytest.fixture(scope="session")
def fresh_processes() -> ForkServerContext:
    """Starts processes that know nothing of each other or of the tests, in the manner of `multiprocessing`.

    They are forked from one that has imported the libraries, which takes longer than most of what is done in them; it
    has no network.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "hypothesis", "IPython", "matplotlib.pyplot", *LIBRARIES])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")  # read when the libraries are imported
        multiprocessing.forkserver.ensure_running()
    return context


@pytest.fixture
def in_fresh_process(fresh_processes: ForkServerContext) -> Callable[..., Any]:
    """Calls a function of a module in a process of its own, and gives what it returns or raises."""

    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        with ProcessPoolExecutor(1, mp_context=fresh_processes) as pool:
            return pool.submit(function, *arguments).result()

    return call


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--fuzz 100` makes a hundred times as many damaged files as by default."""
    parser.addoption("--fuzz", type=int, default=1, metavar="TIMES", help="multiply the trials with damaged files")


@pytest.fixture(scope="session")
def fuzz(request: pytest.FixtureRequest) -> int:
    """By how much the number of trials with damaged files is multiplied."""
    return int(request.config.getoption("--fuzz"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Headless Chromium; the test says why it is skipped where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("no browser: install Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield found
    found.quit()


@pytest.fixture
def browser(chromium: Any) -> Iterator[Any]:
    """A window of Chromium that no other test has, and a log of this window alone."""
    first = chromium.current_window_handle
    chromium.switch_to.new_window("window")
    chromium.get_log("browser")
    yield chromium
    chromium.close()
    chromium.switch_to.window(first)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests marked `cuda` run wherever there is a CUDA device, unasked."""
    if item.get_closest_marker("cuda") is not None:
        torch = pytest.importorskip("torch")
        if not torch.cuda.is_available():
            pytest.skip("no CUDA device on this machine")
