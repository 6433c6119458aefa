"""A loop that finds nothing to do looks ever less often, until another of its process has done something."""

import threading
import time
from datetime import UTC, datetime

from services.kit.store.work import Loop, Step, turn


def noting(seen: list[float]) -> Step:
    """Finds nothing to do, and notes when it looked."""

    def step(_: datetime) -> int:
        seen.append(time.monotonic())
        return 0

    return step


def test_a_loop_without_work_rests_twice_as_long_each_time_up_to_its_slowest() -> None:
    loop = Loop("idle", lambda _: 0, idle=0.05, slowest=0.3)
    assert [loop.rest_after(empty) for empty in (1, 2, 3, 4, 2_000)] == [0.05, 0.1, 0.2, 0.3, 0.3]
    assert Loop("steady", lambda _: 0, idle=0.1).rest_after(2_000) == 0.1


def test_idle_loops_look_rarely() -> None:
    seen: list[float] = []
    loop = Loop("idle", noting(seen), idle=0.01, slowest=0.5)
    stop = threading.Event()
    thread = threading.Thread(target=turn, args=(loop, stop, UTC))
    thread.start()
    time.sleep(1.0)
    stop.set()
    loop.called.set()
    thread.join()
    assert 2 <= len(seen) <= 9


def test_what_another_loop_has_done_ends_a_long_rest() -> None:
    seen: list[float] = []
    sleeper = Loop("sleeper", noting(seen), idle=30.0, slowest=60.0)
    worked: list[float] = []

    def works_once(_: datetime) -> int:
        if worked or not seen:
            return 0
        worked.append(time.monotonic())
        return 1

    stop = threading.Event()
    threads = [
        threading.Thread(target=turn, args=(loop, stop, UTC, None, (sleeper,)))
        for loop in (sleeper, Loop("worker", works_once, idle=0.01))
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    stop.set()
    sleeper.called.set()
    for thread in threads:
        thread.join()
    assert len(seen) == 2
    assert seen[1] - worked[0] < 0.2


def test_a_loop_that_is_not_asked_to_slow_down_is_not_woken_either() -> None:
    hourly: list[float] = []
    loop = Loop("hourly", noting(hourly), idle=30.0)
    busy = Loop("busy", lambda _: 1, idle=0.01)
    stop = threading.Event()
    threads = [threading.Thread(target=turn, args=(one, stop, UTC, None, (loop, busy))) for one in (loop, busy)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    stop.set()
    loop.called.set()
    for thread in threads:
        thread.join()
    assert len(hourly) == 1
