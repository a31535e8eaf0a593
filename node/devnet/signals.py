"""How a devnet is told to stop, from outside or because one of its processes has died.

The first SIGINT, SIGTERM or SIGHUP raises KeyboardInterrupt in whatever the main thread does, once and never again:
from then on the devnet is stopping, and nothing interrupts that. A second signal is answered with a line of text, a
third kills the processes at once, which loses nothing (they survive `kill -9`) but skips their clean end.
"""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FROM_WATCHER: Final = signal.SIGUSR1
_WATCH_SECONDS: Final = 0.5
_STILL_STOPPING: Final = b"\nStill stopping, please wait. Once more kills the processes at once.\n"


class StopSignals:
    """Context manager of the main thread: the handlers, and a thread that looks after the processes.

    with StopSignals(healthy=..., kill=...) as signals:
        try:
            try:
                work()
            finally:
                signals.hold()
        except KeyboardInterrupt:
            ...                      # told to stop, or not healthy any more
        stop()                       # here nothing is raised any more
    """

    def __init__(self, *, healthy: Callable[[], bool], kill: Callable[[], None]) -> None:
        """`healthy` is asked twice a second, on another thread; `kill` ends all processes by force."""
        self._healthy = healthy
        self._kill = kill
        self._received = 0
        self._may_raise = False
        self._previous: dict[signal.Signals, object] = {}
        self._left = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watch-processes", daemon=True)

    def __enter__(self) -> "StopSignals":
        self._may_raise = True
        for number in _SIGNALS:
            self._previous[number] = signal.signal(number, self._on_signal)
        self._previous[_FROM_WATCHER] = signal.signal(_FROM_WATCHER, self._on_unhealthy)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hold()
        self._left.set()
        self._watcher.join()
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def hold(self) -> None:
        """From here on signals interrupt nothing."""
        self._may_raise = False

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._received += 1
        if self._may_raise:
            self._interrupt()
        elif self._received <= 2:
            os.write(2, _STILL_STOPPING)  # no buffered stream: the main thread may hold its lock
        else:
            self._kill()

    def _on_unhealthy(self, _number: int, _frame: FrameType | None) -> None:
        if self._may_raise:
            self._interrupt()

    def _interrupt(self) -> None:
        self._may_raise = False
        raise KeyboardInterrupt

    def _watch(self) -> None:
        main = threading.main_thread().ident
        assert main is not None  # noqa: S101 - the main thread has started
        while not self._left.wait(_WATCH_SECONDS):
            if self._may_raise and not self._healthy():
                signal.pthread_kill(main, _FROM_WATCHER)
