"""What models of a text and its shifted twin share: one table of them all, layer by layer."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from treeprobe.extraction import Encoder
from treeprobe.files import written_whole
from treeprobe.parsing import Sentence, Treebank, write_conllu
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.analysis import analyse
from treeprobe.pipeline.languages.spaces import TRAINED
from treeprobe.pipeline.languages.tables import AVERAGE
from treeprobe.pipeline.options import Options
from treeprobe.pipeline.results.findings import FindingsError, read_record
from treeprobe.pipeline.stopwatch import Progress
from treeprobe.pipeline.subjects.subject import Sources
from treeprobe.reporting import layer_curves, save_formats
from treeprobe.training.bilingual import shifted_sentence


def write_languages(splits: Mapping[Split, Treebank], folder: Path) -> dict[Split, tuple[Path, Path]]:
    """Write each split of a treebank and of its shifted twin: NAME-SPLIT.conllu and NAME_shifted-SPLIT.conllu."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[Split, tuple[Path, Path]] = {}
    for split, bank in splits.items():
        twin: list[Sentence] = [shifted_sentence(sentence) for sentence in bank]
        paths = folder / f"{bank.name}-{split}.conllu", folder / f"{bank.name}_shifted-{split}.conllu"
        for path, sentences in zip(paths, (list(bank), twin), strict=True):
            write_conllu(sentences, path)
        found[split] = paths
    return found


def measure_sharing(
    models: Sequence[Path],
    files: Mapping[Split, tuple[Path, Path]],
    out: Path,
    *,
    options: Options,
    device: str = "cpu",
    progress: Progress = False,
) -> pd.DataFrame:
    """Run the analysis `languages` on each model into a folder of its name; what is there already is kept.

    Raises:
        FindingsError: a folder holds the analysis of another model, or one with other options.

    Returns:
        By model, layer and probe: UUAS of the languages' own spaces (`own`), of the other's (`other`) and of both's
        (`all`), averages over the two; and how many words find their translation (`retrieval`, and `centred`).
    """
    tables = []
    for model in models:
        folder = out / model.name
        if not folder.exists():
            sources = Sources(model=model, device=device, **files)  # type: ignore[arg-type]
            analyse("languages", sources, folder, options=options, progress=progress)
        _check_same(folder, model, options)
        tables.append(sharing_of(folder).assign(model=model.name))
    return pd.concat(tables, ignore_index=True)[
        ["model", "probe", "layer", "own", "other", "all", "retrieval", "centred"]
    ]


def _check_same(folder: Path, model: Path, options: Options) -> None:
    """Raises FindingsError where a folder does not hold what would be measured now."""
    record, encoder = read_record(folder), Encoder.from_pretrained(model)
    asked = options.fitted(dim=encoder.dim, layers=encoder.layers)
    same = all(list(record["options"].get(name, ())) == list(getattr(asked, name)) for name in ("ranks", "seeds")) and (
        record["options"].get("random_baseline") == asked.random_baseline
    )
    if record["checkpoint"]["digest"] != encoder.digest or not same:
        raise FindingsError(f"{folder}: holds the analysis of another model, or with other options; remove it")


def sharing_of(folder: Path) -> pd.DataFrame:
    """The same of one finished analysis."""
    kinds, retrieval = (pd.read_csv(folder / f"{name}.csv") for name in ("kinds", "retrieval"))
    split = read_record(folder)["details"]["reported"]
    kinds = kinds[(kinds["treebank"] == AVERAGE) & (kinds["split"] == split) & kinds["layer"].notna()]
    uuas = kinds.pivot_table(index=["probe", "layer"], columns="kind", values="value")[["own", "other", "all"]]
    found = retrieval.groupby(["probe", "layer"])[["accuracy", "centred"]].mean()
    return uuas.join(found.rename(columns={"accuracy": "retrieval"})).reset_index().astype({"layer": int})


def draw_sharing(table: pd.DataFrame, stem: Path) -> None:
    """Transfer as a share of the languages' own spaces' UUAS, and word retrieval, by layer; a curve a model."""
    rows = table[table["probe"] == TRAINED]
    figure = Figure(figsize=(8.6, 3.2), layout="constrained")
    panels = figure.subplots(1, 3)
    for panel, column, label in zip(
        panels,
        ("own", "other", "retrieval"),
        ("UUAS by the own space", "UUAS by the other language's space", "words whose translation is nearest"),
        strict=True,
    ):
        values = rows[column]
        curves = rows.assign(probe=rows["model"], metric=column, value=values, low=values, high=values)
        layer_curves(
            curves[["probe", "layer", "metric", "value", "low", "high"]],
            panel,
            metric=column,
            labels="ends" if column == "retrieval" else "none",
        )
        panel.set_ylabel(label)
    low = float(rows[["own", "other"]].min().min())
    high = float(rows[["own", "other"]].max().max())
    for panel in panels[:2]:
        panel.set_ylim(low - 0.02, high + 0.02)
    panels[2].set_ylim(-0.03, 1.03)
    save_formats(figure, stem)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write the table, whole or not at all."""
    with written_whole(path) as draft:
        table.to_csv(draft, index=False)
