"""Prints what pyproject.toml asks for, one requirement a line: the image installs it before it copies any source.

`requirements.py` prints what the node needs, `requirements.py compiler` the contracts' compiler.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
if sys.argv[1:] == ["compiler"]:
    wanted = [line for line in project["optional-dependencies"]["dev"] if line.startswith("vyper==")]
else:
    wanted = project["dependencies"]
print(*wanted, sep="\n")
