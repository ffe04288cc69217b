"""What the processor has no instructions for: said once, wherever that is met."""

import warnings
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType


def warn_where_bfloat16_is_slow(processor: ModuleType, *, work: str) -> None:
    """Say once for each kind of work that it is done in bfloat16 on a processor without instructions for it.

    Args:
        processor: `torch.cpu`, which is passed because the ground floor imports no torch.
        work: what is done in bfloat16, as the message calls it: "training", "extraction".
    """
    if not multiplies_bfloat16(processor):
        _say_slow(work)


def multiplies_bfloat16(processor: ModuleType) -> bool:
    """Whether the processor has instructions for products in bfloat16; True where PyTorch (`torch.cpu`) cannot tell."""
    # Newer than the oldest PyTorch that is supported.
    report: Callable[[], Mapping[str, object]] = getattr(processor, "get_capabilities", dict)
    capabilities = report()
    if capabilities.get("architecture") != "x86_64":
        return True
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))


@cache
def _say_slow(work: str) -> None:
    warnings.warn(
        f"{work} in bfloat16: this processor has no instructions for it; it works, and is slower than in float32",
        stacklevel=3,
    )
