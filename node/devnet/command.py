"""`openledger devnet`: everything on this machine, in order, until Ctrl-C."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from client.commands.progress import RichProgress
from client.demo import DemoOptions, run_demo
from client.demo.report import print_report
from node.devnet.accounts import user_accounts
from node.devnet.lock import directory_lock
from node.devnet.network import create_network
from node.devnet.processes import Processes, require_free_port, wait_until_answers, wait_until_calls
from node.devnet.signals import StopSignals
from node.devnet_clock import last_write, read_pause, write_pause
from node.errors import StartupError
from node.files import load_rollup
from node.network.files import NetworkFiles

L1_CHAIN_ID: Final = 900
HOST: Final = "127.0.0.1"
START_SECONDS: Final = 180.0
PEERS_ABOVE_RPC: Final = 677
LONGEST_CATCH_UP: Final = 120
"""Seconds of pause that the chain makes up for with empty blocks; a longer one stops its clock instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DevnetOptions:
    """The command's flags."""

    demo: bool
    exit_after_demo: bool
    chain_id: int
    block_time: int
    l1_block_time: int
    followers: int
    data_dir: Path
    rpc_port: int
    l1_port: int
    metrics_port: int | None
    gas_limit: int
    demo_data: Path | None
    admin_port: int | None = None
    p2p_port: int | None = None
    """None: as far above the sequencer's JSON-RPC port as 9222 is above 8545."""

    @property
    def first_peer_port(self) -> int:
        """The sequencer's p2p port; followers take those after it."""
        return self.rpc_port + PEERS_ABOVE_RPC if self.p2p_port is None else self.p2p_port

    @property
    def l1_url(self) -> str:
        return f"http://{HOST}:{self.l1_port}"

    def url(self, index: int) -> str:
        """JSON-RPC of the sequencer (0) or a follower (1 and on)."""
        return f"http://{HOST}:{self.rpc_port + index}"


def run_devnet(options: DevnetOptions) -> None:
    """Start everything, run the demo, wait for Ctrl-C, stop everything. Raises NodeError where it can't."""
    require_free_port(HOST, options.l1_port, "--l1-port")
    for index in range(1 + options.followers):
        require_free_port(HOST, options.rpc_port + index, "--rpc-port")
        require_free_port(HOST, options.first_peer_port + index, "--p2p-port")
        if options.admin_port is not None:
            require_free_port(HOST, options.admin_port + index, "--admin-port")
        if options.metrics_port is not None:
            require_free_port(HOST, options.metrics_port + index, "--metrics-port")
    with directory_lock(options.data_dir):
        _run_alone(options, Console())


def _run_alone(options: DevnetOptions, console: Console) -> None:
    (options.data_dir / "devnet.json").unlink(missing_ok=True)  # of a devnet that was killed: nothing answers yet
    files = _network(options, console)
    processes = Processes(options.data_dir / "logs")
    with StopSignals(healthy=lambda: processes.healthy, kill=processes.kill) as signals:
        try:
            try:
                _run(options, files, processes, console)
            finally:
                signals.hold()
        except KeyboardInterrupt:
            processes.check()  # a process that died interrupts too, and is what to report
        except Exception:
            processes.check()
            raise
        finally:
            console.print("Stopping ...")
            (options.data_dir / "devnet.json").unlink(missing_ok=True)
            processes.stop()
            _note_pause_start(options.data_dir)
    console.print("Stopped.")


def _run(options: DevnetOptions, files: NetworkFiles, processes: Processes, console: Console) -> None:
    """Start, describe, demonstrate; then go on until a KeyboardInterrupt."""
    _start(options, files, processes, console)
    _write_description(options, files, processes)
    if options.demo:
        _demo(options, console)
    if not (options.demo and options.exit_after_demo):
        console.print("Running. Ctrl-C stops it; the next start carries on from here.")
        while True:
            time.sleep(60)


def _network(options: DevnetOptions, console: Console) -> NetworkFiles:
    files = NetworkFiles(directory=options.data_dir)
    if files.complete:
        _resume(options, console)
        return files
    chains = [name for name in ("l1", "sequencer") if (options.data_dir / name).exists()]
    if chains:  # new files would make them unreadable for good
        raise StartupError(
            f"{options.data_dir} holds the chains of a devnet ({', '.join(chains)}) but no rollup.json: "
            "put the file back, or choose another directory with --data-dir"
        )
    console.print(f"Creating a new devnet in {options.data_dir} (chain {options.chain_id})")
    return create_network(
        options.data_dir,
        timestamp=int(time.time()),
        l2_chain_id=options.chain_id,
        l1_chain_id=L1_CHAIN_ID,
        block_time=options.block_time,
        gas_limit=options.gas_limit,
    )


def _resume(options: DevnetOptions, console: Console) -> None:
    """Carry on: chain id and block time are the network's, and a long pause stops its clock."""
    rollup = load_rollup(NetworkFiles(directory=options.data_dir).rollup)
    console.print(f"Carrying on with the devnet in {options.data_dir} (chain {rollup.l2_chain_id})")
    pause = time.time() - _stopped_at(options.data_dir)
    if pause > LONGEST_CATCH_UP:
        write_pause(options.data_dir, read_pause(options.data_dir) + pause)
    (options.data_dir / "stopped-at").unlink(missing_ok=True)


def _stopped_at(directory: Path) -> float:
    """UNIX time of the stop; of the L1's last write where the devnet was killed and could not note it."""
    try:
        return float((directory / "stopped-at").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return last_write([directory / "l1"]) or time.time()


def _note_pause_start(directory: Path) -> None:
    (directory / "stopped-at").write_text(f"{time.time():.3f}\n", encoding="ascii")


def _start(options: DevnetOptions, files: NetworkFiles, processes: Processes, console: Console) -> None:
    with console.status("Starting the L1"):
        processes.start("l1", _l1_arguments(options, files))
        wait_until_answers(options.l1_url, processes.check, START_SECONDS)
    with console.status("Starting the sequencer"):
        processes.start("sequencer", _node_arguments(options, files, 0))
        wait_until_answers(options.url(0), processes.check, START_SECONDS)
    for index in range(1, 1 + options.followers):
        with console.status(f"Starting follower {index}"):
            processes.start(f"follower-{index}", _node_arguments(options, files, index))
            wait_until_answers(options.url(index), processes.check, START_SECONDS)
    with console.status("Waiting for the reader processes"):
        for url in (options.l1_url, *map(options.url, range(1 + options.followers))):
            wait_until_calls(url, processes.check, START_SECONDS)
    console.print(f"L1         {options.l1_url}")
    console.print(f"sequencer  {options.url(0)}")
    for index in range(1, 1 + options.followers):
        console.print(f"follower   {options.url(index)}")


def _l1_arguments(options: DevnetOptions, files: NetworkFiles) -> list[str]:
    return [
        "l1",
        "--preset=devnet",
        f"--genesis={files.l1_genesis}",
        f"--data-dir={options.data_dir / 'l1'}",
        f"--rpc-port={options.l1_port}",
        f"--block-time={options.l1_block_time}",
    ]


def _node_arguments(options: DevnetOptions, files: NetworkFiles, index: int) -> list[str]:
    name = "sequencer" if index == 0 else f"follower-{index}"
    arguments = [
        "node",
        "--preset=devnet",
        f"--role={'sequencer' if index == 0 else 'follower'}",
        f"--rollup={files.rollup}",
        f"--genesis={files.l2_genesis}",
        f"--l1-addresses={files.l1_addresses}",
        f"--l1-rpc={options.l1_url}",
        f"--data-dir={options.data_dir / name}",
        f"--rpc-port={options.rpc_port + index}",
        f"--p2p-port={options.first_peer_port + index}",
        f"--p2p-advertise={HOST}:{options.first_peer_port + index}",
    ]
    if options.admin_port is not None:
        arguments.append(f"--admin-port={options.admin_port + index}")
    if options.metrics_port is not None:
        arguments.append(f"--metrics-port={options.metrics_port + index}")
    if index == 0:
        keys = {"batcher": "batcher", "proposer": "proposer", "p2p-sequencer": "unsafe_block_signer"}
        return [*arguments, *(f"--{flag}-key={files.key(role)}" for flag, role in keys.items())]
    peers = f"--p2p-peers={HOST}:{options.first_peer_port}"
    return [*arguments, f"--sequencer-rpc={options.url(0)}", peers]


def _write_description(options: DevnetOptions, files: NetworkFiles, processes: Processes) -> None:
    """devnet.json (DESIGN.md section 1), at once and only when everything answers."""
    rollup = json.loads(files.rollup.read_text(encoding="utf-8"))
    contracts = json.loads(files.l1_addresses.read_text(encoding="utf-8"))

    def endpoint(index: int) -> dict[str, str]:
        url = options.url(index)
        return {"rpc": url, "ws": url.replace("http", "ws", 1)}

    description: dict[str, Any] = {
        "l1": {"rpc": options.l1_url, "chainId": rollup["l1_chain_id"], "contracts": contracts},
        "l2": {
            "chainId": rollup["l2_chain_id"],
            "sequencer": endpoint(0),
            "followers": [endpoint(index) for index in range(1, 1 + options.followers)],
        },
        "accounts": [{"address": a.hex_address, "privateKey": a.hex_key} for a in user_accounts()],
        "rollupJson": str(files.rollup.resolve()),
        "genesisJson": str(files.l2_genesis.resolve()),
        "pids": processes.pids,
    }
    path = options.data_dir / "devnet.json"
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def _demo(options: DevnetOptions, console: Console) -> None:
    demo = DemoOptions(rpc_url=options.url(0), l1_rpc_url=options.l1_url, data=options.demo_data)
    with RichProgress(console) as progress:
        result = run_demo(demo, progress)
    print_report(result, console)
