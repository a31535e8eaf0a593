"""One running node, watched from outside: traces, health, isolation, dashboard. In one module, for one start of it."""

import re
import signal
import socket
import threading
from itertools import pairwise
from typing import Final

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from node.devnet.accounts import user_accounts
from tests.benchmarks.load import sign_transfers
from tests.e2e.network.devnets import wait_for
from tests.e2e.observability.conftest import HOST, Watched
from tests.e2e.observability.queries import (
    DASHBOARD,
    alert_queries,
    dashboard_queries,
    labels_grouped_by,
    panels,
    parsed,
    selectors,
)
from tests.unit.node.test_tracing import HOPS

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
LOOP: Final = "0x5b5f56"
"""JUMPDEST PUSH0 JUMP, for ever; as the code of a creation it runs at once."""
ENDLESS: Final = {"data": LOOP, "gas": hex(2**63)}
ANSWERS_WITHIN: Final = 90.0
"""More than the client waits for an answer."""
OLD_HEAD: Final = re.compile(r"the unsafe head is \d+ s old, at most 10 s are fine")
BY_PROMETHEUS: Final = {"instance", "job"}
"""Labels that the scrape adds."""
FOLLOWERS_ONLY: Final = {"openledger_forwarded_transactions"}


def test_a_transactions_eight_hops_arrive_as_one_trace_that_goes_on_the_clients(watched: Watched) -> None:
    account = user_accounts()[0]
    nonce = int(watched.call("eth_getTransactionCount", account.hex_address, "latest"), 16)
    ((raw, transaction_hash),) = sign_transfers(account, 161_299, nonce, 1)
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    assert watched.call("eth_sendRawTransaction", raw, headers=headers) == transaction_hash
    wait_for(lambda: len(watched.collector.of_trace(TRACE)) == len(HOPS), "the spans of all hops")
    spans = watched.collector.of_trace(TRACE)
    assert [span.name for span in spans] == list(HOPS)
    assert spans[0].parent_span_id.hex() == PARENT
    assert {span.parent_span_id for span in spans[1:]} == {spans[0].span_id}
    for before, after in pairwise(spans):
        assert after.start_time_unix_nano == before.end_time_unix_nano
    for span in spans:
        values = {attribute.key: attribute.value.string_value for attribute in span.attributes}
        assert values["transaction"] == transaction_hash[2:]
    assert watched.collector.services == {"openledger-node"}


def test_a_node_whose_l1_stands_still_is_not_ready_until_it_goes_on(watched: Watched) -> None:
    wait_for(lambda: watched.ready().json() == {"ready": True, "reasons": []}, "readiness")
    watched.l1.process.send_signal(signal.SIGSTOP)
    try:
        wait_for(lambda: any(map(OLD_HEAD.fullmatch, watched.ready().json()["reasons"])), "the end of readiness")
        assert watched.ready().status_code == 503
        healthy = watched.http.get(watched.rpc + "/healthz")
        assert (healthy.status_code, healthy.json()) == (200, {"healthy": True, "reasons": []})
        shown = watched.http.get(watched.metrics + "/metrics").text
        assert "\nopenledger_ready 0.0\n" in shown
        assert "\nopenledger_healthy 1.0\n" in shown
    finally:
        watched.l1.process.send_signal(signal.SIGCONT)
    wait_for(lambda: watched.ready().status_code == 200, "readiness")


@pytest.fixture(scope="module")
def served(watched: Watched) -> dict[str, set[str]]:
    """Sample name -> its labels, after each kind of call has been made once."""
    watched.call("eth_blockNumber")
    watched.error("no_such_method")
    text = watched.http.get(watched.metrics + "/metrics").text
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        found.setdefault(family.name, set())
        if family.type == "counter":
            found.setdefault(family.name + "_total", set())
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
        if re.fullmatch(r"openledger_peers?_\w+", family.name):
            found[family.name + "_total"].add("kind")  # this node has no peers, and so no samples of what they do
    return found


def test_there_are_queries_to_check() -> None:
    assert len(dashboard_queries()) > 50
    assert len(alert_queries()) > 8


@pytest.mark.parametrize("query", [*dashboard_queries(), *alert_queries()])
def test_a_query_asks_for_metrics_and_labels_that_a_node_shows(query: str, served: dict[str, set[str]]) -> None:
    tree = parsed(query)
    found = list(selectors(tree))
    assert found
    for metric, labels in found:
        if metric in FOLLOWERS_ONLY:
            continue
        assert metric in served, f"no node shows {metric}"
        if served[metric]:
            assert labels <= served[metric] | BY_PROMETHEUS
    shown = set().union(*(served.get(metric, set()) for metric, _ in found))
    if shown:
        assert set(labels_grouped_by(tree)) <= shown | BY_PROMETHEUS


def test_every_legend_names_labels_that_the_query_keeps(served: dict[str, set[str]]) -> None:
    for panel in panels():
        for target in panel["targets"]:
            tree = parsed(target["expr"])
            kept = set(labels_grouped_by(tree))
            if not kept:
                kept = set().union(*(served.get(metric, set()) for metric, _ in selectors(tree))) | BY_PROMETHEUS
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= kept, (panel["title"], target["expr"])


def test_every_metric_of_a_node_is_on_the_dashboard(served: dict[str, set[str]]) -> None:
    asked = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for query in dashboard_queries()
        for name, _ in selectors(parsed(query))
    }
    shown = {name for name in served if name.startswith("openledger_")}
    families = {re.sub(r"_(bucket|sum|count|total|created)$", "", name) for name in shown}
    assert {name for name in families if name not in asked and f"{name}_total" not in asked} == set()


def test_panels_do_not_overlap_and_have_numbers_of_their_own() -> None:
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert all(x < 24 for x, _ in cells)


def test_an_endless_call_ends_in_time_blocks_go_on_and_no_core_stays_busy(watched: Watched) -> None:
    before = int(watched.call("eth_blockNumber"), 16)
    errors = []
    calls = [
        threading.Thread(target=lambda: errors.append(watched.error("eth_call", ENDLESS, "latest"))) for _ in range(2)
    ]
    for call in calls:
        call.start()
    wait_for(lambda: int(watched.call("eth_blockNumber"), 16) >= before + 2, "blocks beside an endless call")
    for call in calls:
        call.join(ANSWERS_WITHIN)
    assert len(errors) == 2
    for error in errors:  # out of gas below the cap, or out of time on a slow machine
        assert (error["code"], error["message"]) in {
            (-32000, "out of gas"),
            (-32002, "execution aborted (timeout = 12s) in call"),
            (-32002, "request timed out after 15 s"),
            (-32002, "call waited too long for its turn"),
        }
    wait_for(watched.is_quiet, "an idle reader")


def test_a_client_that_leaves_stops_its_running_batch(watched: Watched) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [ENDLESS, "latest"]}
    body = orjson.dumps([call] * 200)
    address = (HOST, int(watched.rpc.rpartition(":")[2]))
    with socket.create_connection(address) as client:
        head = (
            f"POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        client.sendall(head.encode() + body)
        wait_for(lambda: not watched.is_quiet(), "a busy reader")
    wait_for(watched.is_quiet, "an idle reader: 200 endless calls would keep it busy for ten minutes")
