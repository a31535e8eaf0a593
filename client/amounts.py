"""Amounts of OPEN as people write them, to the wei and back, without floating point."""

import re
from typing import Final

from client.errors import BadInput

DECIMALS: Final = 18
MAX_WEI: Final = 2**256 - 1

_OPEN: Final = re.compile(r"(\d{1,60})(?:\.(\d{1,18}))?", re.ASCII)
_WEI: Final = re.compile(r"(\d{1,78}) ?wei", re.ASCII)


def parse_open(text: str) -> int:
    """Wei in `1`, `0.25` (OPEN, at most 18 decimals) or `7wei`. Raises BadInput for anything else."""
    stripped = text.strip().replace("_", "")
    wei = _parse(stripped)
    if wei is None or wei > MAX_WEI:
        raise BadInput(f"{text!r} is no amount: expected OPEN such as 1 or 0.25 (at most 18 decimals), or 7wei")
    return wei


def _parse(text: str) -> int | None:
    if found := _WEI.fullmatch(text):
        return int(found[1])
    if found := _OPEN.fullmatch(text):
        return int(found[1]) * 10**DECIMALS + int((found[2] or "").ljust(DECIMALS, "0"))
    return None


def format_open(wei: int) -> str:
    """`wei` in OPEN with all decimals that it has: `parse_open` reads it back."""
    sign, whole, fraction = "-" if wei < 0 else "", *divmod(abs(wei), 10**DECIMALS)
    decimals = f"{fraction:018d}".rstrip("0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"
