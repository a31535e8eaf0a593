"""The AI economy as the chain has it: Datanets, models, inference records, epochs, rewards and the supply, at a block.

    snapshot      what every answer reads: contract views, logs and calldata of one canonical block and those below it
    memory        what is remembered between questions, thrown away at a reorg
    pages         cursors and limits of answers that come in pages
    datanets      Datanets and contributions
    models        models with their checkpoints, evaluations and lineage
    records       settled inference records and their attribution
    ledger        what each account earned, added up batch by batch
    epochs        epochs, their proofs and a contributor's earnings
    supply        where the OPEN is
    questions     all of these by name: what a reader process is asked

Nothing is believed but the chain: a batch is read from the calldata that settled it and checked against its hash,
prices and owners come from the contracts, and the integers are those of `contracts.rewards`. So everybody who runs a
node can rebuild an epoch's tree and a claim's proof, and a root that says otherwise is shown as such.

All of it runs in a reader process (`node.readers`), one question at a time, with no network. Answers are
plain values: mappings with the names that clients see, integers, bytes, text; `rpc` makes JSON of them.

Start reading at `questions.py`. Imports `contracts` and `state`, nothing else of `rollup`.
"""

from rollup.indexer.errors import BlockNotCanonical, EconomyMissing, InvalidQuestion, StillRebuilding
from rollup.indexer.questions import Economy

__all__ = ["BlockNotCanonical", "Economy", "EconomyMissing", "InvalidQuestion", "StillRebuilding"]
