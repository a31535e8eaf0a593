#!/opt/venv/bin/python
"""The image's `openledger`: our source tree comes first on the path (docs/decisions/0001-root-packages.md)."""

import sys

sys.path[:1] = ["/opt/openledger"]

from node.cli import main  # noqa: E402 - found there

main()
