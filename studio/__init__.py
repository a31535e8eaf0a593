"""The web page: explorer, Datanets, models, rewards, governance. Reserved: this release has no page.

What it would show is on the command line (`openledger datanet`, `model`, `infer`, `claim`) and in JSON-RPC.

What will flow in: clicks. What will flow out: transactions that the user's own wallet signs. It must not import the
node's rooms (`node`, `rpc`, `p2p`, `rollup`, `state`): it is a client of the chain.
"""
