"""Probes of a run that travel: a folder without what only this machine needs, with a card, and onto the hub."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from treeprobe.files import staged_folder
from treeprobe.hub import card_header, push_folder
from treeprobe.pipeline.results.files import ResultFiles
from treeprobe.pipeline.results.findings import FindingsError, write_record
from treeprobe.pipeline.results.scores import (
    HEADLINE_METRICS,
    PROBE_OF,
    read_scores,
    reported_split,
)
from treeprobe.reporting import merge_seeds

CARD = "README.md"
_CARD = """\
# Structural probes of {model} on {treebank}

Distance and depth probes (Hewitt & Manning 2019) of rank {rank} for layers {layers} (0: the embeddings).
Best layer: {best}, chosen on dev by UUAS. 95 % intervals resample {resampled}.

| split | layer | UUAS | DSpr. | root accuracy | NSpr. |
|---|---|---|---|---|---|
{rows}

- **Checkpoint**: {model}, weights' digest `{digest}`. With any other the probes are refused.
- **Training data**: {treebank}, {sentences:,} sentences of train (digest `{train}`); dev chose epochs and the layer.
- **License** of the weights, which derive from the treebank: {license}.
- **Options**: {options}.
- **Limits**: a probe shows what can be read off the states, not what the model uses.

```bash
pip install treeprobe
treeprobe parse --probe {repository} --model MODEL "The chef ran."
```

```python
from treeprobe import parse

parse("The chef ran.", probe="{repository}", model="MODEL")
```

MODEL is the folder or hub name of {model}. `analysis.json` holds options, versions, and the size and SHA-256 of
every file; `scores.csv` every score with its interval.
"""


def published_folder(run: str | Path, out: str | Path, *, license: str, repository: str = "OWNER/NAME") -> Path:
    """Make the folder of a run's probes as they travel: probes, scores, and a record that names no place of this disk.

    Whatever takes the probes of a run takes it.

    Args:
        run: the folder of a structural analysis (`treeprobe run`).
        out: the folder to write, which appears when it is complete.
        license: of the weights, as the hub names licenses: that of the treebank, from which they derive.
        repository: what the card says the probes are called.

    Raises:
        FindingsError: `run` holds no structural analysis, or a damaged one.
        OutputError: `out` holds files, or cannot be written.
    """
    place = Path(run).expanduser()
    files = ResultFiles.of(place)
    if files.record["analysis"] != "structure":
        raise FindingsError(f"{run}: holds the analysis {files.record['analysis']}; expected that of `treeprobe run`")
    files.check(verify=True)
    with staged_folder(Path(out).expanduser()) as folder:
        shutil.copytree(place / "probes", folder / "probes")
        shutil.copy(place / "scores.csv", folder / "scores.csv")
        card = _card(files.record, read_scores(place / "scores.csv"), license=license, repository=repository)
        (folder / CARD).write_text(card, encoding="utf-8")
        write_record(folder, without_places(files.record, license=license))
    return Path(out)


def publish(run: str | Path, repository: str, *, license: str, private: bool = False) -> str:
    """Give the probes of a run to the Hugging Face hub, as `published_folder` makes them.

    Args:
        repository: OWNER/NAME, made where there is none; `Parser`, `parse` and `--probe` take it in a folder's place.
        private: make it a private one.

    The others are those of `published_folder`.

    Returns:
        Its address.

    Raises:
        HubError: the hub cannot be reached or refuses, or nobody is logged in.
        FindingsError: `run` holds no structural analysis, or a damaged one.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = published_folder(run, Path(place) / "probes", license=license, repository=repository)
        return push_folder(folder, repository, private=private, message="Add structural probes")


def without_places(record: Mapping[str, Any], *, license: str) -> dict[str, Any]:
    """What a record says, but for where things lay on the disk where it was written."""
    checkpoint = dict(record["checkpoint"])
    if Path(checkpoint["path"]).is_absolute():  # else it is a name on the hub
        checkpoint["path"] = checkpoint["name"]
    splits = {name: split | {"path": Path(split["path"]).name} for name, split in record["splits"].items()}
    kept = {name: value for name, value in record.items() if name not in ("files", "versions", "format", "digest")}
    return {**kept, "checkpoint": checkpoint, "splits": splits, "details": {**record["details"], "license": license}}


def _card(record: Mapping[str, Any], scores: pd.DataFrame, *, license: str, repository: str) -> str:
    """What a person should know before using the probes."""
    options, best, train = record["options"], record["details"]["best_layer"], record["splits"]["train"]
    rank = max(options["ranks"])
    own = scores[scores["rank"].eq(rank) & scores["metric"].isin(HEADLINE_METRICS)]
    own = merge_seeds(own[own["probe"] == own["metric"].map(PROBE_OF)])
    rows = []
    for split in dict.fromkeys([reported_split(scores), "dev"]):
        for layer, found in own[own["split"] == split].groupby("layer"):
            by_metric = found.set_index("metric").to_dict("index")
            cells = [_shown(by_metric[name]) if name in by_metric else "–" for name in HEADLINE_METRICS]
            rows.append(f"| {split} | {layer}{' (best)' if layer == best else ''} | {' | '.join(cells)} |")
    shown = ("punctuation", "text", "pooling", "context", "seeds", "epochs")
    return card_header(license) + _CARD.format(
        license=license,
        model=record["checkpoint"]["name"],
        treebank=record["treebank"],
        rank=rank,
        layers=", ".join(map(str, sorted(own["layer"].dropna().unique().tolist()))),
        best=best,
        resampled=" and ".join(own["resampled"].dropna().unique().tolist()),
        rows="\n".join(rows),
        digest=record["checkpoint"]["digest"],
        sentences=train["sentences"],
        train=train["digest"],
        options=", ".join(f"{name} {options[name]}" for name in shown if options.get(name) is not None),
        repository=repository,
    )


def _shown(row: Mapping[Any, Any]) -> str:
    """A score with its interval."""
    return f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
