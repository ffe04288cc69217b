"""What this machine and this installation are like: what someone who reads a report of a bug asks first."""

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

GLYPHS = {"Latin with accents": "éřß", "arrows and dashes": "→–…", "Greek and Cyrillic": "λж", "Arabic": "ع",
          "Devanagari": "अ", "Chinese": "树", "Japanese": "木ノ", "Korean": "나무"}  # fmt: skip
"""Characters of the scripts that trees are drawn in most often."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "firefox")
LITTLE = 5e9
"""Bytes of free disk below which hidden states of a checkpoint may not fit."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what was found, and what is wrong with it, where something is."""

    topic: str
    found: str
    problem: str = ""


def examine(cache: Path) -> list[Finding]:
    """Look at everything; a look that fails is a finding too. `cache` is where hidden states are kept."""
    looks: Sequence[tuple[str, Callable[[], list[Finding]]]] = (
        ("versions", _versions), ("devices", _devices), ("threads", _threads), ("disk", lambda: _disk(cache)),
        ("cache", lambda: _cache(cache)), ("glyphs", _glyphs), ("browser", _browser),
    )  # fmt: skip
    found: list[Finding] = []
    for topic, look in looks:
        try:
            found += look()
        except Exception as error:  # What is broken is what one wants to know of.
            found.append(Finding(topic, "could not be looked at", f"{type(error).__name__}: {error}"))
    return found


def _versions() -> list[Finding]:
    """The system, and what treeprobe needs, with what of it is missing or too old."""
    from packaging.requirements import Requirement

    found = [Finding("system", f"{platform.platform()}, Python {platform.python_version()}")]
    found.append(Finding("treeprobe", version("treeprobe")))
    for text in requires("treeprobe") or ():
        requirement = Requirement(text)
        extra = requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})
        try:
            here = version(requirement.name)
        except PackageNotFoundError:
            if not extra:
                found.append(Finding(requirement.name, "missing", f"treeprobe needs {requirement}"))
            continue
        known = any(one.topic == requirement.name for one in found)
        if not requirement.specifier.contains(here, prereleases=True):
            found.append(Finding(requirement.name, here, f"treeprobe needs {requirement.name}{requirement.specifier}"))
        elif not known and requirement.name != "treeprobe":
            found.append(Finding(requirement.name, here))
    return found


def _devices() -> list[Finding]:
    """What can be computed on, with the memory of cards."""
    import torch

    from treeprobe.devices import devices_here

    found = []
    for name in devices_here(torch):
        card = name.startswith("cuda")
        found.append(f"{name} ({_card(torch.cuda.get_device_properties(name))})" if card else name)
    return [Finding("devices", ", ".join(found))]


def _card(properties: object) -> str:
    """The name and memory of a card."""
    return f"{getattr(properties, 'name', '?')}, {getattr(properties, 'total_memory', 0) / 1e9:.0f} GB"


def _threads() -> list[Finding]:
    """How many processors there are, and how many of them are used."""
    import joblib
    import torch

    limits = [f"{name}={os.environ[name]}" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ]
    told = f", {', '.join(limits)}" if limits else ""
    here = f"{os.cpu_count()} processors, of which {joblib.cpu_count()} for this process"
    return [Finding("threads", f"{here}; torch computes with {torch.get_num_threads()}{told}")]


def _disk(cache: Path) -> list[Finding]:
    """Where hidden states and drafts go: how much room there is, and whether it can be written."""
    found = []
    for topic, folder in (("disk of the cache", cache), ("disk of temporary files", Path(tempfile.gettempdir()))):
        place = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(place).free
        problem = "" if free >= LITTLE else f"less than {LITTLE / 1e9:.0f} GB are free"
        if not os.access(place, os.W_OK):
            problem = f"{place} cannot be written"
        found.append(Finding(topic, f"{folder}: {free / 1e9:,.1f} GB free", problem))
    return found


def _cache(cache: Path) -> list[Finding]:
    """How much of the cache is there, and which of it cannot be read."""
    from treeprobe.extraction import list_caches

    if not cache.is_dir():
        return [Finding("cache", f"{cache}: not there yet")]
    entries = list_caches(cache)
    size = sum(entry.bytes for entry in entries) / 1e9
    problems = [entry.problem for entry in entries if entry.problem is not None]
    return [Finding("cache", f"{cache}: {len(entries)} caches, {size:,.1f} GB", "; ".join(problems))]


def _glyphs() -> list[Finding]:
    """Which scripts figures can be drawn in."""
    from treeprobe.reporting.style.font_files import covered, list_further_fonts

    list_further_fonts()
    lacking = [script for script, characters in GLYPHS.items() if not covered(frozenset(characters))]
    told = ", ".join(script for script in GLYPHS if script not in lacking)
    if lacking:
        told += f"; none for {', '.join(lacking)}: pip install 'treeprobe[cjk]', or Debian's fonts-noto-core"
    return [Finding("glyphs", told)]


def _browser() -> list[Finding]:
    """What a report opens in; none is needed to write one."""
    found = [path for name in BROWSERS if (path := shutil.which(name)) is not None]
    driver = shutil.which("chromedriver")
    told = f"{', '.join(found)}; chromedriver: {driver or 'none'}" if found else "none on the path"
    return [Finding("browser", told)]
