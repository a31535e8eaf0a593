"""A rich progress display for the demo's stages; plain lines where there is no terminal."""

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class RichProgress:
    """ProgressListener on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description:<42}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> "RichProgress":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def stage(self, name: str, total: int) -> Callable[[], None]:
        """A bar for a stage; without a terminal, one line."""
        if not self._console.is_terminal:
            self._console.print(f"{name} ...")
        task = self._progress.add_task(name, total=total)
        return lambda: self._progress.advance(task)
