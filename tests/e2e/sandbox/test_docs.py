"""The blocks of the documentation that say `sandbox`, run as a reader would run them, the port apart."""

import os
import subprocess
import sys

import pytest

from tests.docs.blocks import ROOT, Block, blocks
from tests.e2e.conftest import rpc_call
from tests.e2e.sandbox.conftest import Running

pytestmark = pytest.mark.slow

BLOCKS = [block for block in blocks("python") if block.sandbox]


def test_there_is_something_to_run() -> None:
    assert BLOCKS


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_every_block_works_on_a_new_sandbox(running: Running, block: Block) -> None:
    rpc_call(running.rpc, "anvil_reset")
    text = block.text.replace("http://127.0.0.1:8545", running.rpc)
    done = subprocess.run(
        [sys.executable, "-c", text],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
