"""Our OpenRPC document against the specification's own meta-schema, from its npm package."""

import json
import subprocess
from typing import Any

import jsonschema
from referencing import Registry as Schemas
from referencing import Resource

from rpc.namespaces import methods_for
from rpc.openrpc import openrpc_document
from rpc.registry import Registry
from tests.npm import npm_packages

PACKAGE = "@open-rpc/meta-schema@1.14.9"


def _meta_schema() -> dict[str, Any]:
    folder = npm_packages("openrpc", PACKAGE)
    script = "console.log(JSON.stringify(require('@open-rpc/meta-schema').openrpcDocument))"
    done = subprocess.run(["node", "-e", script], cwd=folder, capture_output=True, text=True, timeout=200, check=True)
    schema: dict[str, Any] = json.loads(done.stdout)
    return schema


def test_document_is_valid_by_the_published_meta_schema() -> None:
    draft7 = Resource.from_contents(jsonschema.Draft7Validator.META_SCHEMA)
    named = ("https://meta.json-schema.tools", "https://meta.json-schema.tools/")  # by which it means draft 7
    schemas: Schemas[Any] = Schemas().with_resources((name, draft7) for name in named)
    validator = jsonschema.Draft7Validator(_meta_schema(), registry=schemas)
    document = openrpc_document(Registry(methods_for(rollup=True)), version="1")
    assert [error.message for error in validator.iter_errors(document)] == []
    document["methods"][0]["result"] = {"name": "result"}
    assert not validator.is_valid(document)
