"""Probes that travel with the package: for the embedded checkpoint, trained on English EWT.

A folder of them is the folder of a run without its tallies and sample sentences, so whatever takes a run's probes takes
these. They were made by

    treeprobe run --model MINILM --train en_ewt --dev en_ewt --test en_ewt --ranks 32 --seeds 1 --no-control \\
        --no-random-baseline --out runs/minilm-en_ewt
    python -m treeprobe.pipeline.packaged_probes runs/minilm-en_ewt

where MINILM is what `python -c "import treeprobe; print(treeprobe.embedded_checkpoint())"` prints.
"""

import shutil
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from treeprobe.errors import TreeprobeError
from treeprobe.extraction.checkpoint import EMBEDDED_NAME
from treeprobe.pipeline.published_probes import without_places
from treeprobe.pipeline.results.files import ResultFiles
from treeprobe.pipeline.results.findings import read_record, write_record
from treeprobe.pipeline.results.scores import read_scores, reported_split

NAME = "minilm-en_ewt"
HUB_NAME = f"sentence-transformers/{EMBEDDED_NAME}"
CARD = "README.md"
LARGEST = 1_000_000
"""Bytes that the probes may take in the package."""
LICENSE = "CC BY-SA 4.0"
REMEDY = "install treeprobe again"

_CARD = """\
# Structural probes of {model} on English EWT

Distance and depth probes (Hewitt & Manning 2019) of rank {rank}, one of each for every layer from 0 (embeddings) to
{last}. Best layer: {best}, chosen on dev by UUAS.

| split | layer | UUAS | DSpr. | root accuracy | NSpr. |
|---|---|---|---|---|---|
{rows}

- **Checkpoint**: {model} (sentence-transformers, Apache 2.0), weights' digest `{digest}`.
- **Training data**: UD English EWT, train split, {sentences:,} sentences
  (digest `{train}`); dev chose epochs and the layer.
  The treebank is licensed {license}: Silveira et al. 2014, "A Gold Standard Dependency Corpus for English";
  universaldependencies.org. The weights here are derived from it and are given under the same license.
- **Made by**: `treeprobe run --model MINILM --train en_ewt --dev en_ewt --test en_ewt --ranks {rank} --seeds 1
  --no-control --no-random-baseline --out DIR`, then `python -m treeprobe.pipeline.packaged_probes DIR`.
- **Limits**: English; the trees have no relations; a probe shows what can be read off the states, not what the model
  uses.

`analysis.json` holds options, versions, and the size and SHA-256 of every file; `scores.csv` every score with its
interval.
"""


def embedded_probes() -> Path:
    """The folder of the embedded checkpoint's probes, as of a run: a distance and a depth probe for each layer.

    They were trained on English EWT (CC BY-SA 4.0); the card in the folder says how, and how well they do. Every file
    is compared with its digest.

    Raises:
        FindingsError: a file is missing, or is not as it was written.
    """
    folder = Path(str(files("treeprobe.pipeline") / "embedded" / NAME))
    ResultFiles.of(folder, remedy=REMEDY).check(verify=True)
    return folder


def embed(run: Path, out: Path) -> Path:
    """Make the folder of embedded probes of a run's, with a record that names no place of this machine, and a card.

    Raises TreeprobeError when the probes are too large to travel.
    """
    record = read_record(run)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    shutil.copytree(run / "probes", out / "probes")
    shutil.copy(run / "scores.csv", out / "scores.csv")
    (out / CARD).write_text(_card(run, record), encoding="utf-8")
    kept = without_places(record, license=LICENSE)
    write_record(out, {**kept, "checkpoint": kept["checkpoint"] | {"path": HUB_NAME}})
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    if size > LARGEST:
        raise TreeprobeError(f"{out}: {size:,} bytes; expected at most {LARGEST:,}: lower the rank")
    return out


def _card(run: Path, record: dict[str, Any]) -> str:
    """What a person should know before using the probes."""
    scores = read_scores(run / "scores.csv")
    best, rank = record["details"]["best_layer"], max(record["options"]["ranks"])
    rows = []
    for split in dict.fromkeys([reported_split(scores), "dev"]):
        own = scores[(scores["split"] == split) & scores["probe"].isin(["distance", "depth"])]
        for layer, found in own.groupby("layer"):
            value = found.set_index("metric")["value"]
            shown = " | ".join(f"{value[name]:.3f}" for name in ("uuas", "dspr", "root_accuracy", "nspr"))
            rows.append(f"| {split} | {layer}{' (best)' if layer == best else ''} | {shown} |")
    train = record["splits"]["train"]
    return _CARD.format(
        model=record["checkpoint"]["name"],
        digest=record["checkpoint"]["digest"],
        rank=rank,
        last=int(scores["layer"].max()),
        best=best,
        rows="\n".join(rows),
        sentences=train["sentences"],
        train=train["digest"],
        license=LICENSE,
    )


if __name__ == "__main__":
    made = embed(Path(sys.argv[1]), Path(__file__).parent / "embedded" / NAME)
    sys.stdout.write(f"{made}: {sum(path.stat().st_size for path in made.rglob('*') if path.is_file()):,} bytes\n")
