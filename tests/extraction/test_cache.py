"""A cache is written whole or not at all, resumes, and never gives a wrong vector."""

import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save
from tqdm import tqdm
from typer.testing import CliRunner

from tests.extraction import zoo
from treeprobe.extraction import (
    CacheError,
    Encoder,
    Reading,
    States,
    StorageError,
    batching,
    extract,
    hidden_states,
    list_caches,
    open_states,
    remove_cache,
    stretches,
    verify_cache,
)
from treeprobe.extraction.word_vectors import WordReader
from treeprobe.records import sealed

SENTENCES = zoo.SENTENCES * 6
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of a few sentences, each read by itself."""
    monkeypatch.setattr(hidden_states, "SHARD_NUMBERS", 1 << 10)
    monkeypatch.setattr(stretches, "STRETCH_WORDS", 1)


def fill(root: Path, **options) -> States:
    return extract(zoo.encoder("bert"), SENTENCES, cache=root, **options)


def only_cache(root: Path) -> Path:
    (entry,) = list_caches(root)
    return entry.folder


def rewrite(record: Path, **changes: object) -> None:
    """Change fields of a record and seal it anew, as nothing but another extraction would."""
    record.write_text(json.dumps(sealed(json.loads(record.read_text()) | changes)))


@pytest.fixture
def produced(monkeypatch) -> list[int]:
    """First sentences of the shards that are extracted, as they are."""
    seen: list[int] = []
    read = WordReader.read

    def spy(self, aligned):
        seen.append(aligned.first_sentence)
        return read(self, aligned)

    monkeypatch.setattr(WordReader, "read", spy)
    return seen


@pytest.mark.parametrize("storage", ["float32", "float16", "bfloat16"])
def test_states_from_disk_are_those_in_memory(storage, tmp_path: Path) -> None:
    exact = extract(zoo.encoder("bert"), SENTENCES)
    memory = extract(zoo.encoder("bert"), SENTENCES, reading=Reading(storage=storage))
    disk = fill(tmp_path, reading=Reading(storage=storage))
    assert len(list(only_cache(tmp_path).glob("shard-*"))) > 3
    everything = disk.read(slice(None))
    assert everything.dtype == np.float32
    np.testing.assert_array_equal(everything, memory.read(slice(None)))
    tolerance = {"float32": 1e-6, "float16": 2e-3, "bfloat16": 2e-2}[storage]
    np.testing.assert_allclose(everything, exact.read(slice(None)), atol=tolerance, rtol=tolerance)
    assert disk.report == memory.report
    assert disk.identity == memory.identity


def test_reading_any_sentences_in_any_order_equals_reading_them_one_by_one(tmp_path: Path) -> None:
    states = fill(tmp_path)
    order = np.random.default_rng(0).permutation(len(states))
    for wanted in (order, [5, 5, 0], slice(3, 9), [-1]):
        numbers = np.arange(len(states))[wanted]
        one_by_one = np.concatenate([states.read([i], [1, 3]) for i in numbers], axis=1)
        np.testing.assert_array_equal(states.read(wanted, [1, 3]), one_by_one)
    assert states.read([], [1]).shape == (1, 0, 16)
    with pytest.raises(IndexError, match="sentences must lie in 0 to 23"):
        states.read([24])
    with pytest.raises(IndexError, match="no layer 9"):
        states.read([0], [9])


def test_a_cache_that_is_there_is_not_extracted_again(tmp_path: Path, produced: list[int]) -> None:
    fill(tmp_path)
    assert produced
    before = list(produced)
    fill(tmp_path)
    assert produced == before
    fill(tmp_path, reading=Reading(pooling="first"))
    assert len(produced) == 2 * len(before)
    assert len(list_caches(tmp_path)) == 2


def test_an_interrupted_extraction_goes_on_where_it_stopped(tmp_path: Path, produced: list[int], monkeypatch) -> None:
    whole = fill(tmp_path / "whole").read(slice(None))
    shards = len(produced)
    produced.clear()
    read = WordReader.read

    def stop_late(*args, **options):
        if len(produced) == 2:
            raise KeyboardInterrupt
        return read(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(WordReader, "read", stop_late)
        with pytest.raises(KeyboardInterrupt):
            fill(tmp_path / "cut")
    folder = only_cache(tmp_path / "cut")
    with pytest.raises(CacheError, match="not complete"):
        open_states(folder)
    verify_cache(folder)
    produced.clear()
    np.testing.assert_array_equal(fill(tmp_path / "cut").read(slice(None)), whole)
    assert len(produced) == shards - 2


def _truncate(folder: Path) -> str:
    path = folder / "shard-00001" / "layer-02.safetensors"
    os.truncate(path, path.stat().st_size - 1)
    return "shard-00001/layer-02.safetensors: .* bytes, expected"


def _edit(folder: Path) -> str:
    path = folder / "shard-00002" / "layer-00.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    return "shard-00002/layer-00.safetensors: its digest is not the recorded one"


def _remove(folder: Path) -> str:
    (folder / "shard-00000" / "layer-01.safetensors").unlink()
    return "shard-00000/layer-01.safetensors: No such file"


def _swap(folder: Path) -> str:
    one, two = folder / "shard-00001", folder / "shard-00002"
    aside = folder / "aside"
    one.rename(aside)
    two.rename(one)
    aside.rename(two)
    return "shard-0000[12]"


def _shorten_bounds(folder: Path) -> str:
    os.truncate(folder / "word_bounds.npy", 140)
    return "word_bounds.npy: 140 bytes"


@pytest.mark.parametrize("record", ["", "[1, 2]", "{}", '{"key": "mine"}'])
def test_a_shard_whose_record_was_lost_is_named_or_extracted_anew(record: str, tmp_path: Path, produced) -> None:
    fill(tmp_path)
    folder = only_cache(tmp_path)
    rewrite(folder / "manifest.json", complete=False)
    (folder / "shard-00001" / "shard.json").write_text(record)
    produced.clear()
    for attempt in (lambda: verify_cache(folder), lambda: fill(tmp_path)):
        with pytest.raises(CacheError, match=r"shard-00001/shard\.json"):
            attempt()
    fill(tmp_path, repair=True)
    assert len(produced) == 1


@pytest.mark.parametrize("damage", [_truncate, _edit, _remove, _swap, _shorten_bounds])
def test_damage_is_found_at_open_named_and_repaired_only_when_asked(damage, tmp_path: Path, produced) -> None:
    whole = fill(tmp_path).read(slice(None))
    folder = only_cache(tmp_path)
    message = damage(folder)
    produced.clear()
    for attempt in (
        lambda: open_states(folder, verify=True),
        lambda: fill(tmp_path, verify=True),
        lambda: verify_cache(folder),
        lambda: verify_cache(tmp_path),
    ):
        with pytest.raises(CacheError, match=message):
            attempt()
    assert not produced
    np.testing.assert_array_equal(fill(tmp_path, repair=True).read(slice(None)), whole)
    assert len(produced) == {_swap: 2, _shorten_bounds: 0}.get(damage, 1)
    verify_cache(folder)


def test_a_truncated_shard_is_found_without_verifying(tmp_path: Path) -> None:
    fill(tmp_path)
    message = _truncate(only_cache(tmp_path))
    with pytest.raises(CacheError, match=message):
        open_states(only_cache(tmp_path))


def test_a_foreign_shard_is_found_without_verifying(tmp_path: Path) -> None:
    fill(tmp_path / "one")
    extract(zoo.encoder("electra"), SENTENCES, cache=tmp_path / "two")
    one, two = only_cache(tmp_path / "one"), only_cache(tmp_path / "two")
    shutil.copy(two / "shard-00001" / "layer-01.safetensors", one / "shard-00001" / "layer-01.safetensors")
    with pytest.raises(CacheError, match=r"shard-00001/layer-01\.safetensors belongs to another cache"):
        open_states(one)  # it has the same size


def test_another_checkpoint_of_the_same_name_has_a_cache_of_its_own(tmp_path: Path) -> None:
    from dataclasses import replace

    first = zoo.encoder("bert")
    second = replace(first.with_random_weights(1), name="bert")
    one = extract(first, SENTENCES, cache=tmp_path)
    two = extract(second, SENTENCES, cache=tmp_path)
    assert len(list_caches(tmp_path)) == 2
    assert not np.allclose(one.sentence(0, 1), two.sentence(0, 1))


def test_a_manifest_of_another_extraction_is_refused(tmp_path: Path) -> None:
    fill(tmp_path)
    fill(tmp_path / "other", reading=Reading(pooling="last"))
    manifest = only_cache(tmp_path) / "manifest.json"
    shutil.copy(only_cache(tmp_path / "other") / "manifest.json", manifest)
    with pytest.raises(CacheError, match="holds another extraction"):
        fill(tmp_path)
    manifest.write_text("{ not JSON")
    with pytest.raises(CacheError, match=r"manifest\.json cannot be read"):
        fill(tmp_path)
    manifest.write_text('{"format": 99}')
    with pytest.raises(CacheError, match="format is 99, expected 1"):
        fill(tmp_path)


def unseal(folder: Path) -> None:
    """Take the seals off, as in caches of version 0.1."""
    for path in folder.rglob("*.json"):
        record = json.loads(path.read_text())
        del record["digest"]
        path.write_text(json.dumps(record))


def test_caches_whose_records_have_no_seal_are_read_and_sealed_when_repaired(tmp_path: Path, produced) -> None:
    whole = fill(tmp_path).read(slice(None))
    folder = only_cache(tmp_path)
    unseal(folder)
    produced.clear()
    np.testing.assert_array_equal(fill(tmp_path, verify=True).read(slice(None)), whole)
    assert not produced
    np.testing.assert_array_equal(fill(tmp_path, repair=True).read(slice(None)), whole)
    assert all("digest" in json.loads(path.read_text()) for path in folder.rglob("*.json"))


@pytest.mark.parametrize("seal", [True, False])
def test_a_repaired_caches_report_has_no_invented_entries(seal: bool, tmp_path: Path) -> None:
    fresh = fill(tmp_path).report
    folder = only_cache(tmp_path)
    for path in folder.rglob("shard.json"):
        record = json.loads(path.read_text())
        record["report"]["unknown"].append([0, 0, "invented"])
        if not seal:
            del record["digest"]
        path.write_text(json.dumps(record))
    assert open_states(folder).report == fresh
    assert fill(tmp_path, repair=True).report == fresh


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dim": 8}, r"layer-00\.safetensors belongs to another cache or place"),
        ({"dim": "8"}, 'field dim is "8", expected an integer of at least 1'),
        ({"layers": [0, 1]}, r"field layers is \[0, 1\], expected \[0, 1, 2, 3\], as in its identity"),
        ({"storage": "float16"}, 'field storage is "float16", expected float32, as in its identity'),
        ({"shard_count": 2}, r"field shard_count is 2, expected \d+, the number of its shards"),
        ({"identity": {}}, "field identity.checkpoint is missing, expected an object"),
        ({"files": {}}, r"field files is {}, expected the files word_bounds\.npy, shard_bounds\.npy"),
        ({"complete": None}, "field complete is null, expected true or false"),
        ({"report": {"sentences": 2}}, "field report.words is missing, expected an integer of at least 0"),
    ],
)
def test_a_manifest_is_checked_field_by_field(change: dict[str, object], message: str, tmp_path: Path) -> None:
    fill(tmp_path)
    rewrite(only_cache(tmp_path) / "manifest.json", **change)
    for attempt in (lambda: open_states(only_cache(tmp_path)), lambda: fill(tmp_path)):
        with pytest.raises(CacheError, match=message) as caught:
            attempt()
        assert "extract with repair=True to replace what is damaged" in str(caught.value)
    fill(tmp_path, repair=True)


def test_changed_numbers_alone_pass_an_open_that_does_not_verify(tmp_path: Path) -> None:
    """What the page on extraction promises of `open_states`, and what `verify` is for."""
    whole = fill(tmp_path).read(slice(None))
    folder = only_cache(tmp_path)
    _edit(folder)
    assert (open_states(folder).read(slice(None)) != whole).sum() == 1
    with pytest.raises(CacheError, match="its digest is not the recorded one"):
        open_states(folder, verify=True)
    for name in ("word_bounds.npy", "shard_bounds.npy"):
        path = folder / name
        content = path.read_bytes()
        path.write_bytes(content[:-8] + bytes([content[-8] ^ 1]) + content[-7:])
        with pytest.raises(CacheError, match=rf"{name}: its digest is not the recorded one"):
            open_states(folder)
        path.write_bytes(content)


def test_what_is_no_cache_is_refused(tmp_path: Path) -> None:
    for attempt in (lambda: open_states(tmp_path), lambda: remove_cache(tmp_path)):
        with pytest.raises(CacheError, match=r"no manifest\.json"):
            attempt()
    with pytest.raises(CacheError, match="there is no folder"):
        list_caches(tmp_path / "missing")


def test_a_full_disk_is_one_clear_error_and_keeps_what_was_finished(
    tmp_path: Path, monkeypatch, produced: list[int]
) -> None:
    write, written = os.pwrite, []

    def write_until_full(*args):
        if len(written) == 6:  # in the middle of the second shard
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(1)
        return write(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", write_until_full)
        with pytest.raises(CacheError, match="the disk is full"):
            fill(tmp_path)
    folder = only_cache(tmp_path)
    assert sorted(path.name for path in folder.glob("shard-*")) == ["shard-00000"]
    assert not list(folder.glob("*.partial"))
    verify_cache(folder)
    produced.clear()
    np.testing.assert_array_equal(fill(tmp_path).read(slice(None)), fill(tmp_path / "other").read(slice(None)))
    assert 0 not in produced[: len(produced) // 2]


def refusals(*attempts: Callable[[], object]) -> list[str]:
    """The messages of those that are refused."""
    found = []
    for attempt in attempts:
        try:
            attempt()
        except CacheError as error:
            found.append(str(error))
    return found


def extract_below_a_limit(root: Path) -> list[str]:
    """What an extraction says that may write no file above 2,000 bytes."""
    encoder = zoo.encoder("bert")
    extract(encoder, zoo.SENTENCES)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    return refusals(lambda: extract(encoder, zoo.SENTENCES, cache=root))


def test_a_real_limit_of_the_kernel_is_reported_like_a_full_disk(
    tmp_path: Path, in_fresh_process: Callable[..., list[str]]
) -> None:
    (said,) = in_fresh_process(extract_below_a_limit, tmp_path)
    assert "disk is full" in said
    assert not list(tmp_path.rglob("shard-*"))


def extract_where_nothing_can_be_written(root: Path) -> list[str]:
    """What new extractions and a removal say in a read-only folder, where a cache that is there can be read."""
    encoder = zoo.encoder("bert")
    whole = extract(encoder, zoo.SENTENCES, cache=root).read(slice(None))
    root.chmod(0o555)
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    assert (extract(encoder, zoo.SENTENCES, cache=root).read(slice(None)) == whole).all()
    found = refusals(
        lambda: extract(encoder, zoo.SENTENCES, cache=root, reading=Reading(pooling="last")),
        lambda: extract(encoder, zoo.SENTENCES, cache=root / "further" / "down"),
        lambda: remove_cache(list_caches(root)[0].folder),
    )
    extract(encoder, zoo.SENTENCES, cache=root).read(slice(None))
    return found


def test_a_folder_that_cannot_be_written_is_refused_but_a_complete_cache_in_it_is_read(
    in_fresh_process: Callable[..., list[str]],
) -> None:
    # A folder of its own: whoever runs as root gives that up first, and then may not enter pytest's.
    with tempfile.TemporaryDirectory() as folder:
        new, further, removal = in_fresh_process(extract_where_nothing_can_be_written, Path(folder))
        os.chmod(folder, 0o755)
        kept = [path.name for path in Path(folder).iterdir() if path.is_dir()]
    assert all("cannot write to" in line and "choose another cache folder" in line for line in (new, further))
    assert "cannot remove" in removal
    assert len(kept) == 1


def test_a_file_where_the_cache_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cannot write"):
        fill(tmp_path / "file")


def test_two_at_once_extract_each_shard_once(tmp_path: Path, produced: list[int]) -> None:
    whole = fill(tmp_path / "alone").read(slice(None))
    shards, failures = len(produced), []
    produced.clear()

    def run() -> None:
        try:
            np.testing.assert_array_equal(fill(tmp_path / "shared").read(slice(None)), whole)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(produced) == shards


def test_a_folder_without_caches_is_not_taken_for_sound(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="there are no caches in"):
        verify_cache(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 9}', '{"format": 1, "key": "x"}'])
def test_a_manifest_that_cannot_be_read_hides_no_other_cache(content: str, tmp_path: Path) -> None:
    from treeprobe.pipeline.commands.cache import app

    fill(tmp_path)
    sound = only_cache(tmp_path)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "manifest.json").write_text(content)
    entries = {entry.name: entry for entry in list_caches(tmp_path)}
    assert set(entries) == {sound.name, "broken"}
    assert entries[sound.name].problem is None
    assert str(broken / "manifest.json") in (entries["broken"].problem or "")
    with pytest.raises(CacheError, match=r"broken/manifest.json"):
        verify_cache(tmp_path)
    listed = CliRunner().invoke(app, ["ls", "--cache", str(tmp_path)])
    assert listed.exit_code == 0
    assert sound.name in listed.output
    assert "unreadable" in listed.output
    verified = CliRunner().invoke(app, ["verify", "--cache", str(tmp_path)])
    assert verified.exit_code == 1
    assert f"{sound.name}: every file is as it was written" in verified.output


def test_the_bar_counts_every_word_and_what_is_there_already(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = sum(map(len, SENTENCES))
    bars: list[tqdm] = []

    def kept(*arguments, **options):
        bars.append(tqdm(*arguments, **{**options, "delay": 0.0}))
        return bars[-1]

    monkeypatch.setattr(hidden_states, "tqdm", kept)
    for _ in range(2):
        fill(tmp_path, progress=True, reading=Reading(max_subwords=8))
        shutil.rmtree(only_cache(tmp_path) / "shard-00002")
        rewrite(only_cache(tmp_path) / "manifest.json", complete=False)
    fill(tmp_path, progress=True, reading=Reading(max_subwords=8), repair=True)
    assert [bar.total for bar in bars] == [words] * 3
    assert bars[0].n == words
    assert 0 < bars[1].n < words


def test_values_beyond_the_storage_format_are_refused(tmp_path: Path) -> None:
    encoder = zoo.encoder("gpt2").with_random_weights(0)
    encoder.model.wte.weight.mul_(1e7)
    with pytest.raises(StorageError, match=r"layer 0 of sentence 1 .* beyond float16 .* stored as inf"):
        extract(encoder, SENTENCES, reading=Reading(storage="float16"), cache=tmp_path)
    assert not list(tmp_path.rglob("shard-*"))
    assert np.isfinite(
        extract(encoder, SENTENCES, reading=Reading(storage="bfloat16", layers=[0])).read(slice(None))
    ).all()
    encoder.model.wte.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"layer 0 of sentence 1 .* stored as nan"):
        extract(encoder, SENTENCES)


def test_layers_of_zeros_are_refused_but_words_that_are_dropped_have_zeros() -> None:
    encoder = zoo.encoder("gpt2").with_random_weights(0)
    dropped = [["\u200b", ""]]
    assert not extract(zoo.encoder("bert"), dropped).read(slice(None)).any()
    for table in (encoder.model.wte, encoder.model.wpe):
        table.weight.fill_(0)
    with pytest.raises(StorageError, match=r"layer 0 is zero for every word of sentences 1 to \d+, expected"):
        extract(encoder, SENTENCES)
    for table in (encoder.model.wte, encoder.model.wpe):
        table.weight.fill_(1e-12)
    assert extract(encoder, SENTENCES, reading=Reading(layers=[0])).read(slice(None)).all()
    with pytest.raises(StorageError, match=r"zero, or too small for float16"):
        extract(encoder, SENTENCES, reading=Reading(layers=[0], storage="float16"))


def test_storage_formats_are_a_closed_choice() -> None:
    with pytest.raises(ValueError, match="storage must be one of float32, bfloat16, float16, float64, found 'int8'"):
        extract(zoo.encoder("bert"), SENTENCES, reading=Reading(storage="int8"))


def test_files_hold_two_bytes_a_number_in_float16(tmp_path: Path, minilm, monkeypatch) -> None:
    monkeypatch.setattr(hidden_states, "SHARD_NUMBERS", 18 << 20)
    extract(minilm, SENTENCES * 3, reading=Reading(storage="float16"), cache=tmp_path)
    words = sum(map(len, SENTENCES * 3))
    (entry,) = list_caches(tmp_path)
    assert entry.words == words
    # The corpus is small, so the manifest and the bounds still show; in a corpus they vanish.
    shards = sum(path.stat().st_size for path in entry.folder.rglob("*.safetensors"))
    assert shards <= words * 7 * 2 * 384 * 1.01


def test_removed_caches_are_gone(tmp_path: Path) -> None:
    fill(tmp_path)
    remove_cache(only_cache(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_cache_can_be_removed_unless_other_files_lie_in_it(tmp_path: Path) -> None:
    fill(tmp_path)
    folder = only_cache(tmp_path)
    (folder / "manifest.json").write_text("{")
    (folder / "thesis.tex").write_text("")
    with pytest.raises(CacheError, match=r"manifest\.json cannot be read"):
        remove_cache(folder)
    (folder / "thesis.tex").unlink()
    remove_cache(folder)
    assert list(tmp_path.iterdir()) == []


def test_the_command_lists_verifies_and_removes(tmp_path: Path) -> None:
    from treeprobe.pipeline.commands.cache import app

    fill(tmp_path)
    folder, runner = only_cache(tmp_path), CliRunner()
    listed = runner.invoke(app, ["ls", "--cache", str(tmp_path)])
    assert folder.name in listed.output.splitlines()
    assert max(map(len, listed.output.splitlines())) <= 80
    assert runner.invoke(app, ["verify", "--cache", str(tmp_path)]).exit_code == 0
    _edit(folder)
    broken = runner.invoke(app, ["verify", "--cache", str(tmp_path)])
    assert broken.exit_code == 1
    assert "shard-00002" in broken.output
    assert runner.invoke(app, ["rm", "nothing", "--cache", str(tmp_path)]).exit_code == 2
    assert runner.invoke(app, ["rm", folder.name, "--cache", str(tmp_path)], input="n\n").exit_code == 0
    assert folder.exists()
    assert runner.invoke(app, ["rm", folder.name, "--yes", "--cache", str(tmp_path)]).exit_code == 0
    assert not folder.exists()


@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_killed_at_random_moments_a_cache_ends_equal_to_an_uninterrupted_one(kills: int) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "extraction_kills.py"), "--kills", str(kills)],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 caches unequal" in done.stdout


def test_shards_that_are_read_together_hold_what_each_holds_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, produced: list[int]
) -> None:
    """Up to rounding, as their batches are others; the report of each is that of its own sentences."""
    sentences = [*SENTENCES, ["", "Keys"], ["Keys", "\N{SNOWMAN}"], *SENTENCES]
    alone = extract(zoo.encoder("bert"), sentences, cache=tmp_path / "alone")
    reads = len(produced)
    monkeypatch.setattr(stretches, "STRETCH_WORDS", 40)
    together = extract(zoo.encoder("bert"), sentences, cache=tmp_path / "together")
    assert reads > 4
    assert 1 < len(produced) - reads < reads / 2
    np.testing.assert_allclose(together.read(slice(None)), alone.read(slice(None)), atol=1e-5)
    assert together.report == alone.report
    assert together.report.dropped
    shards = [sorted(path.name for path in only_cache(tmp_path / name).iterdir()) for name in ("alone", "together")]
    assert shards[0] == shards[1]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a cache, by its path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("storage", ["float32", "float16", "bfloat16"])
def test_files_are_what_safetensors_writes(storage: str, tmp_path: Path) -> None:
    fill(tmp_path, reading=Reading(storage=storage))
    files = sorted(only_cache(tmp_path).rglob("*.safetensors"))
    for path in files:
        with safe_open(path, "pt") as file:
            tensor, metadata = file.get_tensor("states"), file.metadata()
        assert tensor.dtype == getattr(torch, storage)
        assert path.read_bytes() == save({"states": tensor}, metadata=metadata)
    assert len(files) > 4


def test_a_shard_read_again_within_its_stretch_is_the_same_to_the_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, produced: list[int]
) -> None:
    """Which shards are there already changes no batch."""
    monkeypatch.setattr(stretches, "STRETCH_WORDS", 60)
    fill(tmp_path)
    folder, reads = only_cache(tmp_path), len(produced)
    whole, shards = contents(folder), sorted(folder.glob("shard-*"))
    assert len(shards) > reads > 1
    for lost in ([1], [0, 2], [len(shards) - 1], range(len(shards))):
        for number in lost:
            shutil.rmtree(shards[number])
        (folder / "manifest.json").unlink()
        fill(tmp_path)
        assert contents(folder) == whole
    assert len(produced) == reads + 1 + 1 + 1 + reads


def test_sentences_of_many_small_shards_are_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard of a large model holds few sentences: sorted by length within it alone, they would be mostly padding."""
    read = []
    hidden = Encoder.hidden_states

    def spy(self, input_ids, attention_mask, *others, **options):
        read.append((int(attention_mask.sum()), input_ids.numel()))
        return hidden(self, input_ids, attention_mask, *others, **options)

    monkeypatch.setattr(Encoder, "hidden_states", spy)
    monkeypatch.setattr(batching, "TOKEN_BUDGET", 64)
    draw = random.Random(0)
    text = [["chef"] * draw.randint(1, 12) for _ in range(200)]
    padding = {}
    for words in (1, 1 << 15):
        monkeypatch.setattr(stretches, "STRETCH_WORDS", words)
        read.clear()
        extract(zoo.encoder("bert"), text, cache=tmp_path / str(words))
        needed, positions = np.sum(read, axis=0)
        padding[words] = positions / needed - 1
    assert padding[1 << 15] < 0.03 < 0.2 < padding[1]


@pytest.mark.parametrize("storage", ["float32", "float16", "bfloat16"])
def test_states_in_memory_take_the_room_of_their_storage_format(storage: str, tmp_path: Path) -> None:
    encoder, reading = zoo.encoder("bert"), Reading(storage=storage)
    states, kept = (extract(encoder, zoo.SENTENCES, reading=reading, cache=cache) for cache in (None, tmp_path))
    stored = states.read_stored(slice(None))
    assert str(stored.dtype) == f"torch.{storage}"
    numbers = len(states.layers) * int(states.lengths.sum()) * states.dim
    held = sum(array.nbytes for shard in states._shards for array in shard._layers.values())
    assert held == stored.nbytes == numbers * stored.itemsize
    assert torch.equal(stored, kept.read_stored(slice(None)))
    np.testing.assert_array_equal(states.read(slice(None)), stored.float().numpy())
