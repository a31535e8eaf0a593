"""The OpenRPC document: valid by the specification's rules, complete, and the same as the parsers' definitions.

The rules are OpenRPC 1.3.2's for the objects that our document has; the whole meta-schema is run by tests/e2e/suites.
"""

import re
from typing import Annotated, Any

import jsonschema
import pytest

from rpc.namespaces import methods_for
from rpc.openrpc import openrpc_document
from rpc.registry import Method, Registry
from rpc.results import QuantityText, ResultSchema, result_schema
from tests.unit.rpc.conftest import Client
from tests.unit.rpc.fake_chain import CONTRACT, RECIPIENT, FakeChain

_TEXT = {"type": "string", "minLength": 1}
_ERROR = {
    "type": "object",
    "additionalProperties": False,
    "required": ["code", "message"],
    "properties": {"code": {"type": "integer"}, "message": _TEXT, "data": {}},
}
_CONTENT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "schema"],
    "properties": {
        "name": _TEXT,
        "summary": _TEXT,
        "description": _TEXT,
        "required": {"type": "boolean"},
        "deprecated": {"type": "boolean"},
        "schema": {"type": ["object", "boolean"]},
    },
}
_METHOD = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "params", "result"],
    "properties": {
        "name": _TEXT,
        "summary": _TEXT,
        "description": _TEXT,
        "tags": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {"name": _TEXT}}},
        "paramStructure": {"enum": ["by-position", "by-name", "either"]},
        "params": {"type": "array", "items": _CONTENT},
        "result": _CONTENT,
        "errors": {"type": "array", "items": _ERROR},
        "deprecated": {"type": "boolean"},
    },
}
RULES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["openrpc", "info", "methods"],
    "properties": {
        "openrpc": {"const": "1.3.2"},
        "info": {
            "type": "object",
            "additionalProperties": False,
            "required": ["title", "version"],
            "properties": {
                "title": _TEXT,
                "version": _TEXT,
                "description": _TEXT,
                "license": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"name": _TEXT, "url": _TEXT},
                },
            },
        },
        "methods": {"type": "array", "items": _METHOD},
        "components": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "errors": {"type": "object", "additionalProperties": _ERROR},
                "schemas": {"type": "object"},
            },
        },
    },
}

REGISTRY = Registry(methods_for(rollup=True))


async def test_document_keeps_the_specifications_rules(client: Client) -> None:
    document = await client.call("rpc_discover")
    jsonschema.validate(document, RULES)
    assert document == await client.call("rpc.discover")
    assert document["info"]["version"] == await client.call("web3_clientVersion")


def test_rules_refuse_what_breaks_the_specification() -> None:
    document = openrpc_document(REGISTRY, version="1")
    document["methods"][0]["parameters"] = []
    with pytest.raises(jsonschema.ValidationError, match="parameters"):
        jsonschema.validate(document, RULES)


def test_every_method_is_in_the_document_once() -> None:
    names = [method["name"] for method in openrpc_document(REGISTRY, version="1")["methods"]]
    assert len(names) == len(set(names))
    assert set(names) == {method.name for method in REGISTRY}


@pytest.mark.parametrize("method", list(REGISTRY), ids=lambda method: method.name)
def test_every_schema_is_a_schema_and_required_parameters_come_first(method: Method) -> None:
    for schema in (method.result, *(parameter.kind.schema for parameter in method.parameters)):
        jsonschema.Draft7Validator.check_schema(schema)
    required = [parameter.is_required for parameter in method.parameters]
    assert required == sorted(required, reverse=True)
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9]*", parameter.name) for parameter in method.parameters)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("eth_chainId", []),
        ("eth_syncing", []),
        ("eth_getBalance", ["0x" + RECIPIENT.hex(), "latest"]),
        ("eth_getCode", ["0x" + CONTRACT.hex(), "0x1"]),
        ("eth_getStorageAt", ["0x" + CONTRACT.hex(), "0x0", "safe"]),
        ("eth_getBlockByNumber", ["0x1", True]),
        ("eth_getBlockTransactionCountByNumber", ["0x99"]),
        ("eth_getRawTransactionByBlockNumberAndIndex", ["0x1", "0x1"]),
        ("eth_getLogs", [{"fromBlock": "0x0", "topics": [None, "0x" + "bb" * 32]}]),
        ("eth_feeHistory", ["0x2", "latest", [50]]),
        ("eth_newBlockFilter", []),
        ("debug_getRawReceipts", ["0x1"]),
        ("txpool_content", []),
        ("net_listening", []),
        ("rpc_modules", []),
    ],
)
async def test_requests_and_answers_fit_the_documents_schemas(
    client: Client, chain: FakeChain, name: str, params: list[Any]
) -> None:
    method = REGISTRY.find(name)
    for parameter, value in zip(method.parameters, params, strict=False):
        jsonschema.validate(value, parameter.kind.schema)
    jsonschema.validate(await client.call(name, *params), method.result)


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, {"type": "string"}),
        (bool | None, {"anyOf": [{"type": "boolean"}, {"type": "null"}]}),
        (list[str], {"type": "array", "items": {"type": "string"}}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Any, {}),
        (None, {"type": "null"}),
        (Annotated[str, "a remark"], {"type": "string"}),
        (Annotated[str, ResultSchema(schema={"const": "x"})], {"const": "x"}),
        (QuantityText, {"type": "string", "pattern": "^0x(0|[1-9a-f][0-9a-f]*)$"}),
    ],
)
def test_schema_of_a_result_is_read_off_its_annotation(annotation: Any, schema: dict[str, Any]) -> None:
    assert result_schema(annotation) == schema
