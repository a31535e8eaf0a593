"""The proposer: output roots of safe L2 blocks become games on L1, and undisputed games get resolved.

    safe (or finalized) head ─ output root ─▶ DisputeGameFactory.create(type 1, root, abi(number)) with the type's bond
    clock of a game of ours run out ─▶ resolve() ─▶ claimCredit(ourselves): the bond comes back

A withdrawal in block B can be proven against any game whose number is greater than B, and finalised once that game was
resolved for its defender. Nothing is kept but the sender's journal: which games exist is asked of the factory at every
look, so that a restart, a second proposer or a lost disk never makes the same game twice.

    games.py      the contracts' ABI: what is read, and calldata for what is sent
    proposer.py   Proposer: one look, one decision

Start reading at `proposer.py`. Imports `rollup.l1` and below; never the engine, the driver or `rpc`: the output roots
are handed in through `OutputSource`.
"""

from rollup.proposer.games import Game, GameFactory, GameStatus, create_game_calldata
from rollup.proposer.proposer import OutputSource, Proposer, ProposerConfig

__all__ = [
    "Game",
    "GameFactory",
    "GameStatus",
    "OutputSource",
    "Proposer",
    "ProposerConfig",
    "create_game_calldata",
]
