"""Work that goes on in a thread while the caller works on something else, never more than a few steps apart."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

_WAITING = 2
"""Actions that may wait behind the one under way: what they hold stays in memory."""


def made_ahead(make: Callable[[Item], Made], items: Iterable[Item], *, threads: int = 1) -> Iterator[Made]:
    """`make` of each item in order; each thread makes one to come while the caller uses the last."""
    with ThreadPoolExecutor(threads) as executor:
        coming: deque[Future[Made]] = deque()
        for item in items:
            coming.append(executor.submit(make, item))
            if len(coming) > threads:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


class Background:
    """Does actions in a thread, one after the other in the order given.

    Whoever gives an action waits while too many are waiting already, so that a slow disk holds the caller up instead
    of filling the memory. An action's error is raised by the next call, or on leaving the context; the actions after
    it are not done.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1)
        self._given: deque[Future[None]] = deque()
        self._failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for what was given, whatever the caller left by: it is little, and finished work is worth keeping."""
        self._executor.shutdown()
        if kind is None:
            self._settle(0)

    def do(self, action: Callable[[], object]) -> None:
        """Have an action done after those given before. Raises the error of one of these, where there was any."""
        self._settle(_WAITING)
        self._given.append(self._executor.submit(self._attempt, action))

    def _settle(self, waiting: int) -> None:
        """Wait until at most so many actions wait, and raise the error of one that is done."""
        while self._given and (len(self._given) > waiting or self._given[0].done()):
            self._given.popleft().result()

    def _attempt(self, action: Callable[[], object]) -> None:
        if self._failed:
            return
        try:
            action()
        except BaseException:
            self._failed = True
            raise
