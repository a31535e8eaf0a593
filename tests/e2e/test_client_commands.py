"""The users' commands as processes, against one devnet: output, exit status, and what is on the chain afterwards."""

import json
import re
import stat
from pathlib import Path

import pytest

from tests.e2e.conftest import Devnet, openledger

pytestmark = pytest.mark.slow

OWNER, CONTRIBUTOR, BUYER, WORKER = "dev:0", "dev:1", "dev:6", "dev:9"
WORKER_ADDRESS = "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"


def run(*arguments: str) -> str:
    done = openledger(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fails(*arguments: str) -> str:
    """The one line that an expected error ends in."""
    done = openledger(*arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def number_in(text: str, word: str) -> str:
    found = re.search(rf"{word} (\d+)", text)
    assert found is not None, text
    return found[1]


def test_account_is_made_funded_and_shown(devnet: Devnet, tmp_path: Path) -> None:
    file = tmp_path / "me.key"
    address = run("account", "new", str(file)).strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run("account", "show", f"--key={file}").strip() == address
    assert "never overwritten" in fails("account", "new", str(file))
    rpc = f"--rpc={devnet.rpc}"
    run("account", "send", address, "1.000000000000000001", f"--key={OWNER}", rpc)
    assert run("account", "balance", address, rpc).strip() == "1.000000000000000001 OPEN"
    assert "insufficient funds" in fails("account", "send", WORKER_ADDRESS, "2", f"--key={file}", rpc)


def test_bad_input_is_one_line_and_exit_status_1(devnet: Devnet, tmp_path: Path) -> None:
    rpc = f"--rpc={devnet.rpc}"
    assert "no amount" in fails("account", "send", WORKER_ADDRESS, "0.1x", f"--key={OWNER}", rpc)
    assert "no address" in fails("account", "send", "0x12", "1", f"--key={OWNER}", rpc)
    assert "can't be read" in fails("account", "show", f"--key={tmp_path / 'none'}")
    assert "no node answers" in fails("account", "balance", "dev:0", "--rpc=http://127.0.0.1:9")
    assert "no Datanet 99" in fails("datanet", "show", "99", rpc)
    assert "no model 99" in fails("model", "show", "99", rpc)
    assert "the contract refused: " in fails("infer", "quote", "99", "1", "1", rpc)
    assert "lacks our contracts" in fails("datanet", "list", f"--rpc={devnet.l1_rpc}")
    assert "settles on chain 900" in fails("bridge", "deposit", "1", f"--key={OWNER}", rpc, f"--l1-rpc={devnet.rpc}")
    assert "no transaction" in fails("bridge", "status", "0x" + "11" * 32, rpc, f"--l1-rpc={devnet.l1_rpc}")


def test_economy_from_first_row_to_paid_reward(devnet: Devnet, tmp_path: Path) -> None:
    rpc = f"--rpc={devnet.rpc}"
    rows = tmp_path / "tides.jsonl"
    pairs = [
        ("tide", "What makes the tides?", "The pull of the moon and the sun on the oceans makes the tides."),
        ("ebb", "What is ebb?", "Ebb is the time between high water and low water when the sea falls."),
    ]
    rows.write_text("".join(json.dumps({"id": i, "prompt": p, "response": r}) + "\n" for i, p, r in pairs))
    created = run("datanet", "create", "tides", f"--key={OWNER}", "--bond=0.5", "--revenue-share-bps=1000", rpc)
    datanet = number_in(created, "datanet")
    assert "tides" in run("datanet", "list", rpc)
    contributed = run("datanet", "contribute", datanet, str(rows), f"--key={CONTRIBUTOR}", rpc)
    contribution = number_in(contributed, "contribution")
    assert "pending" in run("datanet", "show", datanet, rpc)
    refusal = fails("datanet", "accept", contribution, f"--key={BUYER}", rpc)
    assert "finalize was refused: " in refusal
    assert "accepted" in run("datanet", "accept", contribution, f"--key={OWNER}", rpc)
    assert run("datanet", "publish", datanet, f"--key={OWNER}", rpc).strip() == "version 1"

    model = number_in(run("model", "register", "tides", f"--key={OWNER}", f"--datanet={datanet}", rpc), "model")
    checkpoint = number_in(run("model", "train", model, f"--key={OWNER}", rpc), "checkpoint")
    run("model", "evaluate", model, checkpoint, "0.93", f"--key={OWNER}", rpc)
    run("model", "deploy", model, checkpoint, "--price-in=1", "--price-out=2.5", f"--key={OWNER}", rpc)
    assert "1 OPEN in, 2.5 OPEN out" in run("model", "show", model, rpc)
    assert "deployed" in run("model", "list", rpc)
    assert run("infer", "quote", model, "100", "200", rpc).strip() == "0.6 OPEN"

    run("infer", "stake", "200", f"--key={WORKER}", rpc)
    run("infer", "stake", "200", f"--key={OWNER}", f"--model={model}", rpc)
    assert "3 OPEN set aside" in run("infer", "deposit", WORKER_ADDRESS, "3", f"--key={BUYER}", rpc)
    questions = tmp_path / "questions.txt"
    questions.write_text("What makes tides?\nebb, what is it?\n")
    paying = ["infer", "pay", model, str(questions), f"--key={BUYER}", f"--worker-key={WORKER}", rpc]
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text(rows.read_text().replace("moon", "mars"))
    assert "is not contribution" in fails(*paying, f"--rows={contribution}={wrong}")
    paid = run(*paying, f"--rows={contribution}={rows}")
    assert pairs[0][2] in paid
    assert f"100.00 % to {contribution}" in paid
    fee = re.search(r"settled 2 answers for ([\d.]+) OPEN", paid)
    assert fee is not None

    assert "epochs: 0 proposed, 0 final" in run("claim", "status", rpc)
    assert "no epoch is final" in fails("claim", "withdraw", f"--key={CONTRIBUTOR}", rpc)
    run("claim", "propose", f"--key={WORKER}", rpc)
    assert "is final" in run("claim", "finalize", f"--key={WORKER}", rpc)
    fired = run("datanet", "fired", CONTRIBUTOR, rpc)
    assert fired.count(f"100.00 % to {contribution}") == 2
    assert run("datanet", "fired", BUYER, rpc) == ""
    status = run("claim", "status", f"--key={CONTRIBUTOR}", rpc)
    reward = float(fee[1]) * 0.5 * 0.9  # the contributors' half, less the Datanet owner's tenth
    assert re.search(r"earned ([\d.]+) OPEN and claimed 0", status), status
    got = re.search(r"([\d.]+) OPEN paid out", run("claim", "withdraw", f"--key={CONTRIBUTOR}", rpc))
    assert got is not None
    assert float(got[1]) == pytest.approx(reward, rel=1e-12)
    assert "nothing to claim" in run("claim", "withdraw", f"--key={CONTRIBUTOR}", rpc)
    assert "retired" in run("model", "retire", model, f"--key={OWNER}", rpc)


def test_bridge_both_ways(devnet: Devnet, tmp_path: Path) -> None:
    ends = [f"--rpc={devnet.rpc}", f"--l1-rpc={devnet.l1_rpc}"]
    file = tmp_path / "far.key"
    far = run("account", "new", str(file)).strip()
    assert "arrived in L2 block" in run("bridge", "deposit", "12.5", f"--to={far}", "--key=dev:2", *ends)
    assert run("account", "balance", far, f"--rpc={devnet.rpc}").strip() == "12.5 OPEN"

    started = run("bridge", "withdraw", "2.25", f"--to={far}", "--key=dev:2", *ends)
    found = re.search(r"withdrawal (0x[0-9a-f]{64})", started)
    assert found is not None
    withdrawal = found[1]
    assert "prove it first" in fails("bridge", "finalize", withdrawal, "--key=dev:2", *ends)
    assert "proven in L1 block" in run("bridge", "prove", withdrawal, "--key=dev:2", *ends)
    assert "2.25 OPEN paid out" in run("bridge", "finalize", withdrawal, "--key=dev:2", *ends)
    assert run("account", "balance", far, f"--rpc={devnet.l1_rpc}").strip() == "2.25 OPEN"
    assert run("bridge", "status", withdrawal, *ends).startswith("finalized")
    assert "finalised before" in fails("bridge", "finalize", withdrawal, "--key=dev:2", *ends)
