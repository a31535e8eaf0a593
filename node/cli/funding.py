"""ADDRESS=AMOUNT, as flags write who has coin at genesis."""

from client.amounts import parse_open
from node.errors import StartupError


def funded(text: str) -> tuple[bytes, int]:
    """(address, wei) of ADDRESS=AMOUNT."""
    address, separator, amount = text.partition("=")
    try:
        raw = bytes.fromhex(address.strip().removeprefix("0x"))
    except ValueError:
        raw = b""
    if not separator or len(raw) != 20:
        raise StartupError(f"--fund {text!r} is malformed: expected ADDRESS=AMOUNT, such as 0x…=10000")
    return raw, parse_open(amount)
