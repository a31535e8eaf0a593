"""Nodes that speak to each other inside one process: real messages as bytes, a toy chain, and peers that lie."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from p2p.errors import NoAnswer, PeerFault, RequestDeclined
from p2p.messages import Declined, Message, Request, Response, decode_message, encode_message
from p2p.ports import Head, NodeId, PeerHandler
from p2p.service import PeerService
from p2p.signed_block import sign_block
from p2p.signer import BlockSigner
from state.blocks import Block, Header
from state.errors import InvalidBlock
from state.primitives.crypto import keccak256
from state.primitives.types import BlockNumber, Gas, Hash32
from tests.unit.p2p.conftest import CHAIN_ID, KEY, NOW, SEQUENCER, block

BAN_AT = 100
PATIENCE = 60.0


def branch(count: int, *, on: Block | None = None, salt: int = 0, size: int = 0) -> list[Block]:
    """`count` blocks, each on the one before; the first is block 0 or follows `on`. Other `salt`, other hashes."""
    blocks: list[Block] = []
    parent = on
    for index in range(count):
        number = 0 if parent is None else parent.header.number + 1
        content = [index.to_bytes(4, "big") * (size // 4)] if size else []
        made = block(
            *content,
            number=BlockNumber(number),
            parent_hash=Hash32(bytes(32)) if parent is None else parent.header.hash,
            gas_used=Gas(salt),
        )
        blocks.append(made)
        parent = made
    return blocks


def announcement(made: Block, *, key: bytes = KEY) -> bytes:
    return sign_block(made, made.header.hash, chain_id=CHAIN_ID, private_key=key).compressed()


class ToyChain:
    """A ChainPort whose blocks are linked and not executed."""

    def __init__(self, blocks: Sequence[Block], *, invalid: Callable[[Block], bool] = lambda _block: False) -> None:
        self.blocks = [(made, made.header.hash) for made in blocks]
        self.invalid = invalid
        self.finalized = 0
        self.tried: list[Hash32] = []
        self.opened = asyncio.Event()
        self.opened.set()
        """Cleared, inserts wait."""

    def unsafe_head(self) -> Head:
        made, block_hash = self.blocks[-1]
        return Head(number=made.header.number, hash=block_hash)

    def finalized_head(self) -> Head:
        return Head(number=self.finalized, hash=self.blocks[self.finalized][1])

    def first_block(self) -> int:
        return 0

    def canonical_hash(self, number: int) -> Hash32 | None:
        return self.blocks[number][1] if number < len(self.blocks) else None

    def header(self, number: int) -> Header | None:
        return self.blocks[number][0].header if number < len(self.blocks) else None

    def block(self, number: int) -> tuple[Block, Hash32] | None:
        return self.blocks[number] if number < len(self.blocks) else None

    async def insert(self, made: Block) -> Head | None:
        await self.opened.wait()
        await asyncio.sleep(0)
        if made.header.parent_hash != self.blocks[-1][1]:
            return None
        self.tried.append(made.header.hash)
        if self.invalid(made):
            raise InvalidBlock(f"block {made.header.number}: state_root differs")
        self.blocks.append((made, made.header.hash))
        return self.unsafe_head()

    def replace_from(self, number: int, blocks: Sequence[Block]) -> None:
        """What a reorg by derivation does."""
        self.blocks[number:] = [(made, made.header.hash) for made in blocks]


class MemoryValues:
    """KeyValues that outlive the node that uses them."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        return self.values.get(key)

    def put(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value

    def iterate(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        return iter(sorted((key, value) for key, value in self.values.items() if key.startswith(prefix)))


def node_id(name: str) -> NodeId:
    return NodeId(keccak256(name.encode()))


class End:
    """One end of a connection: a Peer for whoever holds it."""

    def __init__(self, remote: str, handler: PeerHandler, head: Head) -> None:
        self.node_id = node_id(remote)
        self.remote = remote
        self.handler = handler
        self.head = head
        self.first = 0
        self.other: End | None = None
        self.inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self.sent: deque[Message] = deque(maxlen=10_000)
        self.faults: list[tuple[int, str]] = []
        self.is_open = True
        self._pending: dict[int, asyncio.Future[Response]] = {}
        self._requests = 0

    def send(self, message: Message) -> bool:
        if not self.is_open or self.other is None:
            return False
        self.sent.append(message)
        self.other.inbox.put_nowait(encode_message(message))
        return True

    async def request(self, make: Callable[[int], Request], *, seconds: float) -> Response:
        self._requests += 1
        request = self._requests
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._pending[request] = future
        try:
            if not self.send(make(request)):
                raise NoAnswer("the connection has ended")
            answer = await asyncio.wait_for(future, seconds)
        except TimeoutError as error:
            raise NoAnswer(f"no answer in {seconds} s") from error
        finally:
            del self._pending[request]
        if isinstance(answer, Declined):
            raise RequestDeclined(answer.text)
        return answer

    def fault(self, points: int, reason: str) -> None:
        self.faults.append((points, reason))
        if self.points >= BAN_AT:
            self.close()

    @property
    def points(self) -> int:
        return sum(points for points, _reason in self.faults)

    def close(self) -> None:
        for end in (self, self.other):
            if end is not None and end.is_open:
                end.is_open = False
                end.handler.on_gone(end)
                for future in end._pending.values():
                    if not future.done():
                        future.set_exception(NoAnswer("the connection has ended"))

    async def pump(self) -> None:
        await self.handler.on_peer(self)
        while True:
            message = decode_message(await self.inbox.get())
            if isinstance(message, Response):
                waiting = self._pending.get(message.request)
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
                    continue
                if message.request <= self._requests:
                    continue  # who asked waits no more
            try:
                answer = await self.handler.on_message(self, message)
            except PeerFault as error:
                self.fault(50, str(error))
            else:
                if answer is not None:
                    self.send(answer)


class Liar:
    """A peer of the test's making: `answer` says what it answers, None for nothing."""

    def __init__(self, answer: Callable[[Message], Response | None], *, claims: int = 10**6) -> None:
        self.answer = answer
        self.claimed = Head(number=claims, hash=Hash32(b"\x99" * 32))
        self.asked: list[Message] = []

    def head(self) -> Head:
        return self.claimed

    async def on_peer(self, peer: Any) -> None:
        """It says nothing by itself."""

    def on_gone(self, peer: Any) -> None:
        """It doesn't care."""

    async def on_message(self, peer: Any, message: Message) -> Response | None:
        self.asked.append(message)
        return self.answer(message)


class Network:
    """Nodes by name, and connections between them."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self.nodes: dict[str, PeerService] = {}
        self.ends: dict[tuple[str, str], End] = {}
        """(whose, to whom)."""
        self._handlers: dict[str, Any] = {}

    def add(self, name: str, chain: ToyChain, *, store: MemoryValues | None = None, **options: Any) -> PeerService:
        values = store or MemoryValues()
        signer = BlockSigner(
            chain_id=CHAIN_ID,
            private_key=KEY,
            store=values,
            was_dropped=lambda block_hash, number: chain.canonical_hash(number) not in (None, block_hash),
        )
        service = PeerService(
            chain=chain,
            store=values,
            chain_id=CHAIN_ID,
            sequencer=lambda: SEQUENCER,
            unix_clock=lambda: float(NOW),
            clock=asyncio.get_running_loop().time,
            signer=signer,
            **options,
        )
        self.nodes[name] = self._handlers[name] = service
        self._tasks.create_task(service.run())
        return service

    def add_liar(self, name: str, answer: Callable[[Message], Response | None], *, claims: int = 10**6) -> Liar:
        liar = self._handlers[name] = Liar(answer, claims=claims)
        return liar

    def connect(self, one: str, other: str) -> End:
        """The end that `one` holds."""
        ours = End(other, self._handlers[one], self._handlers[other].head())
        theirs = End(one, self._handlers[other], self._handlers[one].head())
        ours.other, theirs.other = theirs, ours
        self.ends[one, other], self.ends[other, one] = ours, theirs
        for end in (ours, theirs):
            self._tasks.create_task(end.pump())
        return ours


@asynccontextmanager
async def network() -> AsyncIterator[Network]:
    """Runs until left; a bug in any node fails the test."""
    stop = asyncio.Event()

    class Stop(Exception):
        """Ends the group."""

    async def wait() -> None:
        await stop.wait()
        raise Stop

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(wait())
            yield Network(tasks)
            stop.set()
    except* Stop:
        pass


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what must come; a minute is for machines that are busy."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event of its own
            await asyncio.sleep(0.005)
