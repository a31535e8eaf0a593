"""The queries of the dashboard and of the alert rules, taken apart."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import promql_parser
import yaml

ROOT: Final = Path(__file__).parents[3]
DASHBOARD: Final = json.loads((ROOT / "docs" / "grafana" / "openledger.json").read_text(encoding="utf-8"))
ALERTS: Final = yaml.safe_load((ROOT / "docs" / "grafana" / "alerts.yml").read_text(encoding="utf-8"))


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def dashboard_queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def alert_queries() -> list[str]:
    return [rule["expr"] for group in ALERTS["groups"] for rule in group["rules"]]


def parsed(query: str) -> Any:
    """The query's tree, Grafana's variables filled in."""
    return promql_parser.parse(query.replace("$__rate_interval", "1m").replace("$instance", ".*"))


def children(node: Any) -> Iterator[Any]:
    for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
        child = getattr(node, name, None)
        if child is not None:
            yield child
    yield from getattr(node, "args", None) or ()


def selectors(node: Any) -> Iterator[tuple[str, set[str]]]:
    """(metric, labels that are matched) of each selector in a query."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node.name, {matcher.name for matcher in node.matchers.matchers}
    for child in children(node):
        yield from selectors(child)


def labels_grouped_by(node: Any) -> Iterator[str]:
    if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
        yield from node.modifier.labels
    for child in children(node):
        yield from labels_grouped_by(child)
