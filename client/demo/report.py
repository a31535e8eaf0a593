"""The demo's closing tables."""

from rich.console import Console, Group
from rich.table import Table

from client.demo.run import DemoResult

WEI = 10**18


def open_amount(wei: int) -> str:
    """Wei as OPEN, with as many decimals as it needs and no rounding."""
    whole, fraction = divmod(wei, WEI)
    decimals = f"{fraction:018d}".rstrip("0")
    return f"{whole:,}.{decimals}" if decimals else f"{whole:,}"


def closing_tables(result: DemoResult) -> Group:
    """Who earned what, where the fees went, and what it took on both chains."""
    return Group(_earnings(result), _fees(result), _chain(result))


def _earnings(result: DemoResult) -> Table:
    table = Table(title=f"Who earned what (epoch {result.epoch}, claimed and withdrawn)")
    table.add_column("account")
    table.add_column("role")
    table.add_column("OPEN", justify="right")
    for address, wei in sorted(result.rewards.items(), key=lambda item: -item[1]):
        table.add_row(address, result.cast.role(address), open_amount(wei))
    return table


def _fees(result: DemoResult) -> Table:
    ledger = result.ledger
    table = Table(title=f"Where {result.settlement.records:,} fees went")
    table.add_column("part")
    table.add_column("OPEN", justify="right")
    for name, wei in (
        ("platform", ledger.platform),
        ("model owners", ledger.owners),
        ("stakers", ledger.stakers),
        ("contributors", ledger.contributors),
    ):
        table.add_row(name, open_amount(wei))
    table.add_section()
    table.add_row("fees", open_amount(ledger.fees))
    table.add_row("difference (wei)", str(ledger.difference))
    return table


def _chain(result: DemoResult) -> Table:
    table = Table(title="What it took", show_header=False)
    table.add_column("what")
    table.add_column("how much", justify="right")
    settlement, heads = result.settlement, result.heads
    table.add_row("Datanets, models", f"{result.datanets}, {result.datanets}")
    table.add_row("rows in contributions", f"{result.rows:,} in {result.contributions}")
    table.add_row("paid inferences", f"{settlement.records:,} in {settlement.transactions} settlements")
    table.add_row("unsafe, safe, finalized head", f"{heads.unsafe}, {heads.safe}, {heads.finalized}")
    footprint = result.footprint
    if footprint is None:
        table.add_row("posted to L1", "not measured: no L1, or not safe in time")
        return table
    table.add_row("L2 blocks posted", f"{footprint.blocks:,} with {footprint.transactions:,} transactions")
    table.add_row("signed bytes", f"{footprint.raw_bytes:,}")
    table.add_row("bytes on L1", f"{footprint.l1_bytes:,} in {footprint.l1_transactions} transactions")
    table.add_row("compression ratio", f"{footprint.ratio:.2f}")
    table.add_row("bytes per transaction on L1", f"{footprint.bytes_per_transaction:.1f}")
    return table


def print_report(result: DemoResult, console: Console) -> None:
    """Print the tables."""
    console.print(closing_tables(result))
