"""Token evidence: shares over contributions from verbatim spans, in integers. Source: ATTRIBUTION.md section 4.

Maximal spans of an answer that occur verbatim in contributed rows earn the sum of their tokens' rarity, -log2 of the
token's share of the corpus, in units of 2^-16. Where several contributions hold the span, its credit is split evenly
among them; a span that more than ten of them hold is common and earns nothing. The 16 best contributions get parts per
million by largest remainder, ties to the lower id. No model, no float: anybody recomputes the same integers.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from client.errors import NoEvidence
from contracts.records import MAX_SHARES, PPM, Share

FRACTION_BITS: Final = 16
MIN_SPAN_TOKENS: Final = 3
MAX_HOLDERS: Final = 10
"""Contributions that may share a span before it counts as common."""
METHOD_TOKEN_EVIDENCE: Final = 0
"""The record's `method` byte for shares computed here."""

_TOKEN: Final = re.compile(r"\w+|[^\w\s]")


def tokenize(text: str) -> list[str]:
    """Lower-case words and single punctuation marks: the tokens that evidence and fees count."""
    return _TOKEN.findall(text.lower())


def log2_fixed(value: int) -> int:
    """floor(log2(value) * 2^16) for value >= 1, by repeated squaring of integers."""
    whole = value.bit_length() - 1
    precision = 64
    mantissa = (value << precision) >> whole
    fraction = 0
    for _ in range(FRACTION_BITS):
        mantissa = (mantissa * mantissa) >> precision
        carry = mantissa >> (precision + 1)
        mantissa >>= carry
        fraction = (fraction << 1) | carry
    return (whole << FRACTION_BITS) | fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A maximal run of the answer's tokens that contributions hold."""

    start: int
    length: int
    holders: tuple[int, ...]
    """Contribution ids, ascending."""
    rarity: int
    """Units of 2^-16 bit."""


class EvidenceIndex:
    """The rows of one Datanet version, indexed by their runs of three tokens."""

    def __init__(self, rows_by_contribution: Mapping[int, Iterable[str]]) -> None:
        self._documents: list[list[str]] = []
        self._owner: list[int] = []
        self._starts: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
        counts: Counter[str] = Counter()
        for contribution, texts in sorted(rows_by_contribution.items()):
            for text in texts:
                counts.update(self._add(contribution, tokenize(text)))
        total = log2_fixed(max(1, sum(counts.values())))
        self._rarity = {token: total - log2_fixed(count) for token, count in counts.items()}

    def _add(self, contribution: int, tokens: list[str]) -> list[str]:
        document = len(self._documents)
        self._documents.append(tokens)
        self._owner.append(contribution)
        for start in _span_starts(tokens):
            self._starts[tuple(tokens[start : start + MIN_SPAN_TOKENS])].append((document, start))
        return tokens

    def spans(self, answer: str) -> list[Span]:
        """The maximal spans of an answer, in order; a span inside a longer one is not reported."""
        tokens = tokenize(answer)
        found: list[Span] = []
        covered = 0
        for start in _span_starts(tokens):
            length, holders = self._longest(tokens, start)
            if start + length > covered and length:
                covered = start + length
                rarity = sum(self._rarity.get(token, 0) for token in tokens[start : start + length])
                found.append(Span(start=start, length=length, holders=holders, rarity=rarity))
        return found

    def _longest(self, tokens: list[str], start: int) -> tuple[int, tuple[int, ...]]:
        best, holders = 0, set[int]()
        for document, position in self._starts.get(tuple(tokens[start : start + MIN_SPAN_TOKENS]), ()):
            length = _common_length(tokens, start, self._documents[document], position)
            if length > best:
                best, holders = length, set()
            if length == best:
                holders.add(self._owner[document])
        return best, tuple(sorted(holders))

    def shares(self, answer: str) -> tuple[Share, ...]:
        """Shares of an answer, summing to exactly 1,000,000 ppm. Raises NoEvidence where no rare span is held."""
        credit: dict[int, int] = defaultdict(int)
        for span in self.spans(answer):
            if len(span.holders) <= MAX_HOLDERS:
                for holder in span.holders:
                    credit[holder] += span.rarity // len(span.holders)
        return to_ppm(credit)


def _span_starts(tokens: list[str]) -> range:
    """Where spans may begin; a text shorter than a span counts as one, and matches only its equals."""
    return range(max(min(len(tokens), 1), len(tokens) - MIN_SPAN_TOKENS + 1))


def _common_length(left: list[str], i: int, right: list[str], j: int) -> int:
    length, limit = 0, min(len(left) - i, len(right) - j)
    while length < limit and left[i + length] == right[j + length]:
        length += 1
    return length


def to_ppm(credit: Mapping[int, int]) -> tuple[Share, ...]:
    """The best 16 credits as parts per million, by largest remainder, ties to the lower id. Raises NoEvidence."""
    best = sorted(((c, i) for i, c in credit.items() if c > 0), key=lambda entry: (-entry[0], entry[1]))[:MAX_SHARES]
    total = sum(amount for amount, _ in best)
    if total == 0:
        raise NoEvidence("the answer shares no rare span with any contribution")
    parts = {contribution: amount * PPM // total for amount, contribution in best}
    remainders = sorted(best, key=lambda entry: (-(entry[0] * PPM % total), entry[1]))
    for _, contribution in remainders[: PPM - sum(parts.values())]:
        parts[contribution] += 1
    return tuple(Share(contribution_id=i, ppm=ppm) for i, ppm in sorted(parts.items()) if ppm > 0)
