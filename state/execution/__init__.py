"""The Executor port and its two implementations, validation before them, and the OP fee rules around them.

What flows in: a `StateReader`, a `BlockEnv`, recovered transactions and deposits. What flows out: one
`TransactionOutcome` each, and the block's `StateChanges`. Both executors give the same, bit for bit.

    port.py         what building, re-execution and calls need of an EVM
    errors.py       why a transaction may not be executed, in geth's words
    validation.py   our own check, before any executor sees a transaction
    fees.py         L1 fee (FastLZ) and operator fee
    fast*.py        what serves: py-evm's opcodes over the flat journaled accounts of `state.world`, and a native
                    path for plain transfers
    traced*.py      the fast one with hooks, for tracers: hooks.py is what they are told, probe.py tells it
    reference*.py   the oracle: py-evm as it is, with the OP rules added by subclassing
    precompiles*.py the precompile table on native libraries, with OP's input limits

Start reading at `port.py`, then `fast.py`. Nothing above this package knows that py-evm exists; nothing here knows of
blocks' roots, the pool or the network.
"""
