"""The JSON forms of blocks, transactions, receipts and logs, exactly as geth and op-geth write them.

What flows in: records of `state` and of `rpc/values.py`. What flows out: dictionaries that orjson serialises; addresses
and hashes in lower case. Pure functions; tests compare them with the schemas of ethereum/execution-apis.

Start reading at `transactions.py`. Must not import the server or a namespace.
"""
