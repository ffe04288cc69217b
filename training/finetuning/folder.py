"""The folder of a run: checkpoints by step, each of which appears whole, and the record."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors import SafetensorError
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from treeprobe.errors import OutputError
from treeprobe.files import check_free, staged_folder, write_json, written_whole
from treeprobe.records import Fields, sealed
from treeprobe.training.finetuning.options import FinetuningError
from treeprobe.training.models import save_checkpoint
from treeprobe.training.optimizing import TrainingLoop

RECORD, SCORES, _STATE = "finetuning.json", "scores.csv", ".training-state.safetensors"
"""The files of a run beside its checkpoints."""


@dataclass(frozen=True)
class RunFolder:
    """Where a run is written; what is there already stays there when the run ends early."""

    path: Path

    @classmethod
    def opened(cls, out: str | Path, *, overwrite: bool) -> "RunFolder":
        """An empty folder to write to.

        Raises:
            OutputError: it holds files (unless `overwrite`, which removes them), or cannot be made.
        """
        path = Path(out)
        check_free(path, overwrite=overwrite)
        try:
            if path.is_dir():
                shutil.rmtree(path)
            path.mkdir(parents=True)
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
        return cls(path)

    @property
    def checkpoints(self) -> dict[int, Path]:
        """The saved checkpoints by step, ascending."""
        found = {path: re.fullmatch(r"step-(\d+)", path.name) for path in self.path.iterdir()}
        return dict(sorted((int(match[1]), path) for path, match in found.items() if match))

    def save(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, step: int) -> None:
        """Save a checkpoint, whole or not at all.

        Raises:
            OutputError: it cannot be written, for example because the disk is full; what was saved before is kept.
        """
        target = self.path / f"step-{step}"
        try:
            with staged_folder(target, overwrite=True) as folder:
                save_checkpoint(model, tokenizer, folder)
        except (OSError, SafetensorError) as error:
            raise OutputError(f"{target}: the checkpoint cannot be written ({error}); {self._kept()}") from error

    @property
    def state(self) -> Path:
        """Where a run is while it is not finished."""
        return self.path / _STATE

    def save_state(self, loop: TrainingLoop, notes: Any) -> None:
        """Save what the rest of the training depends on. Raises OutputError as `save` does."""
        with self._told(_STATE):
            loop.save(self.state, notes)

    def read_record(self) -> Fields:
        """The record. Raises FinetuningError where it is damaged."""
        return Fields.read(self.path / RECORD, error=FinetuningError, remedy="remove it, or overwrite the folder")

    def read_scores(self) -> pd.DataFrame:
        """The table of scores of a finished run."""
        return pd.read_csv(self.path / SCORES)

    def write_record(self, content: Mapping[str, Any]) -> None:
        """Write the record, or replace it, whole or not at all. Raises OutputError as `save` does."""
        with self._told(RECORD):
            write_json(self.path / RECORD, sealed(content))

    def write_scores(self, scores: pd.DataFrame) -> None:
        """Write the table of scores. Raises OutputError as `save` does."""
        with self._told(SCORES), written_whole(self.path / SCORES) as draft:
            scores.to_csv(draft, index=False)

    def write_predictions(self, split: str, predictions: Sequence[Any]) -> None:
        """Write what is predicted for examples by their number from 0, as GLUE's server takes it.

        Raises OutputError as `save` does.
        """
        name = f"predictions-{split}.tsv"
        with self._told(name), written_whole(self.path / name) as draft:
            pd.DataFrame({"prediction": predictions}).to_csv(draft, sep="\t", index_label="index")

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Say which file cannot be written, and what is left."""
        try:
            yield
        except (OSError, SafetensorError) as error:
            raise OutputError(f"{self.path / name}: cannot be written ({error}); {self._kept()}") from error

    def _kept(self) -> str:
        """What is left of a run that ends here."""
        names = ", ".join(path.name for path in self.checkpoints.values())
        return f"complete checkpoints in {self.path}: {names or 'none'}"
