"""Work in a thread keeps its order, never runs far ahead, and tells its errors."""

import threading

import pytest

from treeprobe.overlap import Background, made_ahead


def test_what_is_made_ahead_comes_in_order_one_step_early() -> None:
    made: list[int] = []

    def make(item: int) -> int:
        made.append(item)
        return item * item

    begun: list[int] = []

    def items():
        for item in range(6):
            begun.append(item)
            yield item

    found = made_ahead(make, items())
    assert next(found) == 0
    assert begun == [0, 1]  # the next is under way, and no more
    assert list(found) == [1, 4, 9, 16, 25]
    assert made == list(range(6))
    assert list(made_ahead(make, [])) == []


def test_an_error_in_what_is_made_ahead_is_raised_where_it_would_be_used() -> None:
    found = made_ahead(lambda item: 1 // item, [1, 1, 0, 1])
    assert [next(found), next(found)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_actions_are_done_in_order_beside_the_caller() -> None:
    done: list[tuple[int, int]] = []
    with Background() as background:
        for number in range(20):
            background.do(lambda number=number: done.append((number, threading.get_ident())))
    assert [number for number, _ in done] == list(range(20))
    assert {thread for _, thread in done}.isdisjoint({threading.get_ident()})


def test_the_caller_waits_for_a_slow_thread_instead_of_filling_the_memory() -> None:
    gate, given = threading.Event(), []

    def give() -> None:
        with Background() as background:
            for number in range(20):
                background.do(gate.wait)
                given.append(number)

    caller = threading.Thread(target=give)
    caller.start()
    caller.join(0.3)
    held = len(given)
    gate.set()
    caller.join()
    assert held == 3  # one under way, two waiting
    assert len(given) == 20


def test_an_error_is_raised_in_the_caller_and_nothing_after_it_is_done() -> None:
    done: list[int] = []

    def act(number: int) -> None:
        if number == 1:
            raise OSError("full")
        done.append(number)

    with pytest.raises(OSError, match="full"), Background() as background:
        for number in range(20):
            background.do(lambda number=number: act(number))
    assert done == [0]
    with pytest.raises(OSError, match="full"), Background() as background:  # with no call after it
        background.do(lambda: act(1))


def test_what_was_given_is_done_when_the_caller_is_interrupted() -> None:
    gate, done = threading.Event(), []

    def leave() -> None:
        with Background() as background:
            background.do(gate.wait)
            background.do(lambda: done.append("given"))
            threading.Timer(0.1, gate.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert done == ["given"]
