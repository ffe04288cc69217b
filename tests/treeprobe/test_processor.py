"""A processor without instructions for bfloat16 is told from one that has them, and said once for each kind of work."""

import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from treeprobe import processor
from treeprobe.processor import multiplies_bfloat16, warn_where_bfloat16_is_slow


def reporting(**capabilities: Any) -> Any:
    """What stands for `torch.cpu` on a processor of these capabilities."""
    return SimpleNamespace(get_capabilities=lambda: capabilities)


OLD = reporting(architecture="x86_64", avx2=True, avx512_bf16=False, amx_bf16=False)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (OLD, False),
        (reporting(architecture="x86_64", avx512_bf16=True, amx_bf16=False), True),
        (reporting(architecture="x86_64", amx_bf16=True), True),
        (reporting(architecture="aarch64"), True),
        (reporting(), True),
        (SimpleNamespace(), True),  # a PyTorch that cannot tell
    ],
)
def test_instructions_are_looked_for(found: Any, expected: bool) -> None:
    assert multiplies_bfloat16(found) is expected


def test_each_kind_of_work_is_warned_of_once_and_only_where_it_is_slow() -> None:
    processor._say_slow.cache_clear()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warn_where_bfloat16_is_slow(reporting(architecture="x86_64", amx_bf16=True), work="training")
        assert not told
        for work in ("training", "extraction", "training", "extraction"):
            warn_where_bfloat16_is_slow(OLD, work=work)
    assert [str(each.message).split(":")[0] for each in told] == ["training in bfloat16", "extraction in bfloat16"]
