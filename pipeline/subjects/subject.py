"""What is analysed: a checkpoint and a treebank's splits, opened and checked in one place."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from huggingface_hub import snapshot_download

import treeprobe.training  # noqa: F401 (checkpoints that hold trees load like any other)
from treeprobe.devices import check_device
from treeprobe.extraction import Encoder, Reading, States, extract, stream_attention
from treeprobe.extraction.attention import AttentionStream, Level
from treeprobe.extraction.hub import asks_hub
from treeprobe.extraction.reading import Unit
from treeprobe.hub import fetched_folder
from treeprobe.parsing import Treebank
from treeprobe.parsing.treebanks import Split
from treeprobe.pipeline.options import Options, OptionsError
from treeprobe.pipeline.stopwatch import Progress, Stopwatch
from treeprobe.pipeline.subjects.languages import join_treebanks
from treeprobe.pipeline.subjects.splits import check_splits
from treeprobe.pipeline.subjects.treebanks import common_name, read_split

Source = str | Path | Treebank


@dataclass(frozen=True)
class Subject:
    """An encoder and the splits that it reads; `train` is never scored, `dev` chooses, what is left is reported.

    Attributes:
        source: folder or hub name that the encoder was loaded from.
        treebank: name of the treebank that the splits belong to.
        cache: folder of hidden states; they are held in memory where None.
        probes: folder of a structural analysis whose probes are used instead of new ones, where there is one.
        before: folder or hub name of an earlier checkpoint that this one is compared with, where there is one.
    """

    encoder: Encoder
    source: str
    treebank: str
    splits: Mapping[Split, Treebank]
    cache: Path | None = None
    probes: Path | None = None
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    before: str | None = None

    @property
    def scored(self) -> list[Split]:
        """The splits that no probe is trained on."""
        return [split for split in self.splits if split != "train"]

    @property
    def progress(self) -> bool:
        """Whether progress bars are shown."""
        return self.stopwatch.progress is True

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a part of the work, by its name in the record."""
        with self.stopwatch.stage(name):
            yield

    def states(self, split: Split, options: Options, *, cached: bool = True, unit: Unit = "word") -> States:
        """Word-aligned hidden states of a split at every layer, or one vector a sentence where `unit` says so.

        With `cached`, they are stored in half precision and read from the subject's cache where they are there
        already; without it, they are held in memory in full precision: for models whose heads are edited.
        """
        bank = self.splits[split]
        reading = Reading(pooling=options.pooling, context=options.context, unit=unit)
        if not cached:
            return extract(self.encoder, bank.words, reading=reading, space_after=spaces(bank, options))
        with self.stage(f"extract {self.encoder.name} {split}"):
            return extract(
                self.encoder,
                bank.words,
                reading=replace(reading, storage="float16"),
                space_after=spaces(bank, options),
                cache=self.cache,
                progress=self.progress,
            )

    def attention(self, bank: Treebank, options: Options, *, level: Level = "words") -> AttentionStream:
        """Attention of every head on some sentences of the subject's, batch by batch."""
        return stream_attention(self.encoder, bank.words, level=level, space_after=spaces(bank, options))

    def with_random_weights(self, seed: int = 0) -> "Subject":
        """The same splits for the same architecture with random weights."""
        return replace(self, encoder=self.encoder.with_random_weights(seed=seed), probes=None)

    def earlier(self) -> "Subject":
        """The same splits for the checkpoint that this one is compared with.

        Raises:
            OptionsError: none was given.
            CheckpointError: it cannot be loaded.
        """
        if self.before is None:
            raise OptionsError("needs an earlier checkpoint to compare with (before); found none")
        return self.other(self.before)

    def other(self, source: str) -> "Subject":
        """The same splits for another checkpoint, a folder or hub name. Raises CheckpointError."""
        with self.stage("load checkpoint"):
            encoder = Encoder.from_pretrained(source, device=self.encoder.device)
        return replace(self, encoder=encoder, source=source, probes=None, before=None)

    def with_splits(self, splits: Mapping[Split, Treebank]) -> "Subject":
        """The same encoder with other trees or sentences."""
        return replace(self, splits=splits)


def spaces(bank: Treebank, options: Options) -> list[tuple[bool, ...]] | None:
    """Whether a space follows each word, where the model reads natural sentences; None where it reads words."""
    return [sentence.space_after for sentence in bank] if options.text == "natural" else None


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What a subject is opened from; it can be sent to another process, where `open` does the work.

    Attributes:
        model: a checkpoint folder or hub name; `revision` a branch, tag or commit of the latter.
        train, dev, test: treebanks; or CoNLL-U files, folders of a UD release, or UD names such as `en_ewt`. For an
            analysis of several languages, a tuple of these each, in one order.
        name: what the checkpoint is called in tables; its own name where None.
        treebank: what the files' treebank is called in tables; what their names begin with where None.
        languages: likewise for an analysis of several languages, a name for each.
        probes: folder of a structural analysis of the same checkpoint, whose probes are carried over.
        before: an earlier checkpoint that it is compared with, a folder or hub name.
        device: where the model computes and the probes train, by torch's name: cpu, cuda, cuda:1, mps.
        cache: folder for hidden states; they are extracted anew each time where None.
        max_sentences: read no more than the first so many of each split, or of each language of it.
    """

    model: str | Path
    dev: Source | tuple[Source, ...]
    train: Source | tuple[Source, ...] | None = None
    test: Source | tuple[Source, ...] | None = None
    revision: str | None = None
    name: str | None = None
    treebank: str | None = None
    languages: tuple[str, ...] | None = None
    probes: str | Path | None = None
    before: str | Path | None = None
    device: str = "cpu"
    cache: str | Path | None = None
    max_sentences: int | None = None

    @property
    def given(self) -> dict[Split, Source | tuple[Source, ...]]:
        """The splits that were given, in order."""
        named: list[tuple[Split, Source | tuple[Source, ...] | None]] = [
            ("train", self.train),
            ("dev", self.dev),
            ("test", self.test),
        ]
        return {split: source for split, source in named if source is not None}

    def open(self, *, progress: Progress = False) -> Subject:
        """Read the splits, check them, then load the checkpoint.

        Raises:
            DeviceError: this machine has no such device.
            TreebankError: a split cannot be read, has no sentence of two words, or is another split again.
            OptionsError: `probes` is no folder.
            HubError: it is none on the hub either, or the hub cannot be reached.
            CheckpointError: the checkpoint cannot be loaded.
        """
        check_device(torch, self.device)
        stopwatch = Stopwatch(progress=progress)
        with stopwatch.stage("read treebanks"):
            splits = self.read()
        probes = None if self.probes is None else fetched_folder(self.probes)
        if probes is not None and not probes.is_dir():
            raise OptionsError(f"{self.probes}: there is no such folder; expected that of a structural analysis")
        if host := asks_hub(str(self.model)):
            stopwatch.say(f"{self.model} is no folder here: asking {host} for it …")
        with stopwatch.stage("load checkpoint"):
            encoder = Encoder.from_pretrained(self.model, revision=self.revision, device=self.device)
        return Subject(
            encoder if self.name is None else replace(encoder, name=self.name),
            lasting_path(self._loaded_from()),
            self.treebank or splits["dev"].name,
            splits,
            None if self.cache is None else Path(self.cache).expanduser(),
            probes,
            stopwatch,
            None if self.before is None else lasting_path(self.before),
        )

    def _loaded_from(self) -> str | Path:
        """The model as every other loader takes it: of a revision, the folder in the hub's cache that was just read."""
        if self.revision is None or Path(self.model).expanduser().is_dir():
            return self.model
        return str(snapshot_download(str(self.model), revision=self.revision, local_files_only=True))

    def read(self) -> dict[Split, Treebank]:
        """The splits, checked: see `check_splits`. Raises TreebankError."""
        splits: dict[Split, Treebank] = {}
        for split, source in self.given.items():
            if isinstance(source, tuple):
                names = self.languages or [None] * len(source)
                parts = [self._read(one, split, name=name) for one, name in zip(source, names, strict=True)]
                splits[split] = join_treebanks(parts)
            else:
                splits[split] = self._read(source, split, name=self.treebank)
        check_splits(splits)
        return splits

    def _read(self, source: Source, split: Split, *, name: str | None = None) -> Treebank:
        """One treebank, under what its file's name begins with unless told."""
        if isinstance(source, Treebank):
            return source
        bank = read_split(source, split, limit=self.max_sentences)
        return Treebank(bank, name=name or common_name(bank.path or Path(source)), path=bank.path)


def lasting_path(checkpoint: str | Path) -> str:
    """Where a checkpoint is, whatever the working directory: an absolute path for a folder, a hub name as it is."""
    folder = Path(checkpoint).expanduser()
    return str(folder.absolute()) if folder.is_dir() else str(checkpoint)
