"""eth_config and eth_capabilities, against the facts of EIP-7910 and the tables that the EVM runs with."""

import zlib

from rpc.server import RpcServer
from state.execution.precompiles import ETHEREUM_PRECOMPILES, OPTIMISM_PRECOMPILES
from tests.unit.rpc.conftest import Client, fields, open_http
from tests.unit.rpc.fake_chain import CHAIN_ID, CONTRACT, FakeChain

BEACON_ROOTS = "0x000f3df6d732807ef1319fb7b8bb8522d0beac02"
HISTORY_STORAGE = "0x0000f90827f1c53a10cb7a02335b175320002935"


async def test_config_names_the_only_fork_there_is(client: Client, chain: FakeChain) -> None:
    config = await client.call("eth_config")
    assert (config["next"], config["last"]) == (None, None)
    current = config["current"]
    assert set(current) == fields("activationTime blobSchedule chainId forkId precompiles systemContracts")
    assert (current["activationTime"], current["chainId"]) == (0, hex(CHAIN_ID))
    assert int(current["forkId"], 16) == zlib.crc32(chain.canonical[0])
    assert current["blobSchedule"] == {"baseFeeUpdateFraction": 5_007_716, "max": 0, "target": 0}


async def test_config_lists_the_precompiles_that_the_evm_has(client: Client) -> None:
    precompiles = (await client.call("eth_config"))["current"]["precompiles"]
    assert set(precompiles.values()) == {"0x" + address.hex() for address in OPTIMISM_PRECOMPILES}
    assert precompiles["P256VERIFY"] == "0x" + "00" * 18 + "0100"
    server = RpcServer(FakeChain(is_rollup=False).ports)
    port = await server.start("127.0.0.1", 0)
    async with open_http() as http:
        on_l1 = (await Client(port, http).call("eth_config"))["current"]["precompiles"]
    await server.stop()
    assert len(on_l1) == len(ETHEREUM_PRECOMPILES)
    assert "P256VERIFY" not in on_l1


async def test_config_lists_only_system_contracts_that_are_deployed(client: Client, chain: FakeChain) -> None:
    assert (await client.call("eth_config"))["current"]["systemContracts"] == {}
    chain.deployed |= {bytes.fromhex(BEACON_ROOTS[2:]), bytes.fromhex(HISTORY_STORAGE[2:])}
    assert (await client.call("eth_config"))["current"]["systemContracts"] == {
        "BEACON_ROOTS_ADDRESS": BEACON_ROOTS,
        "HISTORY_STORAGE_ADDRESS": HISTORY_STORAGE,
    }
    assert CONTRACT in chain.deployed


async def test_capabilities_offer_all_history_up_to_the_head(client: Client, chain: FakeChain) -> None:
    capabilities = await client.call("eth_capabilities")
    assert capabilities.pop("head") == {"number": "0x2", "hash": "0x" + chain.canonical[-1].hex()}
    assert set(capabilities) == fields("state tx logs receipts blocks stateproofs")
    assert all(resource == {"disabled": False, "oldestBlock": "0x0"} for resource in capabilities.values())
