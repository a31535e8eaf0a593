"""Methods with typed parameters, registered by decorator.

    BLOCKS = MethodGroup("eth_getBlockByNumber and its kin")

    @BLOCKS.method("eth_getBalance")
    async def get_balance(context: Context, address: Address, block: BlockSelector = LATEST) -> str:
        '''The account's balance in wei.'''

The first parameter is the call's context; the others are what the client sends, by position. An annotation names a
parser (`rpc.parameters`), that of the return value a schema (`rpc.results`); a default makes a parameter optional, and
null then stands for the default. One definition parses requests, makes the reference page and the OpenRPC document.
Handlers are plain functions or coroutines.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, get_type_hints

from rpc.errors import InvalidParams, MethodNotFound
from rpc.parameters.types import Malformed, ParameterType, json_kind, parameter_type
from rpc.results import result_schema

Handler: TypeAlias = Callable[..., Any]
_REQUIRED: Final = inspect.Parameter.empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One positional parameter of a method."""

    name: str
    kind: ParameterType
    default: Any
    """`inspect.Parameter.empty` where the client must send one."""

    @property
    def is_required(self) -> bool:
        return self.default is _REQUIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One JSON-RPC method."""

    name: str
    handler: Handler
    parameters: tuple[Parameter, ...]
    summary: str
    """The first sentence of the handler's docstring."""
    is_async: bool
    result: dict[str, Any]
    """JSON schema of what it answers."""

    @property
    def namespace(self) -> str:
        return re.split("[_.]", self.name)[0]

    def bind(self, params: object) -> list[Any]:
        """The typed arguments in `params`, the request's member of that name. Raises InvalidParams."""
        given = _positional(params)
        if len(given) > len(self.parameters):
            raise InvalidParams(f"too many arguments, want at most {len(self.parameters)}")
        arguments = []
        for index, parameter in enumerate(self.parameters):
            value = given[index] if index < len(given) else None
            arguments.append(_argument(index, parameter, value))
        return arguments


def _positional(params: object) -> list[object]:
    if params is None:
        return []
    if not isinstance(params, list):
        raise InvalidParams(f"non-array args: params must be an array, got {json_kind(params)}")
    return params


def _argument(index: int, parameter: Parameter, value: object) -> Any:
    if value is None:
        if parameter.is_required:
            raise InvalidParams(f"missing value for required argument {index}: {parameter.name}")
        return parameter.default
    try:
        return parameter.kind.parse(value)
    except Malformed as error:
        raise InvalidParams(f"invalid argument {index}: {parameter.name}: {error}") from error


@dataclass(slots=True)
class MethodGroup:
    """Methods that belong together: one file of `rpc/namespaces`, or what a composition root adds."""

    title: str
    methods: dict[str, Method] = field(default_factory=dict)

    def method(self, name: str) -> Callable[[Handler], Handler]:
        """Registers the decorated function under `name`, and leaves it as it is."""

        def register(handler: Handler) -> Handler:
            if name in self.methods:
                raise ValueError(f"method registered twice: {name}")
            self.methods[name] = _define(name, handler)
            return handler

        return register


def _define(name: str, handler: Handler) -> Method:
    documentation = inspect.getdoc(handler)
    if not documentation:
        raise ValueError(f"method without a docstring: {name}")
    hints = get_type_hints(handler, include_extras=True)
    _context, *declared = inspect.signature(handler).parameters.values()
    return Method(
        name=name,
        handler=handler,
        parameters=tuple(
            Parameter(name=_camel_case(p.name), kind=parameter_type(hints[p.name]), default=p.default) for p in declared
        ),
        summary=" ".join(documentation.split("\n\n")[0].split()),
        is_async=inspect.iscoroutinefunction(handler),
        result=result_schema(hints.get("return")),
    )


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Registry:
    """All methods of one server."""

    def __init__(self, groups: Iterable[MethodGroup], *, hints: Mapping[str, str] | None = None) -> None:
        """`hints`: where to find methods that are not here, by name."""
        self.groups: Final = tuple(groups)
        self._hints: Final = dict(hints or {})
        self._methods: Final[dict[str, Method]] = {}
        for group in self.groups:
            for method in group.methods.values():
                if method.name in self._methods:
                    raise ValueError(f"method registered twice: {method.name}")
                self._methods[method.name] = method

    def __iter__(self) -> Iterator[Method]:
        return iter(self._methods.values())

    def __contains__(self, name: str) -> bool:
        return name in self._methods

    def __len__(self) -> int:
        return len(self._methods)

    def find(self, name: str) -> Method:
        """The method of that name. Raises MethodNotFound."""
        method = self._methods.get(name)
        if method is None:
            hint = f": {self._hints[name]}" if name in self._hints else ""
            raise MethodNotFound(f"the method {name[:100]} does not exist/is not available{hint}")
        return method

    @property
    def namespaces(self) -> list[str]:
        """The prefixes of all methods, sorted."""
        return sorted({method.namespace for method in self})
