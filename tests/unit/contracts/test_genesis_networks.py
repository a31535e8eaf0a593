"""Genesis: exact supply, predeploys in place, and the same L1 whether deployed or laid out."""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict

import pytest
from eth_hash.auto import keccak

from contracts import addresses
from contracts.addresses import (
    L1_CONTRACT_NAMES,
    OP_PREDEPLOYS,
    OPEN_IMPLEMENTATIONS,
    OPEN_PREDEPLOYS,
    checksum,
    to_hex,
)
from contracts.artifacts import artifact
from contracts.assembled.proxy import ADMIN_SLOT, IMPLEMENTATION_SLOT
from contracts.deploy import deployment_plan
from contracts.errors import GenesisInconsistent
from contracts.genesis import l2_allocation, l2_genesis
from contracts.genesis_config import TOTAL_SUPPLY, UPFRONT, WEI_PER_OPEN, GenesisConfig
from contracts.l1_contracts import l1_contracts
from contracts.l1_genesis import l1_allocation, l1_genesis
from contracts.rollup_json import contract_addresses, rollup_config
from contracts.storage import word
from tests.unit.contracts.harness import Contract, Evm
from tests.unit.contracts.networks import ALICE, BOB, CONFIG, FEES, OPERATOR

COMMUNITY = b"\xcc" * 20


def test_l2_supply_is_a_billion_open_to_the_wei() -> None:
    config = dataclasses.replace(CONFIG, beneficiaries={"community": COMMUNITY})
    allocation = l2_allocation(config)
    assert allocation.total() == TOTAL_SUPPLY == 10**27
    assert allocation.account(ALICE).balance == allocation.account(BOB).balance == 10_000 * WEI_PER_OPEN
    assert allocation.account(COMMUNITY).balance == 145_480_000 * WEI_PER_OPEN
    vesting = allocation.account(OPEN_PREDEPLOYS["Vesting"]).balance
    assert vesting == 784_500_000 * WEI_PER_OPEN == TOTAL_SUPPLY - sum(UPFRONT.values())
    assert allocation.account(OPERATOR).balance == 70_000_000 * WEI_PER_OPEN


def test_accounts_cannot_get_more_than_communitys_part() -> None:
    with pytest.raises(GenesisInconsistent, match="community"):
        dataclasses.replace(CONFIG, accounts=((ALICE, 145_500_001 * WEI_PER_OPEN),))


def test_config_refuses_addresses_and_parameters_that_cannot_be() -> None:
    with pytest.raises(GenesisInconsistent, match="19 bytes"):
        GenesisConfig(operator=b"\1" * 19, timestamp=0)
    with pytest.raises(GenesisInconsistent, match="EIP-1559"):
        GenesisConfig(operator=b"\1" * 20, timestamp=0, eip1559_elasticity=0)


def test_every_predeploy_has_its_code() -> None:
    allocation = l2_allocation(CONFIG)
    for name, where in OP_PREDEPLOYS.items():
        source = "FeeVault" if name in addresses.FEE_VAULTS else name
        assert allocation.account(where).code == artifact(source).runtime, name
    for name, where in OPEN_PREDEPLOYS.items():
        proxy = allocation.account(where)
        assert proxy.code == artifact("Proxy").runtime
        assert proxy.storage[ADMIN_SLOT] == word(OPERATOR)
        assert proxy.storage[IMPLEMENTATION_SLOT] == word(OPEN_IMPLEMENTATIONS[name])
        assert allocation.account(OPEN_IMPLEMENTATIONS[name]).code == artifact(name).runtime
    for where in (addresses.BEACON_ROOTS, addresses.HISTORY_STORAGE, addresses.CREATE2_DEPLOYER,
                  addresses.MULTICALL3, addresses.PERMIT2, addresses.PERMIT2_LOGIC):  # fmt: skip
        assert allocation.account(where).code


def test_open_predeploys_lie_where_the_documents_say() -> None:
    assert to_hex(OPEN_PREDEPLOYS["Vesting"]) == "0x4f50454e" + "0" * 31 + "1"
    assert to_hex(OPEN_PREDEPLOYS["Attribution"]) == "0x4f50454e" + "0" * 31 + "a"
    assert to_hex(OPEN_PREDEPLOYS["Treasury"]) == "0x4f50454e" + "0" * 31 + "b"
    assert checksum(addresses.MULTICALL3) == "0xcA11bde05977b3631167028862bE2a173976CA11"


def test_canonical_code_has_the_hashes_that_eips_and_tools_name() -> None:
    hashes = {
        name: keccak(artifact(name).runtime).hex() for name in ("BeaconRoots", "HistoryStorage", "Create2Deployer")
    }
    assert hashes == {
        "BeaconRoots": "f57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c",
        "HistoryStorage": "6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d",
        "Create2Deployer": "2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989",
    }


def test_fee_vaults_and_bridges_know_their_other_ends(evm: Evm) -> None:
    allocation = l2_allocation(CONFIG)
    expected = {
        "SequencerFeeVault": {"recipient": FEES, "withdrawalNetwork": 1},
        "L1FeeVault": {"recipient": FEES},
        "L2CrossDomainMessenger": {"otherMessenger": CONFIG.l1_contracts["L1CrossDomainMessenger"]},
        "L2StandardBridge": {
            "otherBridge": CONFIG.l1_contracts["L1StandardBridge"],
            "messenger": addresses.L2_CROSS_DOMAIN_MESSENGER,
        },
    }
    for name, values in expected.items():
        where = OP_PREDEPLOYS[name]
        account = allocation.account(where)
        built = artifact("FeeVault" if name in addresses.FEE_VAULTS else name)
        contract = Contract(evm, built, evm.place(where, account.code, account.storage))
        for variable, value in values.items():
            assert contract.call(variable) == ("0x" + value.hex() if isinstance(value, bytes) else value)


def test_l2_genesis_is_op_geths_format_with_all_forks_at_zero() -> None:
    genesis = json.loads(json.dumps(l2_genesis(CONFIG)))
    assert genesis["config"]["chainId"] == 161_299
    assert {genesis["config"][f"{fork}Time"] for fork in ("regolith", "canyon", "ecotone", "fjord", "granite",
            "holocene", "isthmus", "shanghai", "cancun", "prague")} == {0}  # fmt: skip
    assert genesis["config"]["optimism"]["eip1559DenominatorCanyon"] == 250
    assert genesis["extraData"] == "0x00000000fa00000006"
    assert genesis["gasLimit"] == hex(20_000_000)
    assert genesis["coinbase"] == to_hex(addresses.SEQUENCER_FEE_VAULT)
    balances = sum(int(account["balance"], 16) for account in genesis["alloc"].values())
    assert balances == TOTAL_SUPPLY


def test_l1_genesis_escrows_the_l2_supply_and_funds_its_accounts() -> None:
    genesis = l1_genesis(CONFIG)
    portal = genesis["alloc"][to_hex(CONFIG.l1_contracts["OptimismPortal"])]
    assert int(portal["balance"], 16) == TOTAL_SUPPLY
    assert int(genesis["alloc"][to_hex(ALICE)]["balance"], 16) == 10**21
    assert genesis["config"]["chainId"] == 900
    assert genesis["config"]["pragueTime"] == 0


def test_rollup_json_names_the_genesis_and_the_l1_contracts() -> None:
    rollup = rollup_config(CONFIG, l1_hash=b"\1" * 32, l1_number=5, l2_hash=b"\2" * 32)
    assert rollup["genesis"]["l1"] == {"hash": "0x" + "01" * 32, "number": 5}
    assert rollup["genesis"]["l2_time"] == CONFIG.timestamp
    system = rollup["genesis"]["system_config"]
    assert system["eip1559Params"] == "0x000000fa00000006"
    assert system["operatorFeeParams"] == "0x" + "00" * 20 + "0000000b" + "000000000000000c"
    assert system["scalar"] == to_hex(CONFIG.scalar)
    assert rollup["deposit_contract_address"] == to_hex(CONFIG.l1_contracts["OptimismPortal"])
    assert rollup["isthmus_time"] == 0
    assert set(contract_addresses(CONFIG)) == set(L1_CONTRACT_NAMES)


def test_a_deployment_leaves_the_storage_that_genesis_lays_out(evm: Evm, monkeypatch: pytest.MonkeyPatch) -> None:
    deployer = b"\xd0" * 20
    plan = deployment_plan(CONFIG, deployer=deployer, first_nonce=3)
    layout = l1_allocation(plan.config)
    assert [creation.name for creation in plan.creations] == list(L1_CONTRACT_NAMES)
    touched: dict[bytes, set[int]] = defaultdict(set)
    store = evm.state.set_storage

    def record(address: bytes, slot: int, value: int) -> None:
        touched[address].add(slot)
        store(address, slot, value)

    monkeypatch.setattr(evm.state, "set_storage", record)
    for creation in plan.creations:
        evm.deploy(creation.data, sender=deployer, address=creation.address)
    for creation, contract in zip(plan.creations, l1_contracts(plan.config), strict=True):
        assert evm.state.get_code(creation.address) == artifact(creation.name).runtime, creation.name
        values = {slot: evm.storage(creation.address, slot) for slot in touched[creation.address]}
        written = {slot: value for slot, value in values.items() if value}
        assert written == contract.storage, creation.name
        if creation.name != "Multicall3":
            assert layout.account(creation.address).storage == written


def test_deployed_addresses_follow_from_the_deployers_nonces() -> None:
    deployer = bytes.fromhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    plan = deployment_plan(CONFIG, deployer=deployer, first_nonce=0)
    # The address that mainnet's account with nonce 0 created.
    assert to_hex(plan.creations[0].address) == "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"
    assert plan.config.l1_contracts["SystemConfig"] == plan.creations[0].address
    assert plan.addresses["BatchInbox"] == plan.creations[5].address
