"""The users' commands, one file a noun, each with a typer `app`. They print what they did and nothing else.

What flows in: flags, key files, JSONL files of rows. What flows out: calls of the typed functions in `client`, and
lines for people. `node/cli/application.py` mounts them under `openledger` and imports each only when it is called.

Start reading at `account.py`; `options.py` has the options that all share.
"""
