"""`openledger devnet --sandbox`: in this very process, in the foreground, until Ctrl-C."""

import json
import os
from pathlib import Path
from typing import Any

from rich.console import Console

from node.devnet.accounts import user_accounts
from node.devnet.lock import directory_lock
from node.devnet.processes import require_free_port
from node.processes import run_until_signal
from node.sandbox.process import SandboxOptions, serve_sandbox
from node.telemetry import configure_logging


def run_sandbox(data_dir: Path, options: SandboxOptions) -> None:
    """Start, describe, serve until a signal. Raises NodeError where it can't."""
    require_free_port(options.host, options.port, "--rpc-port")
    console, description = Console(), data_dir / "devnet.json"

    def started(port: int) -> None:
        _write(description, _describe(options, port))
        console.print(f"sandbox    http://{options.host}:{port}  (chain {options.chain_id})")
        console.print("Running. Ctrl-C stops it; nothing is kept.")

    with directory_lock(data_dir):
        configure_logging("warning", "console")
        try:
            run_until_signal(serve_sandbox(options, started))
        finally:
            description.unlink(missing_ok=True)
    console.print("Stopped.")


def _describe(options: SandboxOptions, port: int) -> dict[str, Any]:
    """devnet.json as every devnet has it, without what a sandbox lacks."""
    url = f"http://{options.host}:{port}"
    return {
        "l1": None,
        "l2": {
            "chainId": options.chain_id,
            "sequencer": {"rpc": url, "ws": url.replace("http", "ws", 1)},
            "followers": [],
        },
        "accounts": [{"address": a.hex_address, "privateKey": a.hex_key} for a in user_accounts()],
        "rollupJson": None,
        "genesisJson": str((options.directory / "genesis.json").resolve()),
        "pids": {"sandbox": os.getpid()},
    }


def _write(path: Path, description: dict[str, Any]) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)
