"""Devices other than the processor: whether one is there, how tensors reach it, and what to say when it is full.

The ground floor imports no torch: whoever calls passes the module.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from treeprobe.errors import TreeprobeError

SHARE_HELD = 0.75
"""Share of a card's free memory that may be filled with data; the rest is for the work on it."""


class DeviceError(TreeprobeError, ValueError):
    """A device that this machine does not have."""


class DeviceMemoryError(TreeprobeError, RuntimeError):
    """Work that does not fit into a card's memory."""


def devices_here(torch: ModuleType) -> list[str]:
    """The names of the devices that this machine can compute on, the processor first."""
    cards = [f"cuda:{number}" for number in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return ["cpu", *cards, *(["mps"] if torch.backends.mps.is_available() else [])]


def check_device(torch: ModuleType, name: str) -> None:
    """Refuse a device that is not here. `cuda` is where any card is, `meta`, which has shapes alone, everywhere.

    Raises:
        DeviceError: this machine has no such device, or torch knows none of this name.
    """
    here = devices_here(torch)
    if name in here or name in {"meta", *(one.partition(":")[0] for one in here)}:
        return
    without = torch.version.cuda is None and torch.version.hip is None
    why = "; this PyTorch is built without CUDA" if name.startswith("cuda") and without else ""
    raise DeviceError(f"device (--device): found {name}; this machine has {', '.join(here)}{why}")


def moved(tensor: Any, device: Any) -> Any:
    """The tensor on a device; to a card it is copied while the program goes on.

    From pinned memory alone can a card fetch by itself. What is queued on the card afterwards sees the whole copy.
    """
    if device.type == "cuda" and tensor.device.type == "cpu" and tensor.numel():
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


@contextmanager
def seeded(torch: ModuleType, seed: int, device: str = "cpu") -> Iterator[None]:
    """Draw torch's random numbers by a seed, on the processor and on one card; afterwards the caller's go on as before.

    `torch.manual_seed` seeds every card of the machine as well, and `torch.random.fork_rng` brings back the states of
    those alone that it is told.
    """
    cards = [torch.device(device)] if torch.device(device).type == "cuda" else []
    with torch.random.fork_rng(devices=cards):
        torch.random.default_generator.manual_seed(seed)
        for card in cards:
            with torch.cuda.device(card):
                torch.cuda.manual_seed(seed)
        yield


def readiness(torch: ModuleType, device: Any) -> Any:
    """A mark behind all that has been asked of a card so far, for `fetched`; None where there is no card."""
    return torch.cuda.current_stream(device).record_event() if device.type == "cuda" else None


def fetched(torch: ModuleType, tensor: Any, *, after: Any = None) -> Any:
    """The tensor on the processor; one that is on the processor is returned as it is.

    From a card it is copied beside whatever else the card is doing, into pinned memory, which is several times as fast;
    that is scarce, so copy it to where it is to stay. To wait is up to the thread that calls.

    Args:
        after: the `readiness` taken when the tensor's computation was asked for; where None, all work asked of the
            card so far is waited for.
    """
    if tensor.device.type != "cuda" or not tensor.numel():
        return tensor.cpu()
    after = readiness(torch, tensor.device) if after is None else after
    stream = torch.cuda.Stream(tensor.device)
    with torch.cuda.stream(stream):
        stream.wait_event(after)
        found = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        found.copy_(tensor, non_blocking=True)
    stream.synchronize()
    return found


def has_room(torch: ModuleType, device: Any, size: int) -> bool:
    """Whether so many bytes may be held on a device for long: always on the processor, which would hold them anyway.

    On a card they must fit into `SHARE_HELD` of what is free, what torch has set aside and does not use counted in.
    """
    if device.type == "cpu":
        return True
    if device.type != "cuda":
        return False  # no way to ask how much is free
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return bool(size <= SHARE_HELD * (torch.cuda.mem_get_info(device)[0] + unused))


@contextmanager
def memory_named(torch: ModuleType, *, work: str, remedy: str) -> Iterator[None]:
    """Within this context, a card whose memory runs out is one error that says what was needed and what helps.

    Args:
        work: what is being done, as in "while training 50 probes".
        remedy: what needs less memory.

    Raises:
        DeviceMemoryError: the card's memory ran out.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise DeviceMemoryError(_shortage(str(error), work, remedy)) from error


def _shortage(told: str, work: str, remedy: str) -> str:
    """One message of torch's long one, whose numbers it takes."""
    asked = re.search(r"Tried to allocate ([\d.]+ \w+)", told)
    card = re.search(r"GPU (\d+) has a total capacity of ([\d.]+ \w+) of which ([\d.]+ \w+) is free", told)
    where = f"cuda:{card[1]} ({card[2]})" if card else "the card"
    needed = f"{asked[1]} more were needed" if asked else "more was needed"
    free = f", {card[3]} are free" if card else ""
    return f"{where}: its memory ran out while {work}: {needed}{free}. What helps: {remedy}; or the processor (cpu)"
