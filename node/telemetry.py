"""Structured events: one line an event, for people on a terminal or as JSON for machines.

Each hop of a transaction's path (docs/architecture.md) logs one event under a name that is part of the interface:
rpc.received, txpool.admitted, sequencer.origin, engine.built, engine.sealed, batcher.posted, derivation.safe,
driver.finalized.
"""

import logging
import sys
from typing import Any

import structlog

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


_threshold = logging.INFO


def set_log_level(level: str) -> None:
    """Sends events from `level` up, from now on."""
    global _threshold  # noqa: PLW0603 - loggers are made once and everywhere; this is what they share
    _threshold = _LEVELS[level]


def _drop_below_threshold(_logger: Any, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if _LEVELS.get(name, logging.ERROR) < _threshold:
        raise structlog.DropEvent
    return event


def configure_logging(level: str, log_format: str, traces: structlog.typing.Processor | None = None) -> None:
    """Send every event from `level` up to standard error, as `console` or `json` lines.

    `traces` is shown all events, whatever `level` is.
    """
    renderer: structlog.typing.Processor
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    set_log_level(level)
    structlog.configure(
        processors=[
            *([] if traces is None else [traces]),
            _drop_below_threshold,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), stream=sys.stderr, format="%(message)s")
