"""Float64 throughout: many models compute norms, softmax and rotations in float32 whatever format they are in."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


def in_float64(number: torch.dtype | str) -> AbstractContextManager[Any]:
    """A context in which a model of that number format computes; in float64, nothing of it is rounded to float32."""
    return _Unrounded() if str(number).removeprefix("torch.") == "float64" else nullcontext()


class _Unrounded(TorchFunctionMode):
    """Gives conversions to float32, and functions told to compute in it, float64 instead."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        options = dict(kwargs or {})
        if func is Tensor.float:
            return args[0].double()
        if func in _CONVERSIONS:
            args = tuple(torch.float64 if one is torch.float32 else one for one in args)
        if func is Tensor.__rsub__ and isinstance(args[1], float) and not args[0].is_floating_point():
            args = (args[0].double(), *args[1:])  # a mask of integers, made one of numbers
        if options.get("dtype") is torch.float32 or (func is torch.full and "dtype" not in options):
            options["dtype"] = torch.float64
        return func(*args, **options)


_CONVERSIONS = (Tensor.to, Tensor.type)
