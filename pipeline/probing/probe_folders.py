"""Where the probes of a run lie, and where their checkpoint is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from treeprobe.extraction import embedded_checkpoint
from treeprobe.extraction.checkpoint import EMBEDDED_NAME
from treeprobe.pipeline.probing.probes import probe_folder
from treeprobe.pipeline.results.findings import RECORD, FindingsError, read_record
from treeprobe.probes import DepthProbe, DistanceProbe


def distance_folder(folder: Path, layer: int | None) -> Path:
    """The folder itself when it is a saved probe's; when it is a run's, that of a layer's distance probe."""
    if (folder / "probe.json").exists():
        if layer is not None:
            raise FindingsError(f"{folder}: is a single probe's; expected a run's folder to choose layer {layer} from")
        return folder
    record = read_record(folder)
    if record["analysis"] != "structure":
        raise FindingsError(
            f"{folder}: holds the analysis {record['analysis']}; expected a run's or a saved distance probe's"
        )
    options, best = record["options"], record["details"]["best_layer"]
    if best is None and layer is None:
        raise FindingsError(
            f"{folder}: none of its layers is best, as no edge was scored; expected a layer (--layer), or a saved "
            "probe's folder"
        )

    found = folder / "probes" / _folder_name(options, best if layer is None else layer)
    if layer is not None and not found.is_dir():
        there = sorted(int(path.name.split("-")[2]) for path in (folder / "probes").glob(_folder_name(options, "*")))
        raise FindingsError(f"{folder}: holds no probe of layer {layer}; found {', '.join(map(str, there)) or 'none'}")
    return found


def _folder_name(options: Mapping[str, Any], layer: int | str) -> str:
    """The folder of a layer's distance probe, the one of a run that stands for its layer; "*" makes a pattern of it."""
    return probe_folder("distance", layer, max(options["ranks"]), options["seeds"][0])


def folders_of_layers(folder: Path) -> list[Path]:
    """The folder itself when it is a saved probe's; when it is a run's, those of the distance probes of all layers."""
    if (folder / "probe.json").exists():
        return [folder]
    found = (folder / "probes").glob(_folder_name(read_record(folder)["options"], "*"))
    return sorted(found, key=lambda path: int(path.name.split("-")[2]))


def depth_beside(folder: Path) -> DepthProbe | None:
    """The depth probe beside a distance probe's folder, where there is one."""
    beside = folder.with_name(folder.name.replace("distance", "depth", 1))
    return DepthProbe.from_pretrained(beside) if (beside / "probe.json").exists() else None


def recorded_model(folder: Path, probe: DistanceProbe) -> str:
    """Where the run found its checkpoint; for a probe on its own, the name it was trained under.

    The embedded checkpoint is wherever its package is installed.
    """
    name = probe.identity_.get("checkpoint", {}).get("name")
    recorded = next((place for place in (folder, *folder.absolute().parents[:2]) if (place / RECORD).exists()), None)
    path = None if recorded is None else str(read_record(recorded)["checkpoint"]["path"])
    if name == EMBEDDED_NAME and (path is None or not Path(path).is_dir()):
        return str(embedded_checkpoint())
    if path is not None:
        return path
    if name is None:
        raise FindingsError(f"{folder}: does not say which checkpoint the probe belongs to; give the model (--model)")
    return str(name)
