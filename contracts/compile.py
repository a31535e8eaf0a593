"""Compiles every contract: `python -m contracts.compile [--update-lock] [--only NAME …]`.

Sources are `src/l1`, `src/op` and `src/open` (Vyper; modules in a `lib` folder below are imported as
`from open.lib import name`) and `assembled/` (our assembler). For each contract it writes
`build/<Name>.json`, exports `abi/<Name>.json`, and compares the bytecode with `lock.json`. A source is
compiled again only when it, a module, the compiler or this driver changed. `--update-lock` accepts the results into
lock.json and renders docs/contracts.md.

A Vyper source declares the errors that it raises with `raw_revert` in comments, at the start of a line:

    # error Unproven()

A name that is a Python keyword takes a trailing underscore in Vyper and loses it in the ABI (`from_`). A source
may declare functions that its `__default__` answers in the same way (`# function f(uint256 a) view`,
`# receive() payable`); they become ABI entries. The compiler is imported here and nowhere else.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import keyword
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import vyper
from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings
from vyper.exceptions import VyperException

from contracts import artifacts, reference
from contracts.artifacts import ABI, BUILD, LOCK, ROOT, code_hash, read_lock
from contracts.assembled import ASSEMBLED
from contracts.errors import BytecodeMismatch, CompileFailed
from contracts.signatures import parse_declaration

VYPER_VERSION = "0.4.3"
EVM_VERSION = "prague"
SOURCES = ROOT / "src"

_DECLARED = re.compile(r"^#\s*((?:error|function|event|receive)\b.*)$", re.MULTILINE)

Build = dict[str, Any]
Progress = Callable[[str], None]


def vyper_sources() -> dict[str, Path]:
    """Contract name → Vyper source; names are unique over the three folders."""
    found: dict[str, Path] = {}
    for folder in ("l1", "op", "open"):
        for path in sorted((SOURCES / folder).glob("*.vy")):
            if path.stem in found:
                raise CompileFailed(f"two sources are called {path.stem}")
            found[path.stem] = path
    return found


def compile_all(*, only: Iterable[str] = (), progress: Progress = print) -> list[str]:
    """Compile what changed, write build results and ABIs; returns the names that were looked at.

    Raises CompileFailed after trying all of them, so that one broken source does not hide another.
    """
    wanted = set(only)
    sources = vyper_sources()
    names = sorted(n for n in (*sources, *ASSEMBLED) if not wanted or n in wanted)
    if missing := wanted.difference(names):
        raise CompileFailed(f"no such contract: {', '.join(sorted(missing))}")
    BUILD.mkdir(exist_ok=True)
    ABI.mkdir(exist_ok=True)
    failures: list[str] = []
    for number, name in enumerate(names, 1):
        try:
            fresh = _compile_if_changed(name, sources.get(name))
            progress(f"[{number}/{len(names)}] {name}{'' if fresh else ' (unchanged)'}")
        except CompileFailed as error:
            progress(f"[{number}/{len(names)}] {name} FAILED")
            failures.append(str(error))
    artifacts.artifact.cache_clear()
    if failures:
        raise CompileFailed("\n\n".join(failures))
    return names


def verify_lock(names: Iterable[str]) -> None:
    """Check that each build result is the one that lock.json names; BytecodeMismatch for the first that isn't."""
    locked = read_lock()
    for name in names:
        got = _hashes(name)
        for part, value in got.items():
            expected = locked.get(name, {}).get(part, "no entry")
            if value != expected:
                raise BytecodeMismatch(name=name, part=part, got=value, expected=expected)


def update_lock(names: Iterable[str], *, complete: bool) -> None:
    """Rewrite lock.json with the hashes of `names`; entries of contracts that are gone go when `complete`."""
    locked = {} if complete else read_lock()
    locked |= {name: _hashes(name) for name in names}
    content = {
        "compiler": f"vyper {VYPER_VERSION}",
        "evmVersion": EVM_VERSION,
        "contracts": {name: locked[name] for name in sorted(locked)},
    }
    LOCK.write_text(json.dumps(content, indent=1) + "\n")
    artifacts.artifact.cache_clear()


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0, or 1 with the failures on stderr."""
    parser = argparse.ArgumentParser(prog="python -m contracts.compile", description="Compile all contracts.")
    parser.add_argument("--update-lock", action="store_true", help="accept the results into lock.json")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="only these contracts")
    options = parser.parse_args(arguments)
    try:
        names = compile_all(only=options.only)
        if options.update_lock:
            update_lock(names, complete=not options.only)
            if not options.only:
                reference.write()
        else:
            verify_lock(names)
    except (CompileFailed, BytecodeMismatch) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def declared_entries(source: str) -> list[dict[str, Any]]:
    """ABI entries of the declarations in a Vyper source's comments."""
    return [parse_declaration(text) for text in _DECLARED.findall(source)]


def _compile_if_changed(name: str, path: Path | None) -> bool:
    fingerprint = _fingerprint(path)
    target = BUILD / f"{name}.json"
    exported = ABI / f"{name}.json"
    if target.exists() and exported.exists():
        known = json.loads(target.read_text())
        if known.get("fingerprint") == fingerprint:
            return False
    build = _compile_vyper(name, path) if path else _assemble(name)
    build["fingerprint"] = fingerprint
    target.write_text(json.dumps(build, indent=1) + "\n")
    exported.write_text(json.dumps(build["abi"], indent=1) + "\n")
    return True


def _compile_vyper(name: str, path: Path) -> Build:
    if vyper.__version__ != VYPER_VERSION:
        raise CompileFailed(f"vyper {vyper.__version__} is installed, contracts are compiled by {VYPER_VERSION}")
    bundle = FilesystemInputBundle([SOURCES])
    formats = ["abi", "bytecode", "bytecode_runtime", "layout"]
    try:
        # Metadata would make the bytecode depend on comments.
        result = compile_from_file_input(
            bundle.load_file(path),
            input_bundle=bundle,
            settings=Settings(evm_version=EVM_VERSION),
            output_formats=formats,
            no_bytecode_metadata=True,
        )
    except VyperException as error:
        raise CompileFailed(f"{path.name}: {error}") from error
    if result["layout"].get("code_layout"):
        raise CompileFailed(f"{path.name} has immutables: genesis places runtime code, which would lack them")
    return {
        "abi": _rename_keywords(result["abi"]) + declared_entries(path.read_text()),
        "bytecode": result["bytecode"],
        "runtime": result["bytecode_runtime"],
        "layout": _flatten(result["layout"].get("storage_layout", {})),
    }


def _rename_keywords(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for entry in entries:
        for parameter in (*entry.get("inputs", ()), *entry.get("outputs", ())):
            name = parameter["name"].removesuffix("_")
            if keyword.iskeyword(name):
                parameter["name"] = name
    return entries


def _flatten(layout: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, place in layout.items():
        if "slot" in place:
            flat[prefix + name] = {key: place[key] for key in ("type", "slot", "n_slots")}
        else:
            flat |= _flatten(place, f"{prefix}{name}.")
    return flat


def _assemble(name: str) -> Build:
    contract = ASSEMBLED[name]
    return {
        "abi": [parse_declaration(text) for text in contract.declarations],
        "bytecode": "0x" + contract.creation.hex(),
        "runtime": "0x" + contract.runtime.hex(),
        "layout": {
            variable: {"type": kind, "slot": slot, "n_slots": 1} for variable, (kind, slot) in contract.layout.items()
        },
    }


def _fingerprint(path: Path | None) -> str:
    parts = [Path(__file__)]
    if path is None:
        parts += [ROOT / "assembler.py", *sorted((ROOT / "assembled").glob("*.py"))]
    else:
        parts += [path, *sorted(SOURCES.glob("*/lib/*.vy*"))]
    digest = hashlib.sha256(f"{VYPER_VERSION} {EVM_VERSION}".encode())
    for part in parts:
        digest.update(hashlib.sha256(part.read_bytes()).digest())
    return digest.hexdigest()


def _hashes(name: str) -> dict[str, str]:
    built = artifacts.read_build(name)
    return {"creation": code_hash(built.creation), "runtime": code_hash(built.runtime)}


if __name__ == "__main__":
    sys.exit(main())
