"""Configuration: default < preset < TOML < environment < flag.

    models.py    one frozen pydantic model a process, and the presets; everything else is made from it
    loading.py   merges the sources, refuses keys that it doesn't know, reports all problems at once with their source
    example.py   config.example.toml
    secrets.py   what of a setting may be shown

Secrets are files, never values on a command line. Flags are made from the models in `node/cli/options.py`.
"""

from node.config.loading import load
from node.config.models import L1Config, NodeConfig, Pruning, Role
from node.config.secrets import without_secrets

__all__ = ["L1Config", "NodeConfig", "Pruning", "Role", "load", "without_secrets"]
