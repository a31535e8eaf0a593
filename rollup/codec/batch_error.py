"""The one error of both batch formats, apart so that both and their parts can raise it."""

from rollup.errors import CodecError


class BatchError(CodecError):
    """Bytes that are no batch of a known version, or blocks that no batch can hold."""
