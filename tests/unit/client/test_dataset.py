"""The demo dataset in `client/data` keeps to the format that its README promises."""

import json
from importlib.resources import files
from typing import Any

import pytest

DOMAINS = ("healthcare", "law", "finance", "computing")
FIELDS = ["id", "term", "synonyms", "prompt", "response"]

per_domain = pytest.mark.parametrize("domain", DOMAINS)


def read_text(domain: str) -> str:
    return files("client").joinpath("data", f"{domain}.jsonl").read_text(encoding="utf-8")


def read_rows(domain: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read_text(domain).splitlines()]


def test_ships_exactly_the_four_domains() -> None:
    folder = files("client").joinpath("data")
    assert {f.name for f in folder.iterdir() if f.name.endswith(".jsonl")} == {f"{d}.jsonl" for d in DOMAINS}


@per_domain
def test_every_domain_has_at_least_140_rows(domain: str) -> None:
    assert len(read_rows(domain)) >= 140


@per_domain
def test_every_row_has_the_five_fields_in_order_with_their_types(domain: str) -> None:
    for row in read_rows(domain):
        assert list(row) == FIELDS
        assert isinstance(row["synonyms"], list)
        texts = [row["id"], row["term"], row["prompt"], row["response"], *row["synonyms"]]
        assert all(isinstance(text, str) and text and text == text.strip() for text in texts)


@per_domain
def test_ids_ascend_from_zero_without_gaps(domain: str) -> None:
    rows = read_rows(domain)
    assert [row["id"] for row in rows] == [f"{domain}-{number:04d}" for number in range(len(rows))]


@per_domain
def test_terms_and_synonyms_name_one_row_only(domain: str) -> None:
    names = [name.casefold() for row in read_rows(domain) for name in (row["term"], *row["synonyms"])]
    assert sorted(names) == sorted(set(names))


@per_domain
def test_prompt_asks_for_the_term(domain: str) -> None:
    for row in read_rows(domain):
        assert row["prompt"] == f'Define the {domain} term "{row["term"]}".'


@per_domain
def test_definitions_are_phrases_of_12_to_35_words(domain: str) -> None:
    for row in read_rows(domain):
        assert 12 <= len(row["response"].split()) <= 35, row["id"]
        assert not row["response"].endswith("."), row["id"]


@per_domain
def test_file_is_plain_ascii_and_ends_in_one_newline(domain: str) -> None:
    text = read_text(domain)
    assert text.isascii()
    assert text.endswith("}\n")


def test_ids_and_definitions_are_unique_across_domains() -> None:
    rows = [row for domain in DOMAINS for row in read_rows(domain)]
    assert len({row["id"] for row in rows}) == len(rows)
    assert len({row["response"] for row in rows}) == len(rows)
