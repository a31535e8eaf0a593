"""Bearer tokens, as between consensus and execution clients: a JWT signed with a secret that both ends hold.

A token is good for a minute around its `iat`; nothing else in it counts but `exp`, where there is one. Source:
ethereum/execution-apis, src/engine/authentication.md.
"""

from collections.abc import Callable
from typing import Any, Final

import jwt

from rpc.transport.access import header
from rpc.transport.http import respond

ALGORITHM: Final = "HS256"
TOLERANCE_SECONDS: Final = 60
SECRET_BYTES: Final = 32
LONGEST_TOKEN: Final = 4_096


class BearerTokens:
    """Which requests come from somebody who has the secret."""

    def __init__(self, secret: bytes, clock: Callable[[], float]) -> None:
        """`clock`: UNIX seconds."""
        if len(secret) < SECRET_BYTES:
            raise ValueError(f"secret: got {len(secret)} bytes, expected at least {SECRET_BYTES}")
        self._secret: Final = secret
        self._clock: Final = clock

    def allow(self, scope: Any) -> bool:
        """Whether the request's Authorization header carries a token that is good now."""
        value = header(scope, b"authorization") or ""
        scheme, _, token = value.partition(" ")
        if scheme.lower() != "bearer" or len(token) > LONGEST_TOKEN:
            return False
        try:
            claims = jwt.decode(
                token.strip(), self._secret, algorithms=[ALGORITHM], options={"require": ["iat"], "verify_iat": False}
            )
        except jwt.InvalidTokenError:
            return False
        issued = claims["iat"]
        is_number = isinstance(issued, int | float) and not isinstance(issued, bool)
        return is_number and abs(self._clock() - issued) <= TOLERANCE_SECONDS


def make_token(secret: bytes, now: float) -> str:
    """A token that is good for the minute after `now`, UNIX seconds."""
    return jwt.encode({"iat": int(now)}, secret, algorithm=ALGORITHM)


async def refuse_unauthorised(scope: Any, receive: Any, send: Any) -> None:
    """401, or no handshake for a WebSocket; nothing of the request is read."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"www-authenticate", b"Bearer"), (b"connection", b"close")]
    body = b"unauthorised: send a JWT of the admin secret, see docs/operating.md\n"
    await respond(send, 401, body, headers, content_type=b"text/plain; charset=utf-8")
