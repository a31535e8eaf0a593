"""`openledger bridge`."""

from typing import Annotated

import typer

from client.amounts import format_open, parse_open
from client.bridge import Bridge, WithdrawalStatus
from client.chain import Chain
from client.commands.options import L1_URL, L2_URL, KeyOption, L1RpcOption, RpcOption, new_app
from client.keys import address_of, load_key

app = new_app()

AmountArgument = Annotated[str, typer.Argument(help="OPEN, such as 1.5, or 7wei.")]
ToOption = Annotated[
    str | None, typer.Option(help="The receiver: an address, a key file, or dev:N; the sender itself without it.")
]
HashArgument = Annotated[str, typer.Argument(help="The withdrawal's transaction hash on L2.")]
WaitOption = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is possible.")]


def _bridge(rpc: str, l1_rpc: str) -> Bridge:
    return Bridge(Chain(rpc), Chain(l1_rpc))


@app.command()
def deposit(
    amount: AmountArgument, key: KeyOption, to: ToOption = None, rpc: RpcOption = L2_URL, l1_rpc: L1RpcOption = L1_URL
) -> None:
    """Move OPEN from L1 to L2 and wait until it has arrived."""
    bridge, wei = _bridge(rpc, l1_rpc), parse_open(amount)
    l2_hash = bridge.deposit(load_key(key), wei, to=to and address_of(to))
    typer.echo(f"L1 has it; on L2 it is transaction {l2_hash.to_0x_hex()}")
    receipt = bridge.wait_for_deposit(l2_hash)
    typer.echo(f"{format_open(wei)} OPEN arrived in L2 block {receipt['blockNumber']}")


@app.command()
def withdraw(
    amount: AmountArgument, key: KeyOption, to: ToOption = None, rpc: RpcOption = L2_URL, l1_rpc: L1RpcOption = L1_URL
) -> None:
    """Start moving OPEN from L2 to L1: `prove` and `finalize` follow."""
    wei = parse_open(amount)
    l2_hash, withdrawal = _bridge(rpc, l1_rpc).withdraw(load_key(key), wei, to=to and address_of(to))
    typer.echo(f"{format_open(wei)} OPEN left L2 in block {withdrawal.block_number}")
    typer.echo(f"withdrawal {l2_hash.to_0x_hex()}")


@app.command()
def status(l2_hash: HashArgument, rpc: RpcOption = L2_URL, l1_rpc: L1RpcOption = L1_URL) -> None:
    """Say how far a withdrawal is."""
    bridge = _bridge(rpc, l1_rpc)
    state, reason = bridge.status(bridge.find(l2_hash))
    typer.echo(f"{state.value}: {reason}")


@app.command()
def prove(
    l2_hash: HashArgument,
    key: KeyOption,
    wait: WaitOption = True,
    rpc: RpcOption = L2_URL,
    l1_rpc: L1RpcOption = L1_URL,
) -> None:
    """Prove a withdrawal on L1 by an output root that a game claims."""
    bridge = _bridge(rpc, l1_rpc)
    withdrawal = bridge.find(l2_hash)
    if wait:
        bridge.wait_for(withdrawal, WithdrawalStatus.READY_TO_PROVE)
    receipt = bridge.prove(load_key(key), withdrawal)
    typer.echo(f"proven in L1 block {receipt['blockNumber']}")


@app.command()
def finalize(
    l2_hash: HashArgument,
    key: KeyOption,
    wait: WaitOption = True,
    rpc: RpcOption = L2_URL,
    l1_rpc: L1RpcOption = L1_URL,
) -> None:
    """Finish a proven withdrawal on L1 once both delays are over."""
    bridge = _bridge(rpc, l1_rpc)
    withdrawal = bridge.find(l2_hash)
    if wait and bridge.status(withdrawal)[0] is WithdrawalStatus.WAITING_TO_FINALIZE:
        bridge.wait_for(withdrawal, WithdrawalStatus.READY_TO_FINALIZE)
    if bridge.finalize(load_key(key), withdrawal):
        typer.echo(f"{format_open(withdrawal.value)} OPEN paid out to {withdrawal.target} on L1")
    else:
        typer.echo(f"finalised, but the call to {withdrawal.target} failed: its value stays in the portal")
