"""The reference page is what the registry says."""

from pathlib import Path

from rpc.namespaces import methods_for
from rpc.reference import render

PAGE = Path(__file__).parents[3] / "docs" / "json-rpc.md"


def test_page_is_in_sync_with_the_registry() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m rpc.reference > docs/json-rpc.md"


def test_every_method_is_listed_once() -> None:
    text = render()
    for group in methods_for(rollup=True):
        for name in group.methods:
            assert text.count(f"`{name}`") == 1
