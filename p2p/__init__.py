"""Peers: gossip of signed blocks, catch-up in ranges, transactions on their way to the sequencer, scores and bans.

Nothing here decides what is safe: L1 does (`rollup.driver`). What comes from peers is the unsafe chain, which the
sequencer's signature makes worth executing and derivation confirms or drops.

    below: connections                          above: what is said over them
    network.py     listen, greet, let go        service.py        who hears which message: start reading here
    dialler.py     whom to dial, and when       announcements.py  signed blocks, passed on before they are executed
    seats.py       which connections stay       sync.py           from our head to a signed one, through quarantine
    greeting.py    same network? proven key?    serving.py        ranges for others, within a budget
    connection.py  one peer: limits, questions  submission.py     transactions to the sequencer, verdicts back
    scores.py      points, bans                 signer.py         the sequencer's signature, once a height
    addresses.py   where peers listen           equivocations.py  evidence of two for one height
    identity.py    this node's key

    messages.py is all that can be said. payload.py, signed_block.py and envelope.py are a block's bytes as the OP
    Stack's nodes have them; block_gossip.py the specification's rules for which are passed on.

What flows in: what peers say, and the sequencer's own blocks (`publish`). What flows out: blocks for the engine, and
transactions for the sequencer's pool. Everything lives on one event loop; every queue, table and answer has a limit.

It must not import `rpc`, `rollup` or `node`: what it needs of them are the Protocols of `ports.py`, which
`node/peering.py` fills.
"""
