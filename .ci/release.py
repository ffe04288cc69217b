"""What a release is checked by: `make release-check` here, and `.github/workflows/release.yml` before it is uploaded.

Builds the source distribution from the files that git tracks, the wheel from that, compares the wheel with the tree,
installs it with pip in an environment with nothing else in it, and there runs the command and the code of the README.

    python .ci/release.py [--out dist] [--installed]

With `--installed` the dependencies are those of this environment, and only the wheel is put before them: no network.
"""

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = "from setuptools.build_meta import build_{kind}; print(build_{kind}({out!r}))"


def main() -> None:
    """Build, look, install, run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, default=ROOT / "dist")
    options.add_argument("--installed", action="store_true", help="use the dependencies of this environment")
    arguments = options.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    check_changelog(project["version"])
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        sdist, wheel = build(work, arguments.out)
        check_wheel(wheel, project["version"])
        check_sdist(sdist)
        python, environment = installed(work, wheel) if arguments.installed else clean(work, wheel)
        check_runs(python, environment, work, project["version"])
    print(f"{sdist.name} and {wheel.name} are ready in {arguments.out}")


def check_changelog(version: str) -> None:
    """The changelog has the version, with a date; the citation names it too."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d{{2}}-\d{{2}}\)$", changelog, re.MULTILINE):
        fail(f"CHANGELOG.md has no heading `## {version} (YYYY-MM-DD)`")
    if f"\nversion: {version}\n" not in (ROOT / "CITATION.cff").read_text(encoding="utf-8"):
        fail(f"CITATION.cff does not say version {version}")


def build(work: Path, out: Path) -> tuple[Path, Path]:
    """The source distribution of what git tracks, and the wheel of that."""
    source = work / "source"
    names = run(["git", "ls-files", "-z"], cwd=ROOT).split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    code = BUILD.format(kind="sdist", out=str(out.resolve()))
    sdist = out / run([sys.executable, "-c", code], cwd=source).split()[-1]
    with tarfile.open(sdist) as archive:
        archive.extractall(work / "unpacked", filter="data")
    [unpacked] = (work / "unpacked").iterdir()
    code = BUILD.format(kind="wheel", out=str(out.resolve()))
    return sdist, out / run([sys.executable, "-c", code], cwd=unpacked).split()[-1]


def check_wheel(wheel: Path, version: str) -> None:
    """One package, whole: every module and data file that git tracks in the rooms, and nothing else."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    rooms = {"treeprobe": "treeprobe", **tables["package-dir"]}
    tracked = run(["git", "ls-files", "-z", *rooms.values()], cwd=ROOT).split("\0")
    expected = {name if name.startswith("treeprobe/") else f"treeprobe/{name}" for name in tracked if name}
    inside = set(zipfile.ZipFile(wheel).namelist())
    metadata = f"treeprobe-{version}.dist-info/"
    found = {name for name in inside if not name.startswith(metadata)}
    if found != expected:
        fail(f"{wheel.name}: lacks {sorted(expected - found)}, holds besides {sorted(found - expected)}")
    for name in ("METADATA", "entry_points.txt", "licenses/LICENSE"):
        if metadata + name not in inside:
            fail(f"{wheel.name}: lacks {metadata}{name}")


def check_sdist(sdist: Path) -> None:
    """What a reader of the source needs is there."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    if lacking := {"README.md", "LICENSE", "pyproject.toml"} - names:
        fail(f"{sdist.name}: lacks {', '.join(sorted(lacking))}")


def clean(work: Path, wheel: Path) -> tuple[str, dict[str, str]]:
    """An environment with the wheel, and with what it declares that it needs."""
    venv.create(work / "environment", with_pip=True)
    python = str(work / "environment" / "bin" / "python")
    constraints = str(ROOT / "constraints.txt")
    run([python, "-m", "pip", "install", "--quiet", "--constraint", constraints, f"{wheel.resolve()}[demo]"], cwd=work)
    return python, {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def installed(work: Path, wheel: Path) -> tuple[str, dict[str, str]]:
    """This environment, with the wheel before its own treeprobe."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(work / "site")
    return sys.executable, os.environ | {"PYTHONPATH": str(work / "site")}


def check_runs(python: str, environment: dict[str, str], work: Path, version: str) -> None:
    """The command answers, and the README's code runs, in a folder with nothing in it."""
    empty = work / "empty"
    empty.mkdir()
    told = run([python, "-m", "treeprobe", "--version"], cwd=empty, environment=environment).strip()
    if told != f"treeprobe {version}":
        fail(f"treeprobe --version says {told!r}, expected version {version}")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", readme, flags=re.MULTILINE | re.DOTALL)
    if not blocks:
        fail("README.md shows no Python")
    print(run([python, "-c", "\n".join(blocks)], cwd=empty, environment=environment).strip())


def run(command: list[str], *, cwd: Path, environment: dict[str, str] | None = None) -> str:
    """What a command prints."""
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        fail(f"{' '.join(command[:4])} … ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def fail(problem: str) -> None:
    """End with one message."""
    raise SystemExit(f"release check: {problem}")


if __name__ == "__main__":
    main()
