"""Token evidence: integers that anybody recomputes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.errors import NoEvidence
from client.evidence import FRACTION_BITS, MAX_HOLDERS, MIN_SPAN_TOKENS, EvidenceIndex, log2_fixed, to_ppm, tokenize
from contracts.records import MAX_SHARES, PPM

WORDS = st.sampled_from(["moon", "tide", "sea", "sun", "bond", "court", "cell", "the", "of", "and", ".", "ebb"])
TEXTS = st.lists(WORDS, min_size=0, max_size=25).map(" ".join)
CORPORA = st.dictionaries(st.integers(1, 50), st.lists(TEXTS, min_size=1, max_size=3), min_size=1, max_size=12)
CREDITS = st.dictionaries(st.integers(0, 2**32 - 1), st.integers(0, 2**70), max_size=40)


@given(st.integers(1, 2**40))
def test_log2_is_the_floor_of_the_exact_value(value: int) -> None:
    # floor(log2(v) * 2^16) = k  <=>  2^k <= v^(2^16) < 2^(k+1), and that is one less than the power's bit length
    got = log2_fixed(value)
    exact = (value ** (1 << 10)).bit_length() - 1  # at 2^-10: 65,536-th powers of large numbers take too long
    assert got >> (FRACTION_BITS - 10) == exact


@pytest.mark.parametrize("value", [1, 2, 3, 5, 10, 97, 1000, 65_535, 65_537])
def test_log2_is_exact_in_all_16_bits(value: int) -> None:
    assert log2_fixed(value) == (value ** (1 << FRACTION_BITS)).bit_length() - 1


@given(CREDITS)
def test_shares_sum_to_a_million_or_there_is_no_evidence(credit: dict[int, int]) -> None:
    if not any(credit.values()):
        with pytest.raises(NoEvidence):
            to_ppm(credit)
        return
    shares = to_ppm(credit)
    assert sum(share.ppm for share in shares) == PPM
    assert 1 <= len(shares) <= MAX_SHARES
    ids = [share.contribution_id for share in shares]
    assert ids == sorted(set(ids))
    assert all(share.ppm > 0 for share in shares)


@given(CREDITS.filter(lambda credit: any(credit.values())))
def test_larger_credit_never_gets_the_smaller_share(credit: dict[int, int]) -> None:
    ppm = {share.contribution_id: share.ppm for share in to_ppm(credit)}
    ranked = sorted(ppm, key=lambda i: (-credit[i], i))
    assert [ppm[i] for i in ranked] == sorted(ppm.values(), reverse=True)
    assert min(credit[i] for i in ppm) > 0


def test_ties_go_to_the_lower_id() -> None:
    assert [(s.contribution_id, s.ppm) for s in to_ppm({9: 1, 4: 1, 7: 1})] == [
        (4, 333_334),
        (7, 333_333),
        (9, 333_333),
    ]


@settings(max_examples=60)
@given(CORPORA, TEXTS)
def test_shares_do_not_depend_on_the_order_of_contributions(corpus: dict[int, list[str]], answer: str) -> None:
    def outcome(index: EvidenceIndex) -> object:
        try:
            return index.shares(answer)
        except NoEvidence:
            return None

    forwards = EvidenceIndex(corpus)
    backwards = EvidenceIndex(dict(reversed(list(corpus.items()))))
    assert outcome(forwards) == outcome(backwards)


@settings(max_examples=60)
@given(CORPORA, TEXTS)
def test_every_span_is_verbatim_in_all_of_its_holders_and_in_no_other(
    corpus: dict[int, list[str]], answer: str
) -> None:
    tokens = tokenize(answer)
    spans = EvidenceIndex(corpus).spans(answer) if len(tokens) >= MIN_SPAN_TOKENS else []
    for span in spans:
        run = tokens[span.start : span.start + span.length]
        holders = [i for i, texts in corpus.items() if any(_contains(tokenize(text), run) for text in texts)]
        assert sorted(holders) == list(span.holders)
        longer = tokens[span.start : span.start + span.length + 1]
        assert len(longer) == span.length or not any(
            _contains(tokenize(text), longer) for texts in corpus.values() for text in texts
        )


def _contains(document: list[str], run: list[str]) -> bool:
    return any(document[i : i + len(run)] == run for i in range(len(document) - len(run) + 1))


def test_span_that_many_hold_earns_nothing() -> None:
    text = "the tide follows the moon"
    with pytest.raises(NoEvidence):
        EvidenceIndex({i: [text] for i in range(1, MAX_HOLDERS + 2)}).shares(text)
    assert len(EvidenceIndex({i: [text] for i in range(1, MAX_HOLDERS + 1)}).shares(text)) == MAX_HOLDERS


def test_answer_from_one_contribution_credits_it_alone() -> None:
    index = EvidenceIndex({3: ["ebb is the fall of the sea"], 8: ["a bond is a promise to pay"]})
    assert [(s.contribution_id, s.ppm) for s in index.shares("Ebb is the fall of the sea.")] == [(3, PPM)]


def test_text_shorter_than_a_span_matches_only_its_equals() -> None:
    index = EvidenceIndex({1: ["42"], 2: ["42 is the answer"], 3: ["forty two"]})
    assert [(s.contribution_id, s.ppm) for s in index.shares("42")] == [(1, PPM)]
    with pytest.raises(NoEvidence):
        index.shares("two")
