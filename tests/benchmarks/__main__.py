"""All benchmarks, or those that are named: `python -m tests.benchmarks [end_to_end] [engine] [codec] …`.

Each prints its own lines, ours beside a peer in one run. At the end a table shows the three numbers that the product is
judged by. No benchmark asserts a time: a slow machine is no bug.
"""

import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.benchmarks import (
    bench_codec,
    bench_end_to_end,
    bench_engine,
    bench_isolation,
    bench_network,
    bench_precompiles,
    bench_pruning,
    bench_reads,
    bench_trie,
)

BENCHMARKS: Final[dict[str, Callable[[], Any]]] = {
    "end_to_end": bench_end_to_end.main,
    "reads": bench_reads.main,
    "isolation": bench_isolation.main,
    "network": bench_network.main,
    "engine": bench_engine.main,
    "codec": bench_codec.main,
    "trie": bench_trie.main,
    "pruning": bench_pruning.main,
    "precompiles": bench_precompiles.main,
}
ENGINE_AIM: Final = 3_000
"""Transfers a second on two cores."""


def machine() -> str:
    """What the numbers were measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in _lines(Path("/proc/cpuinfo"))
            if line.startswith(("model name", "Model"))
        ),
        platform.machine(),
    )
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cores} cores ({model}), {python}, {platform.system()} {platform.release()}, load {load}"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def headline(results: dict[str, Any]) -> Table:
    """The table of what was run."""
    table = Table(title="OpenLedger beside its peers", title_justify="left")
    for column in ("what", "ours", "peer", "ratio"):
        table.add_column(column, justify="left" if column == "what" else "right")
    summaries = {summary.name: summary for summary in results.get("end_to_end", ())}
    ours = summaries.get(bench_end_to_end.OURS)
    if ours is not None:
        for name in (bench_end_to_end.PEER, bench_end_to_end.AUTOMINE):
            peer = summaries.get(name)
            table.add_row(
                f"end-to-end transfers/s ({name})",
                f"{ours.included:,.0f}",
                "-" if peer is None else f"{peer.included:,.0f}",
                "-" if peer is None else f"{ours.included / peer.included:.2f}",
            )
        peer = summaries.get(bench_end_to_end.PEER)
        table.add_row(
            "end-to-end CPU µs/transfer",
            f"{ours.cpu_microseconds:,.0f}",
            "-" if peer is None else f"{peer.cpu_microseconds:,.0f}",
            "-" if peer is None else f"{ours.cpu_microseconds / peer.cpu_microseconds:.2f}",
        )
    if "engine" in results:
        plain = results["engine"][0]
        table.add_row(
            "engine transfers/s, raw to disk", f"{plain.rate:,.0f}", f"aim {ENGINE_AIM:,}", _ratio(plain.rate)
        )
        table.add_row(
            "  if both cores were free",
            f"{plain.free_rate:,.0f}",
            f"aim {ENGINE_AIM:,}",
            _ratio(plain.free_rate),
        )
    if "codec" in results:
        sizes = results["codec"]
        base = sizes[bench_codec.SINGULAR]
        for name in (bench_codec.QUIET, bench_codec.BUSY):
            table.add_row(f"bytes/tx on L1: {name}", f"{sizes[name]:.1f}", f"{base:.1f}", f"{sizes[name] / base:.2f}")
    return table


def _ratio(rate: float) -> str:
    return f"{rate / ENGINE_AIM:.2f}"


def main(names: list[str]) -> int:
    """Runs the named benchmarks, all by default; returns the exit status."""
    console = Console()
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        console.print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
        return 2
    start = perf_counter()
    console.print(machine())
    results: dict[str, Any] = {}
    for name in names or list(BENCHMARKS):
        console.rule(name)
        results[name] = BENCHMARKS[name]()
    console.rule()
    if not results.keys().isdisjoint(("end_to_end", "engine", "codec")):
        console.print(headline(results))
    console.print(f"{machine()}\n{perf_counter() - start:.0f} s in all")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
