"""Sources, compile results, addresses and genesis of every contract, and the codecs that chain and clients share.

Imports nothing of ours, so that the node (`state`, `rollup`) and the clients of the chain may both use it.

Flow: sources (src/l1, src/op, src/open in Vyper, assembled/ in our assembler) → compile.py, the only importer of Vyper
→ build/<Name>.json, abi/<Name>.json, lock.json → artifacts.py → genesis and deployment. The node needs no compiler: it
needs `python -m contracts.compile` to have run once, and refuses a result that lock.json does not name.

    artifacts.artifact(name) -> Artifact              abi, creation, runtime, layout, checked against lock.json
    addresses                                         every fixed address, 20 bytes; to_hex, checksum, alias_l1_address
    storage.storage_words(artifact, {variable: value}) -> {slot: word}; mapping_slot, solidity_mapping_slot
    genesis_config.GenesisConfig(operator=…, timestamp=…, accounts=((address, wei), …), l1_accounts=…, …)
    genesis.l2_genesis(config) -> dict                genesis.json in op-geth's format
    l1_genesis.l1_genesis(config) -> dict             genesis.json of the simulated L1, contracts and escrow in place
    rollup_json.rollup_config(config, l1_hash=…, l1_number=…, l2_hash=…) -> dict        rollup.json in op-node's format
    rollup_json.contract_addresses(config) -> {name: checksummed}                       devnet.json's l1.contracts
    deploy.deployment_plan(config, deployer=…, first_nonce=…) -> DeploymentPlan         creations, addresses, config
    records, vouchers, rewards, datanets              pure codecs of the OPEN contracts

Order of a new network: L2's genesis depends on the L1 contracts' addresses only (fixed, or predicted by the plan); the
L1's depends on L2's genesis output root (`GenesisConfig.anchor_root`, optional); rollup.json on both genesis hashes.
Start reading at genesis_config.py, then genesis.py, l1_contracts.py and assembled/message_passer.py.
"""
