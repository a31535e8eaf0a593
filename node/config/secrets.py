"""What of a setting may be shown in logs and errors."""

from urllib.parse import urlsplit


def without_secrets(url: str) -> str:
    """Scheme, host and port of a URL: providers put keys into the rest, and people put passwords before the host."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return "(malformed URL)"
    if not parts.scheme or not parts.hostname:
        return "(malformed URL)"
    hidden = "/…" if parts.path.strip("/") or parts.query or parts.username or parts.password else ""
    return f"{parts.scheme}://{parts.hostname}{port}{hidden}"
