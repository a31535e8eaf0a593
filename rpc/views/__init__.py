"""The JSON forms of blocks, transactions, receipts and logs, exactly as geth and op-geth write them.

Pure functions from `state` records to dictionaries that orjson serialises; addresses and hashes in lower case. Tests
compare them with the schemas of ethereum/execution-apis. Must not import the server or a namespace.
"""
