"""Stopping a devnet: once is enough, twice does no harm, three times kills."""

import signal
import threading
import time
from collections.abc import Callable

import pytest

from node.devnet.signals import StopSignals


class Work:
    """What a devnet does, with signals at chosen moments."""

    def __init__(self) -> None:
        self.killed = 0
        self.ill = False
        self.events: list[str] = []

    def kill(self) -> None:
        self.killed += 1

    def run(
        self,
        *,
        during: list[signal.Signals],
        stopping: list[signal.Signals],
        wait: float = 0.0,
        begin: Callable[[], object] = lambda: None,
    ) -> None:
        with StopSignals(healthy=lambda: not self.ill, kill=self.kill) as signals:
            try:
                try:
                    begin()
                    for number in during:
                        signal.raise_signal(number)
                    time.sleep(wait)
                    self.events.append("finished")
                finally:
                    signals.hold()
            except KeyboardInterrupt:
                self.events.append("interrupted")
            for number in stopping:
                signal.raise_signal(number)
            self.events.append("stopped")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_interrupts_the_work(number: signal.Signals) -> None:
    work = Work()
    work.run(during=[number], stopping=[])
    assert work.events == ["interrupted", "stopped"]


def test_a_second_signal_does_not_interrupt_the_stopping(capfd: pytest.CaptureFixture[str]) -> None:
    work = Work()
    work.run(during=[signal.SIGTERM], stopping=[signal.SIGINT])
    assert work.events == ["interrupted", "stopped"]
    assert work.killed == 0
    assert "Still stopping" in capfd.readouterr().err


def test_a_third_signal_kills(capfd: pytest.CaptureFixture[str]) -> None:
    work = Work()
    work.run(during=[signal.SIGINT], stopping=[signal.SIGINT, signal.SIGINT])
    assert work.events == ["interrupted", "stopped"]
    assert work.killed == 1
    capfd.readouterr()


def test_a_signal_after_the_work_interrupts_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    work = Work()
    work.run(during=[], stopping=[signal.SIGINT])
    assert work.events == ["finished", "stopped"]
    assert "Still stopping" in capfd.readouterr().err


def test_signals_from_another_thread_at_any_instant_stop_it_once() -> None:
    """Where `Event.wait` and its handler once met in the middle of a lock."""
    for delay in range(20):
        work = Work()
        main = threading.main_thread().ident
        assert main is not None
        timer = threading.Timer(delay / 4_000, signal.pthread_kill, [main, signal.SIGTERM])
        work.run(during=[], stopping=[], wait=60.0, begin=timer.start)
        timer.join()
        assert work.events == ["interrupted", "stopped"]


def test_a_process_that_dies_interrupts_the_work() -> None:
    work = Work()
    work.ill = True
    work.run(during=[], stopping=[], wait=60.0)
    assert work.events == ["interrupted", "stopped"]


def test_the_former_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)]
    Work().run(during=[], stopping=[])
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)]
    assert after == before
