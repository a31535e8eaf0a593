"""Numbers and bytes on their way out: shortest quantity, even-length data."""

quantity = hex
"""`0x0`, `0x1a`: the shortest form."""


def data(value: bytes) -> str:
    """`0x` and two digits a byte."""
    return "0x" + value.hex()


def word(value: int) -> str:
    """A storage word, padded to 32 bytes."""
    return f"0x{value:064x}"
