"""Sources, compile results, addresses and genesis of every contract, and the codecs that chain and clients share.

Imports nothing of ours, so that the node (`state`, `rollup`) and the clients of the chain may both use it.

    python -m contracts.compile [--update-lock]      Vyper and assembler → build/, abi/, checked against lock.json
    contracts.artifacts.artifact(name) -> Artifact   abi, creation, runtime, layout; verified against lock.json
    contracts.addresses                              every fixed address, as bytes; to_hex, checksum
    contracts.storage.storage_words(artifact, values), mapping_slot(slot, key)
    contracts.genesis.l2_genesis(config) -> dict     genesis.json of op-geth's format
    contracts.l1_genesis.l1_genesis(config) -> dict  the simulated L1's, contracts predeployed
    contracts.rollup_json.rollup_config(...) -> dict rollup.json of op-node's format
    contracts.deploy.deployment_plan(config, ...)    the ordered creations of `openledger deploy-l1`
    contracts.open_genesis                           tranches and parameters of the OPEN predeploys
    contracts.records, .vouchers                     packed records and batches; EIP-712 payment vouchers
    contracts.rewards, .datanets                     fee split to claimable rewards; a Datanet's sparse Merkle tree

Flow: sources → compile.py (the only importer of Vyper) → build/<Name>.json → artifacts.py → genesis and deploy.
Start reading at addresses.py, then genesis.py. Sources are in src/l1, src/op, src/open (Vyper) and assembled/.
"""
