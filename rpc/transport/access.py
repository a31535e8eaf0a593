"""Who may talk to the server: checks of the Host and Origin headers.

A browser on this machine will send requests here for any web page. The Host check stops a page whose name was
re-pointed at this address (DNS rebinding); the Origin check stops pages from reading answers or opening sockets.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from rpc.limits import Access

Headers = list[tuple[bytes, bytes]]
LONGEST_HOST: Final = 261
"""Bytes of a Host header: a domain name, a dot at its end, a colon and a port."""


def header(scope: Any, name: bytes) -> str | None:
    """The request header of that lower-case name."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


class AccessControl:
    """The rules of one `Access`, ready to apply to ASGI scopes."""

    def __init__(self, access: Access) -> None:
        self._hosts: Final = frozenset(name.lower() for name in access.hosts)
        self._origins: Final = frozenset(origin.lower().rstrip("/") for origin in access.origins)
        self._judged: Final = lru_cache(maxsize=256)(self._names_us)

    def allows_host(self, scope: Any) -> bool:
        """Whether the Host header is an IP address, a listed name, or absent as in HTTP/1.0; of several, each."""
        if "*" in self._hosts:
            return True
        return all(self._is_ours(value) for key, value in scope["headers"] if key == b"host")

    def _is_ours(self, value: bytes) -> bool:
        return len(value) <= LONGEST_HOST and self._judged(value)

    def _names_us(self, value: bytes) -> bool:
        name = _host_name(value.decode("latin-1"))
        return name is not None and (name in self._hosts or _is_address(name))

    def allows_origin(self, scope: Any) -> bool:
        """Whether the request comes from no web page, or from a listed one."""
        origin = header(scope, b"origin")
        return origin is None or self._is_listed(origin)

    def cors_headers(self, scope: Any) -> Headers:
        """What lets the requesting page read the answer; nothing for pages that aren't listed."""
        origin = header(scope, b"origin")
        if origin is None or not self._is_listed(origin):
            return []
        allowed = b"*" if "*" in self._origins else origin.encode("latin-1")
        return [(b"access-control-allow-origin", allowed), (b"vary", b"Origin")]

    def preflight_headers(self, scope: Any) -> Headers:
        """The answer to a browser's OPTIONS request."""
        cors = self.cors_headers(scope)
        if not cors:
            return []
        return [
            *cors,
            (b"access-control-allow-methods", b"POST"),
            (b"access-control-allow-headers", b"content-type"),
            (b"access-control-max-age", b"600"),
        ]

    def _is_listed(self, origin: str) -> bool:
        origin = origin.lower()
        if "*" in self._origins or origin in self._origins:
            return True
        return _without_port(origin) in self._origins


def _host_name(value: str) -> str | None:
    try:
        return urlsplit(f"//{value}").hostname
    except ValueError:
        return None


def _without_port(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.hostname}"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_json(scope: Any, accepted: Iterable[str]) -> bool:
    """Whether the content type is one of `accepted`: a web page can't send these without asking first (CORS)."""
    value = header(scope, b"content-type") or ""
    return value.partition(";")[0].strip().lower() in accepted
