"""What is said of a device that is not there, and of a card whose memory runs out."""

import pytest
import torch

from treeprobe.devices import (
    DeviceError,
    DeviceMemoryError,
    check_device,
    devices_here,
    fetched,
    has_room,
    memory_named,
    moved,
    seeded,
)

FULL = (
    "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 1 has a total capacity of 79.11 GiB of which 10.44 GiB is "
    "free. Including non-PyTorch memory, this process has 68.67 GiB memory in use."
)


@pytest.mark.parametrize("name", ["gpu", "cuda:97", "cuda:x", "", "cpu:1"])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(DeviceError) as refused:
        check_device(torch, name)
    assert f"device (--device): found {name}; this machine has {', '.join(devices_here(torch))}" in str(refused.value)


def test_every_device_that_is_here_is_taken() -> None:
    assert devices_here(torch)[0] == "cpu"
    for name in devices_here(torch):
        check_device(torch, name)


def test_without_a_card_cuda_is_refused_and_with_one_taken_without_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="found cuda; this machine has cpu"):
        check_device(torch, "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for name in ("cuda", "cuda:0", "cuda:1"):
        check_device(torch, name)
    with pytest.raises(DeviceError, match="found cuda:2; this machine has cpu, cuda:0, cuda:1"):
        check_device(torch, "cuda:2")


def test_a_full_card_is_one_message_with_what_was_asked_what_is_free_and_what_helps() -> None:
    with (
        pytest.raises(DeviceMemoryError) as full,
        memory_named(torch, work="training 50 probes", remedy="fewer layers, ranks or seeds"),
    ):
        raise torch.OutOfMemoryError(FULL)
    assert str(full.value) == (
        "cuda:1 (79.11 GiB): its memory ran out while training 50 probes: 20.00 GiB more were needed, 10.44 GiB are "
        "free. What helps: fewer layers, ranks or seeds; or the processor (cpu)"
    )
    assert isinstance(full.value, RuntimeError)


def test_another_message_of_a_full_card_and_another_error_are_not_mistaken() -> None:
    bare = r"^the card: its memory ran out while reading: more was needed\. What"
    with pytest.raises(DeviceMemoryError, match=bare), memory_named(torch, work="reading", remedy="less"):
        raise torch.OutOfMemoryError("no memory")
    with pytest.raises(RuntimeError, match="shapes differ"), memory_named(torch, work="reading", remedy="less"):
        raise RuntimeError("shapes differ")


def test_on_the_processor_nothing_is_copied_and_there_is_room() -> None:
    tensor = torch.arange(6).view(2, 3)
    assert moved(tensor, torch.device("cpu")) is tensor
    assert fetched(torch, tensor) is tensor
    assert has_room(torch, torch.device("cpu"), 1 << 60)


def test_of_a_card_three_quarters_of_what_is_free_may_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (600, 1000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 250)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 50)
    card = torch.device("cuda")
    assert has_room(torch, card, 600)
    assert not has_room(torch, card, 601)


@pytest.mark.cuda
def test_a_tensor_on_a_card_comes_back_as_it_was() -> None:
    tensor = torch.randn(5, 7, 3)
    there = moved(tensor, torch.device("cuda"))
    assert there.is_cuda
    torch.testing.assert_close(fetched(torch, there), tensor, rtol=0, atol=0)
    torch.testing.assert_close(fetched(torch, there[:, 2:5]), tensor[:, 2:5], rtol=0, atol=0)


@pytest.mark.cuda
def test_what_a_full_card_says_is_read() -> None:
    with (
        pytest.raises(DeviceMemoryError, match=r"^cuda:\d+ \([\d.]+ GiB\): .* [\d.]+ \w+ more were needed, [\d.]+ \w+"),
        memory_named(torch, work="filling it", remedy="less"),
    ):
        torch.empty(1 << 50, device="cuda", dtype=torch.uint8)


def test_a_seed_holds_within_and_the_callers_random_numbers_go_on_after(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    cards: list[int] = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", cards.append)
    with seeded(torch, 7):
        drawn = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    assert not cards, "cards that no work was asked of are left alone"
    torch.manual_seed(7)
    assert torch.equal(torch.rand(3), drawn)
    assert cards == [7], "which torch's own seeding does not"
