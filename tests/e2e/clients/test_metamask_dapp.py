"""MetaMask's own test dapp in a browser, with a wallet of the test's behind `window.ethereum`.

What the dapp shows is compared with the chain. The page comes from another origin than the node, as a developer's does.
"""

import functools
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from playwright.sync_api import Page, expect, sync_playwright
from web3 import Web3

from tests.docs.blocks import blocks
from tests.e2e.clients.conftest import HERE, Artifacts
from tests.e2e.clients.wallet import Wallet
from tests.e2e.network.devnets import COMES_WITHIN, Devnet, send

pytestmark = pytest.mark.slow

PATIENCE: Final = 240_000
"""Milliseconds that the page may take to show something."""
OPTIONS: Final = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
HERE_ONLY: Final = ("http://localhost:", "http://127.0.0.1:", "data:")
"""What the page may load: the dapp's fonts and style sheets are elsewhere, and nothing depends on them."""
PAYEE: Final = Web3.to_checksum_address("0x0c54FcCd2e384b4BB6f2E405Bf5Cbc15a017AaFb")
"""Whom the dapp's buttons send to."""
TOKEN_PAYEE: Final = Web3.to_checksum_address("0x2f318C334780961FB129D2a6c30D0763d9a5C970")
(ADD_CHAIN,) = [one for one in blocks("js") if one.text.startswith("await window.ethereum.request")]
BATCH_PAYEES: Final = [PAYEE, Web3.to_checksum_address("0xbc2114a988e9CEf5bA63548D432024f34B487048")]
SPENDER: Final = Web3.to_checksum_address("0x9bc5baF874d2DA8D216aE9f137804184EE5AfEF4")
VIEWS: Final = [
    {"type": "function", "name": name, "stateMutability": "view", "outputs": [{"name": "", "type": result}],
     "inputs": [{"name": "", "type": kind} for kind in kinds]}
    for name, kinds, result in (
        ("balanceOf", ["address"], "uint256"), ("allowance", ["address", "address"], "uint256"),
        ("ownerOf", ["uint256"], "address"), ("isApprovedForAll", ["address", "address"], "bool"),
    )
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Dapp:
    """The open page, and the wallet behind it."""

    page: Page
    wallet: Wallet
    account: LocalAccount
    web3: Web3

    def click(self, button: str) -> None:
        """Press a button by its id as soon as the dapp enables it."""
        found = self.page.locator(f"#{button}")
        expect(found).to_be_enabled(timeout=PATIENCE)
        found.click()

    def shows(self, element: str, text: Any) -> None:
        """Wait for the text of an element."""
        expect(self.page.locator(f"#{element}")).to_have_text(text, timeout=PATIENCE)

    def text(self, element: str) -> str:
        """An element's text, once it has one."""
        found = self.page.locator(f"#{element}")
        expect(found).not_to_be_empty(timeout=PATIENCE)
        return found.inner_text()

    def receipt(self, press: Callable[[], None]) -> Any:
        """The receipt of the transaction that the wallet sends in consequence of `press`."""
        before = len(self.wallet.sent)
        press()
        for _ in range(PATIENCE // 100):
            if len(self.wallet.sent) > before:
                break
            self.page.wait_for_timeout(100)
        assert len(self.wallet.sent) == before + 1
        return self.web3.eth.wait_for_transaction_receipt(self.wallet.sent[-1], timeout=COMES_WITHIN, poll_latency=0.2)


@pytest.fixture(scope="module")
def chromium() -> Path:
    found = os.environ.get("OPENLEDGER_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("there is no Chromium: install Debian's package chromium, or name one in OPENLEDGER_TEST_CHROMIUM")
    return Path(found)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site(packages: Path) -> Iterator[str]:
    """The URL of the test dapp's files, on a free port of localhost."""
    serve = functools.partial(_Quiet, directory=str(packages / "node_modules/@metamask/test-dapp/dist"))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def page(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """An empty page of a browser with a new profile, which asks nothing of other hosts. Leaves a picture of its end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS, timeout=PATIENCE)
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        page.set_default_timeout(PATIENCE)
        page.route(lambda url: not url.startswith(HERE_ONLY), lambda route: route.abort())
        yield page
        page.screenshot(path=tmp_path_factory.mktemp("dapp") / "end.png", full_page=True)
        browser.close()


@pytest.fixture(scope="module")
def dapp(page: Page, site: str, devnet: Devnet, artifacts: Artifacts, funded: Callable[[str], LocalAccount]) -> Dapp:
    """The test dapp, connected by its own button."""
    web3, account = devnet.sequencer, funded("metamask")
    executor = send(web3, account, data=artifacts["Batch"]["bytecode"])["contractAddress"]
    wallet = Wallet(web3, account, executor)
    page.expose_function("askWallet", wallet.answer)
    rpc = devnet.description["l2"]["sequencer"]["rpc"]
    page.add_init_script(f"window.walletSetting = {json.dumps({'rpc': rpc, 'name': 'Test Wallet'})}")
    page.add_init_script(path=HERE / "provider.js")
    page.goto(site)
    opened = Dapp(page=page, wallet=wallet, account=account, web3=web3)
    opened.shows("activeProviderName", "Test Wallet")
    opened.click("connectButton")
    opened.shows("accounts", account.address.lower())
    return opened


def test_page_reads_the_chain_and_the_wallet_that_announced_itself(dapp: Dapp, devnet: Devnet) -> None:
    dapp.shows("chainId", hex(devnet.description["l2"]["chainId"]))
    dapp.shows("network", str(devnet.description["l2"]["chainId"]))
    dapp.shows("connectButton", "Connected")
    dapp.click("getAccounts")
    dapp.shows("getAccountsResult", dapp.account.address.lower())
    assert dapp.page.locator("#eip6963Warning").is_hidden()


def test_personal_sign_is_recovered_by_the_dapp(dapp: Dapp) -> None:
    dapp.click("personalSign")
    signature = dapp.text("personalSignResult")
    message = encode_defunct(text="Example `personal_sign` message")
    assert Account.recover_message(message, signature=signature) == dapp.account.address
    dapp.click("personalSignVerify")
    dapp.shows("personalSignVerifySigUtilResult", dapp.account.address.lower())
    dapp.shows("personalSignVerifyECRecoverResult", dapp.account.address.lower())


@pytest.mark.parametrize("version", ["V3", "V4"])
def test_typed_data_of_this_chain_is_verified_by_the_dapp(dapp: Dapp, version: str) -> None:
    dapp.click(f"signTypedData{version}")
    assert dapp.text(f"signTypedData{version}Result")[:2] == "0x", dapp.text(f"signTypedData{version}Result")
    dapp.click(f"signTypedData{version}Verify")
    dapp.shows(f"signTypedData{version}VerifyResult", dapp.account.address.lower())


def test_permit_is_verified_by_the_dapp(dapp: Dapp) -> None:
    dapp.click("signPermit")
    assert dapp.text("signPermitResultV") in {"v: 27", "v: 28"}
    dapp.click("signPermitVerify")
    dapp.shows("signPermitVerifyResult", dapp.account.address.lower())


def test_legacy_and_eip1559_transfers_are_mined(dapp: Dapp) -> None:
    legacy = dapp.receipt(lambda: dapp.click("sendButton"))
    assert (legacy["status"], legacy["type"], legacy["to"], legacy["gasUsed"]) == (1, 0, PAYEE, 21_000)
    assert legacy["effectiveGasPrice"] == 0x2540BE400
    modern = dapp.receipt(lambda: dapp.click("sendEIP1559Button"))
    assert (modern["status"], modern["type"], modern["to"]) == (1, 2, PAYEE)
    filled = dapp.receipt(lambda: dapp.click("sendEIP1559WithoutGasButton"))
    assert (filled["status"], filled["type"], filled["to"]) == (1, 2, PAYEE)


def test_contract_is_deployed_paid_and_drawn_from(dapp: Dapp) -> None:
    deployed = dapp.receipt(lambda: dapp.click("deployButton"))
    dapp.shows("contractStatus", "Deployed")
    bank = deployed["contractAddress"]
    dapp.receipt(lambda: dapp.click("depositButton"))
    dapp.shows("contractStatus", "Deposit completed")
    assert dapp.web3.eth.get_balance(bank) == 0x3782DACE9D900000
    dapp.receipt(lambda: dapp.click("withdrawButton"))
    dapp.shows("contractStatus", "Withdrawn")
    assert dapp.web3.eth.get_balance(bank) == 0x3782DACE9D900000 - 10**18


def test_transaction_that_fails_on_the_chain_is_told(dapp: Dapp) -> None:
    dapp.receipt(lambda: dapp.click("deployFailingButton"))
    dapp.shows("failingContractStatus", "Deployed")
    failed = dapp.receipt(lambda: dapp.click("sendFailingButton"))
    assert failed["status"] == 0


def test_token_is_created_transferred_approved_and_its_allowance_shown(dapp: Dapp) -> None:
    own = dapp.account.address
    created = dapp.receipt(lambda: dapp.click("createToken"))
    dapp.shows("erc20TokenAddresses", created["contractAddress"])
    token = dapp.web3.eth.contract(created["contractAddress"], abi=VIEWS)
    dapp.receipt(lambda: dapp.click("transferTokens"))
    balances = [token.functions.balanceOf(owner).call() for owner in (own, TOKEN_PAYEE)]
    assert balances == [85_000, 15_000]
    dapp.click("watchAssets")
    dapp.receipt(lambda: dapp.click("approveTokens"))
    assert token.functions.allowance(own, SPENDER).call() == 7 * 10**4
    dapp.receipt(lambda: dapp.click("increaseTokenAllowance"))
    dapp.page.fill("#allowanceOwner", own)
    dapp.page.fill("#allowanceSpender", SPENDER)
    dapp.click("getAllowance")
    dapp.shows("allowanceAmountResult", "8.0000")
    assert [asset["options"]["address"] for asset in dapp.wallet.watched] == [created["contractAddress"]]


def test_collectibles_are_minted_and_approved(dapp: Dapp) -> None:
    created = dapp.receipt(lambda: dapp.click("deployNFTsButton"))
    dapp.shows("nftsStatus", "Deployed")
    dapp.page.fill("#mintAmountInput", "2")
    dapp.receipt(lambda: dapp.click("mintButton"))
    dapp.shows("nftsStatus", "Mint completed")
    dapp.receipt(lambda: dapp.click("setApprovalForAllButton"))
    dapp.shows("nftsStatus", "Set Approval For All completed")
    collectible = dapp.web3.eth.contract(created["contractAddress"], abi=VIEWS)
    assert collectible.functions.ownerOf(2).call() == dapp.account.address
    assert collectible.functions.isApprovedForAll(dapp.account.address, SPENDER).call()


def test_calls_sent_together_are_one_transaction_of_the_delegated_account(dapp: Dapp) -> None:
    receipt = dapp.receipt(lambda: dapp.click("eip5792SendCallsButton"))
    assert (receipt["status"], receipt["type"], receipt["to"]) == (1, 4, dapp.account.address)
    assert dapp.web3.eth.get_code(dapp.account.address).hex().startswith("ef0100")
    at, before = receipt["blockNumber"], receipt["blockNumber"] - 1
    paid = [dapp.web3.eth.get_balance(to, at) - dapp.web3.eth.get_balance(to, before) for to in BATCH_PAYEES]
    assert paid == [10**9, 5 * 10**8]
    dapp.click("eip5792GetCallsStatusButton")
    dapp.shows("eip5792GetCallsStatusResult", re.compile('"status": 200'))
    again = dapp.receipt(lambda: dapp.click("eip5792SendCallsButton"))
    assert (again["status"], again["type"]) == (1, 2)


def test_page_hears_of_new_blocks_over_a_websocket(dapp: Dapp, devnet: Devnet) -> None:
    listening = """(url) => new Promise((resolve, reject) => {
        const socket = new WebSocket(url)
        const request = { jsonrpc: "2.0", id: 1, method: "eth_subscribe", params: ["newHeads"] }
        socket.onopen = () => socket.send(JSON.stringify(request))
        socket.onerror = () => reject(new Error("the node refused this page's socket"))
        socket.onmessage = ({ data }) => {
            const { params } = JSON.parse(data)
            if (params) { socket.close(); resolve(params.result) }
        }
    })"""
    header = dapp.page.evaluate(listening, devnet.description["l2"]["sequencer"]["ws"])
    assert dapp.web3.eth.get_block(header["hash"])["number"] == int(header["number"], 16)


def test_page_makes_this_chain_known_to_the_wallet_as_the_docs_say(dapp: Dapp, devnet: Devnet) -> None:
    address = devnet.description["l2"]["sequencer"]["rpc"].removeprefix("http://")
    dapp.page.evaluate(f"async () => {{ {ADD_CHAIN.text.replace('127.0.0.1:8545', address)} }}")
    assert dapp.wallet.added == ["OpenLedger devnet"]


def test_page_of_another_site_may_not_read_the_node(dapp: Dapp, devnet: Devnet) -> None:
    """The devnet's default lets in pages of this machine only."""
    asking = """async (url) => {
        const headers = { "content-type": "application/json" }
        const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] })
        return fetch(url, { method: "POST", headers, body }).then(() => "answered", (error) => error.name)
    }"""
    browser = dapp.page.context.browser
    assert browser is not None
    elsewhere = browser.new_page()
    elsewhere.set_default_timeout(PATIENCE)
    elsewhere.route("http://dapp.example/", lambda route: route.fulfill(body="<title>elsewhere</title>"))
    elsewhere.goto("http://dapp.example/")
    assert elsewhere.evaluate(asking, devnet.description["l2"]["sequencer"]["rpc"]) == "TypeError"
    assert dapp.page.evaluate(asking, devnet.description["l2"]["sequencer"]["rpc"]) == "answered"
    elsewhere.close()
