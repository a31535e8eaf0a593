"""config.example.toml, made from the settings models: `python -m node.config.example > config.example.toml`.

Every setting stands in it, commented out, with its default and what it is for: the file as it is changes nothing.
"""

import json
import textwrap
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from node.config.models import PRESETS, L1Config, NodeConfig

SECTIONS: Final[dict[str, type[BaseModel]]] = {"node": NodeConfig, "l1": L1Config}
_HEAD: Final = """\
# Settings of `openledger node` and `openledger l1`, with their defaults: `--config config.toml` reads this file.
#
# A setting is taken from the last of these that has it: the default, the preset (--preset), this file, the environment
# (OPENLEDGER_NODE_RPC_PORT, OPENLEDGER_L1_BLOCK_TIME, ...), the flag (--rpc-port). Unknown keys are refused.
# Private keys are never settings: name a file that only its owner can read.
"""
_WIDTH: Final = 118


def example_toml() -> str:
    """The file's text."""
    return "\n".join([_HEAD, *(_section(name, model) for name, model in SECTIONS.items())])


def _section(name: str, model: type[BaseModel]) -> str:
    lines = [f"[{name}]"]
    for key, field in model.model_fields.items():
        text = " ".join(part for part in (field.description, _preset_note(key)) if part)
        lines += [f"# {line}" for line in textwrap.wrap(text, _WIDTH)]
        lines.append(f"#{key} = {_toml(field.default)}")
    return "\n".join(lines) + "\n"


def _preset_note(key: str) -> str:
    return "".join(
        f"Preset {preset}: {_toml(values[key])}." for preset, values in sorted(PRESETS.items()) if key in values
    )


def _toml(value: Any) -> str:
    """A value in TOML; what has no default is shown as an empty text."""
    if value is None:
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, int | float):
        return str(value)
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


if __name__ == "__main__":
    print(example_toml(), end="")
