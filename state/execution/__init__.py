"""Execution on py-evm behind the Executor port (see `port`)."""
