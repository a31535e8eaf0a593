"""The five sources, merged, with every problem reported at once."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from node.config.models import FORBIDDEN, PRESETS
from node.errors import ConfigError

ENV_PREFIX: Final = "OPENLEDGER_"

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    value: object
    source: str


def load(
    model: type[Model],
    *,
    section: str,
    flags: Mapping[str, object],
    preset: str = "production",
    toml: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Model:
    """`model` from all sources; flags that are None were not given. Raises ConfigError with every problem."""
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    merged: dict[str, _Value] = {}
    _take(merged, model, _preset(preset, model, problems), f"preset {preset}", problems)
    _take(merged, model, _toml_section(toml, section, problems), f"{toml}", problems)
    _take(merged, model, _environment(environ, section), "environment", problems)
    given = {key: value for key, value in flags.items() if value is not None}
    _take(merged, model, given, "flag", problems)
    try:
        config = model.model_validate({key: entry.value for key, entry in merged.items()})
        problems.extend(_forbidden(preset, config))
    except ValidationError as error:
        problems.extend(_describe(error, merged))
    if problems:
        raise ConfigError("configuration can't be used:\n" + "\n".join(f"  - {problem}" for problem in problems))
    return config


def _preset(name: str, model: type[BaseModel], problems: list[str]) -> dict[str, object]:
    if name not in PRESETS:
        problems.append(f"preset {name!r} is unknown: expected one of {', '.join(sorted(PRESETS))}")
        return {}
    return {key: value for key, value in PRESETS[name].items() if key in model.model_fields}


def _forbidden(preset: str, config: BaseModel) -> list[str]:
    """What the preset doesn't allow."""
    forbidden = FORBIDDEN.get(preset, {})
    wrong = [key for key, value in forbidden.items() if getattr(config, key, None) == value]
    return [f"preset {preset}: {key} can't be {getattr(config, key)!r}: choose --preset devnet" for key in wrong]


def _toml_section(path: Path | None, section: str, problems: list[str]) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{path}: can't be read: {error.strerror}")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path}: is no TOML: {error}")
        return {}
    known = {"node", "l1"}
    problems.extend(f"{path}: unknown section [{name}]" for name in sorted(set(data) - known))
    found = data.get(section, {})
    if not isinstance(found, dict):
        problems.append(f"{path}: [{section}] must be a table")
        return {}
    return found


def _environment(environ: Mapping[str, str], section: str) -> dict[str, str]:
    """OPENLEDGER_<SECTION>_<KEY>."""
    prefix = f"{ENV_PREFIX}{section.upper()}_"
    return {name.removeprefix(prefix).lower(): value for name, value in environ.items() if name.startswith(prefix)}


def _take(
    merged: dict[str, _Value],
    model: type[BaseModel],
    values: Mapping[str, object],
    source: str,
    problems: list[str],
) -> None:
    for key, value in values.items():
        if key not in model.model_fields:
            problems.append(f"{source}: unknown key {key!r}{_suggestion(key, model)}")
            continue
        merged[key] = _Value(value=value, source=source)


def _suggestion(key: str, model: type[BaseModel]) -> str:
    import difflib  # noqa: PLC0415 - only on the way to an error

    close = difflib.get_close_matches(key, list(model.model_fields), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _describe(error: ValidationError, merged: Mapping[str, _Value]) -> list[str]:
    lines = []
    for problem in error.errors():
        key = str(problem["loc"][0]) if problem["loc"] else "?"
        source = merged[key].source if key in merged else "default"
        lines.append(f"{source}: {key}: {problem['msg']}, got {problem.get('input')!r}")
    return lines
