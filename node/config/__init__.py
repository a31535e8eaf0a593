"""Configuration: default < preset < TOML < environment < flag.

Every process has one frozen pydantic model (`models.py`). `load` merges the sources, refuses keys that it doesn't know,
and reports all problems at once, each with the source it came from. Secrets are files, never values on a command line.
"""

from node.config.loading import load
from node.config.models import L1Config, NodeConfig, Role
from node.config.secrets import without_secrets

__all__ = ["L1Config", "NodeConfig", "Role", "load", "without_secrets"]
