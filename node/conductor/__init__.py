"""Several candidates, one sequencer: which of them leads, and the log of blocks that makes them one sequencer.

    etcd.py        etcd's JSON gateway: leases, keys, transactions; endpoints in turn, short time-outs
    leadership.py  the leader's key: campaign, keep alive, a deadline that a stopped process can't sleep through, resign
    log.py         the shared log: a block is committed there, under the leader's token, before anybody hears of it
    chain.py       this candidate's chain, over the engine
    catch_up.py    from a candidate's head to the committed one
    conductor.py   the candidate's life: start reading here

What flows in: sealed blocks of `rollup.sequencer`, by `Conductor.commit`. What flows out: whether they may be stored
and published, and when sequencer, batcher and proposer run at all (`node/sequencing.py` starts and stops them).

Consensus is etcd's. What is ours is that nothing is done on the word of a lease alone: each commit compares the fencing
token inside etcd, and a deadline on a clock that never stops ends leadership without asking anybody. Without
`--etcd` nothing of this runs: one sequencer, as it was.

It must not import `rpc`, nor anything of `node` but this package.
"""

from node.conductor.chain import CandidateChain
from node.conductor.conductor import Conductor, ConductorStatus, Standing
from node.conductor.errors import EtcdRefused, EtcdUnavailable, LogDamaged
from node.conductor.etcd import EtcdClient
from node.conductor.leadership import Candidate, Leadership
from node.conductor.log import CommittedHead, SharedLog

__all__ = [
    "Candidate",
    "CandidateChain",
    "CommittedHead",
    "Conductor",
    "ConductorStatus",
    "EtcdClient",
    "EtcdRefused",
    "EtcdUnavailable",
    "Leadership",
    "LogDamaged",
    "SharedLog",
    "Standing",
]
