"""Questions about the state after a block: accounts, calls, gas estimates, proofs, logs.

What flows in: a chain database, an Executor, the chain's rules, and a block hash with each question. What flows out:
values, `TransactionOutcome`s and EIP-1186 proofs. Nothing is written and nothing is kept between questions, so that the
same code answers in a reader process and in the node itself.

    state_queries   StateQueries, the one class that others use
    estimation      geth's binary search for a gas limit
    simulation      eth_simulateV1; simulated_chain: what it is asked and answers, overlay: states that no block has
    address_history where an account did something: its creation, a nonce, its transactions
    access_lists    what a message touches, as an EIP-2930 list
    pending         the next block, executed ahead and asked about by its hash
    proofs          accounts and slots with their trie nodes
    traces          transactions and calls run again with a tracer; storage_range: the slots of an account
    errors, simulation_errors   what a question can end in

The flat tables belong to the head and move with it: whoever asks about the head must not commit a block meanwhile
(a reader process answers questions and applies batches in one row, `node.readers`).

Start reading at `state_queries.py`. Imports what stands below it in `state`; nobody in `state` imports this.
"""

from state.queries.access_lists import AccessListResult
from state.queries.errors import GasExceedsAllowance, InsufficientTransferFunds, QueryFailed, QueryReverted
from state.queries.pending import PendingRequest
from state.queries.proofs import AccountProof, SlotProof, verify_account_proof
from state.queries.simulated_chain import (
    MAX_BLOCKS,
    BlockRequest,
    SimulatedBlockResult,
    SimulatedCall,
    SimulationRequest,
)
from state.queries.simulation_errors import SimulationRefused, SimulationTooLarge
from state.queries.state_queries import StateQueries

__all__ = [
    "MAX_BLOCKS",
    "AccessListResult",
    "AccountProof",
    "BlockRequest",
    "GasExceedsAllowance",
    "InsufficientTransferFunds",
    "PendingRequest",
    "QueryFailed",
    "QueryReverted",
    "SimulatedBlockResult",
    "SimulatedCall",
    "SimulationRefused",
    "SimulationRequest",
    "SimulationTooLarge",
    "SlotProof",
    "StateQueries",
    "verify_account_proof",
]
