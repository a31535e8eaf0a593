"""Command-line flags made from a settings model, so that flag, TOML key, variable and help can't drift apart."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import typer
from pydantic import BaseModel

from node.config import load
from node.config.models import PRESETS

Model = TypeVar("Model", bound=BaseModel)


def command_for(model: type[Model], section: str, run: Callable[[Model], None]) -> Callable[..., None]:
    """A function that typer can register: one flag for each field of `model`, and `--config`, `--preset`."""

    def command(**values: Any) -> None:
        config = values.pop("config")
        preset = values.pop("preset")
        run(load(model, section=section, flags=values, preset=preset, toml=config))

    parameters = [_flag(name, field.annotation, field.description) for name, field in model.model_fields.items()]
    parameters += [
        _parameter("config", Path | None, typer.Option(None, "--config", help="TOML file with settings.")),
        _parameter("preset", str, typer.Option("production", "--preset", help=f"One of {', '.join(PRESETS)}.")),
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = run.__doc__
    return command


def _flag(name: str, annotation: Any, description: str | None) -> inspect.Parameter:
    if annotation is bool:
        option = typer.Option(None, f"--{_dashed(name)}/--no-{_dashed(name)}", help=description)
        return _parameter(name, bool | None, option)
    return _parameter(name, str | None, typer.Option(None, f"--{_dashed(name)}", help=description))


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _dashed(name: str) -> str:
    return name.replace("_", "-")
