"""What users do with the chain, as typed functions and commands, over JSON-RPC alone.

    chain.py         one connection: sign, send, wait, read; errors in words
    keys.py          keys from files, and the devnet's well-known ones
    amounts.py       OPEN as people write it, exact
    datasets.py      rows, their content root, the dataset that ships with the product
    datanets.py, models.py, inference.py, attribution.py, staking.py, bridge.py      one file a contract
    evidence.py      token evidence: shares from verbatim spans, in integers (ATTRIBUTION.md section 4)
    answers.py       answers from contributed rows, and their records
    demo/            the demonstration: four Datanets from first row to claimed reward
    commands/        `openledger account | datanet | model | infer | claim | bridge | demo`

What flows in: an RPC URL and keys. What flows out: transactions like any outsider's, signed here by web3.py.
Start reading at `chain.py`. Imports `contracts` (ABIs and codecs) and nothing else of ours.
"""
