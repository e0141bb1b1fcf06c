from __future__ import annotations

import threading

import pytest

from agent.worker import Worker


def run(worker: Worker) -> threading.Thread:
    """Have a job done; returns the thread that did it."""
    done, by = threading.Event(), []

    def job() -> None:
        by.append(threading.current_thread())
        done.set()

    worker.do(job)
    assert done.wait(10)
    return by[0]


def test_one_thread_does_one_job_after_another_and_keeps_no_process_alive() -> None:
    worker = Worker("one")
    first, second = run(worker), run(worker)
    assert first is second
    assert first.daemon
    worker.close()
    first.join(10)
    assert not first.is_alive()


def test_a_thread_without_work_ends_and_another_begins_with_the_next_job() -> None:
    worker = Worker("idle", idle_seconds=0.01)
    first = run(worker)
    first.join(10)
    assert not first.is_alive()
    assert run(worker) is not first


def test_no_job_is_lost_between_a_thread_that_ends_and_one_that_begins() -> None:
    worker = Worker("hasty", idle_seconds=0)
    for _ in range(300):
        run(worker)


def test_jobs_that_wait_are_done_before_the_end() -> None:
    worker, begin, done = Worker("late"), threading.Event(), threading.Event()

    def wait() -> None:
        begin.wait(10)

    worker.do(wait)
    worker.do(done.set)
    worker.close()
    begin.set()
    assert done.wait(10)


def test_a_machine_without_threads_does_no_job_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    worker, done = Worker("none"), threading.Event()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            worker.do(done.set)
    run(worker)
    assert not done.is_set()
    worker.close()
