"""An unmodified viem takes OPEN over the bridge and back (DESIGN.md section 4: no format of our own)."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Devnet
from tests.npm import copied

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent / "bridge.mjs"


@pytest.fixture(scope="module")
def viem_folder(packages: Path) -> Path:
    """A folder outside of the repository in which node finds viem."""
    return copied(packages, SCRIPT)


def test_viem_deposits_withdraws_proves_and_finalises(devnet: Devnet, viem_folder: Path) -> None:
    command = ["node", SCRIPT.name, str((devnet.directory / "devnet.json").resolve())]
    done = subprocess.run(command, cwd=viem_folder, capture_output=True, text=True, timeout=1_200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[:3000]
    print(done.stdout)
    steps = {step.pop("step"): step for step in map(json.loads, done.stdout.splitlines())}
    assert steps["deposit"] == {"l1Status": "success", "status": "success", "type": "0x7e", "balance": "1.5"}
    assert 0 < int(steps["fees"]["l1Fee"]) < int(steps["fees"]["total"])
    assert steps["initiated"]["status"] in {"waiting-to-prove", "ready-to-prove"}  # by the time that it was asked
    assert steps["readyToProve"]["status"] == "ready-to-prove"
    assert steps["proven"]["receipt"] == "success"
    assert steps["proven"]["status"] in {"waiting-to-finalize", "ready-to-finalize"}  # twelve seconds later
    assert steps["readyToFinalize"]["status"] == "ready-to-finalize"
    assert steps["finalized"] == {"receipt": "success", "status": "finalized", "balance": "0.25"}
