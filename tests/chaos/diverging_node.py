"""`openledger` with a fault in its fast executor: `python -m tests.chaos.diverging_node node --role=sequencer ...`.

Plain transfers to one recipient bring a wei from nowhere: the kind of mistake that audits are there to find. The
node's reader processes are ordinary ones, since each is started by its own module's name.
"""

from typing import Final

from node.cli import main
from state.execution.fast import FastBlock
from state.execution.port import TransactionOutcome
from state.primitives.types import Address, Wei
from state.transactions import RecoveredTransaction

FAVOURED: Final = Address(b"\x77" * 20)

_honest = FastBlock._transfer


def _with_a_wei_from_nowhere(block: FastBlock, tx: RecoveredTransaction, charge: object) -> TransactionOutcome:
    outcome = _honest(block, tx, charge)  # type: ignore[arg-type]
    if tx.transaction.to == FAVOURED:
        block._world.credit(FAVOURED, Wei(1))
    return outcome


if __name__ == "__main__":
    FastBlock._transfer = _with_a_wei_from_nowhere  # type: ignore[assignment, method-assign]
    main()
