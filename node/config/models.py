"""The settings of each process. Times are seconds, sizes bytes."""

from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from rpc.limits import Access, RateLimit


def _split(value: object) -> object:
    """A list as a flag or variable writes it: names with commas between them."""
    return [part for part in (piece.strip() for piece in value.split(",")) if part] if isinstance(value, str) else value


Port = Annotated[int, Field(ge=0, le=65_535)]
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""A TOML list, or one text with commas."""


def _networks(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        ip_network(name)  # its ValueError says what is wrong
    return names


Networks = Annotated[Names, AfterValidator(_networks)]
"""Names that are IP addresses or networks."""


class Role(StrEnum):
    """What a node does for its chain."""

    SEQUENCER = "sequencer"
    FOLLOWER = "follower"


class Pruning(StrEnum):
    """Which states of old blocks a node keeps. Blocks and receipts stay either way."""

    ARCHIVE = "archive"
    FULL = "full"


class ProcessConfig(BaseModel):
    """What every process has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data_dir: Path = Field(default=Path("data"), description="Where this process keeps its LevelDB and its files.")
    rpc_host: str = Field(default="127.0.0.1", description="Address that JSON-RPC listens on.")
    rpc_port: Port = Field(default=8545, description="Port of JSON-RPC, HTTP and WebSocket; 0 takes a free one.")
    rpc_hosts: Names = Field(
        default=("localhost",),
        description="Names, with commas, that a request's Host header may carry; IP addresses always may; * is any.",
    )
    rpc_origins: Names = Field(
        default=("http://localhost", "http://127.0.0.1"),
        description="Web origins, with commas, whose pages may talk to this node; without a port any port; * is any.",
    )
    rpc_rate_limit: float = Field(
        default=1_000.0,
        ge=0,
        description="JSON-RPC calls a second that each client address may make, batch members counted; 0 is no limit.",
    )
    rpc_rate_burst: int = Field(
        default=10_000, ge=0, description="Calls that a client which was quiet may make at once; 0: those of a second."
    )
    rpc_rate_exempt: Networks = Field(
        default=("127.0.0.0/8", "::1"),
        description="Addresses and networks, with commas, that rpc_rate_limit does not hold for.",
    )
    rpc_trusted_proxies: Networks = Field(
        default=(),
        description="Addresses and networks, with commas, whose X-Forwarded-For names the client; no other counts.",
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error."
    )
    log_format: str = Field(default="console", pattern="^(console|json)$", description="console or json.")
    metrics_port: Port | None = Field(
        default=None, description="Port of Prometheus metrics, on the same address; off without it."
    )
    readers: int = Field(default=1, ge=0, le=16, description="Reader processes; 0 answers reads in this process.")

    @property
    def access(self) -> Access:
        """Who may talk to the JSON-RPC server."""
        return Access(hosts=self.rpc_hosts, origins=self.rpc_origins)

    @property
    def rates(self) -> RateLimit:
        """How many calls a client may make."""
        return RateLimit(
            calls_per_second=self.rpc_rate_limit,
            burst=self.rpc_rate_burst,
            exempt=self.rpc_rate_exempt,
            trusted_proxies=self.rpc_trusted_proxies,
        )


class L1Config(ProcessConfig):
    """`openledger l1`: the simulated L1."""

    rpc_port: Port = Field(default=8645, description="Port of JSON-RPC, HTTP and WebSocket; 0 takes a free one.")
    readers: int = Field(default=0, ge=0, le=16, description="Reader processes; 0 answers reads in this process.")
    genesis: Path = Field(default=Path("l1-genesis.json"), description="genesis.json of the L1.")
    block_time: int = Field(default=6, ge=1, le=3600, description="Time between L1 blocks.")
    safe_blocks: int = Field(default=4, ge=0, le=10_000, description="Blocks behind the head that are safe.")
    finality_blocks: int = Field(default=8, ge=0, le=10_000, description="Blocks behind the head that are final.")
    seed: int = Field(default=900, ge=0, description="Seed of prevRandao and of reorg branches.")


class NodeConfig(ProcessConfig):
    """`openledger node`: a sequencer or a follower."""

    role: Role = Field(default=Role.FOLLOWER, description="sequencer or follower.")
    l1_rpc: str = Field(default="http://127.0.0.1:8645", description="URL of the L1's JSON-RPC.")
    rollup: Path = Field(default=Path("rollup.json"), description="rollup.json of the network.")
    genesis: Path = Field(default=Path("genesis.json"), description="genesis.json of the network.")
    l1_addresses: Path | None = Field(
        default=None, description="JSON file with the addresses of the L1 contracts; the proposer needs it."
    )
    sequencer_rpc: str | None = Field(
        default=None, description="Where a follower forwards transactions; without it they are refused."
    )
    p2p_host: str = Field(default="127.0.0.1", description="Address that peers connect to.")
    p2p_port: Port | None = Field(
        default=None,
        description="Port that peers connect to, usually 9222; 0 takes a free one; off without it.",
    )
    p2p_peers: Names = Field(
        default=(), description="host:port, with commas, of peers that are always connected to; others are found."
    )
    p2p_advertise: str | None = Field(
        default=None, description="host:port that other nodes are told to connect to; without it they are told none."
    )
    p2p_key: Path | None = Field(
        default=None,
        description="File with the node's own key; made if it isn't there; p2p.key in data_dir without it.",
    )
    p2p_max_peers: int = Field(default=32, ge=1, le=512, description="Connections to peers, both ways together.")
    p2p_sequencer_key: Path | None = Field(
        default=None,
        description="File with the key of the unsafe block signer, with which a sequencer signs the blocks it gossips.",
    )
    p2p_sequencer_address: str | None = Field(
        default=None,
        pattern="^0x[0-9a-fA-F]{40}$",
        description="Whose signature gossiped blocks must carry; without it SystemConfig on L1 is asked.",
    )
    admin_port: Port | None = Field(
        default=None,
        description="Port of admin_*, for holders of the admin secret; off without it, 0 takes a free one.",
    )
    admin_host: str = Field(default="127.0.0.1", description="Address that admin_* listens on.")
    admin_secret: Path | None = Field(
        default=None,
        description=(
            "File with the secret of admin_*, 64 hexadecimal digits; made if it isn't there; admin.jwt in data_dir "
            "without it."
        ),
    )
    sequencer_stopped: bool = Field(
        default=False, description="Start a sequencer that builds nothing until admin_startSequencer."
    )
    keystore_password: Path | None = Field(
        default=None, description="File with the password of key files that are encrypted (keystores, version 3)."
    )
    etcd: Names = Field(
        default=(),
        description=(
            "Client URLs of etcd's members, with commas, through which the sequencer's candidates agree on who leads; "
            "one sequencer, always, without it."
        ),
    )
    etcd_lease: float = Field(
        default=2.0,
        ge=1,
        le=60,
        description="Time after which a leader that fell silent leads no more, whole seconds; etcd's least is 2.",
    )
    etcd_user: str | None = Field(default=None, description="User name towards etcd, where it asks for one.")
    etcd_password: Path | None = Field(default=None, description="File with that user's password.")
    candidate_name: str | None = Field(
        default=None, description="Name of this candidate, as the others show it; the host's name without it."
    )
    candidate_rpc: str | None = Field(
        default=None, description="URL of this candidate's JSON-RPC, as the others reach it while it leads."
    )
    batcher: bool = Field(default=True, description="Run the batcher inside the sequencer.")
    batcher_key: Path | None = Field(
        default=None, description="File with the batcher's private key: hexadecimal, or a keystore."
    )
    proposer: bool = Field(default=True, description="Run the proposer inside the sequencer.")
    proposer_key: Path | None = Field(
        default=None, description="File with the proposer's private key: hexadecimal, or a keystore."
    )
    proposer_interval: int = Field(default=30, ge=1, description="L2 blocks between output roots.")
    l1_poll: float = Field(default=2.0, gt=0, le=600, description="Time between looks at L1.")
    l1_confirmations: int = Field(default=4, ge=0, le=64, description="L1 blocks that an L1 origin must be deep.")
    channel_blocks: int = Field(default=5, ge=1, le=40, description="L1 blocks after which a channel is posted.")
    max_unsafe_blocks: int = Field(
        default=1_800, ge=10, description="Unsafe blocks ahead of safe at which the sequencer takes no transactions."
    )
    address_index: bool = Field(
        default=False,
        description=(
            "Keep an index of transactions by address, which ots_searchTransactions* need, from the next block on."
        ),
    )
    pruning: Pruning = Field(
        default=Pruning.ARCHIVE,
        description=(
            "archive keeps the state of every block, full those of the last 128 and all from the finalized head on; "
            "fixed when data_dir is first used, but for `openledger prune`."
        ),
    )
    audit_share: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Share of blocks that the reference executor runs again, in a process of its own; 0 is none.",
    )
    max_head_age: float | None = Field(
        default=None,
        gt=0,
        description=(
            "Age of the unsafe head, in seconds, beyond which the node is syncing and not ready; without it 60, or 900 "
            "for a follower without peers, whose blocks come through L1."
        ),
    )
    otlp_endpoint: str | None = Field(
        default=None,
        description=(
            "URL of an OpenTelemetry collector (OTLP over HTTP, e.g. http://127.0.0.1:4318) that gets the traces of "
            "transactions; off without it."
        ),
    )
    dev_accounts: bool = Field(
        default=False,
        description="Sign for the ten accounts of the devnet's public mnemonic, and run a faucet; devnets only.",
    )
    pool_slots: int = Field(default=5_120, ge=16, description="Executable transactions that the pool holds.")
    pool_queue: int = Field(default=1_024, ge=0, description="Queued transactions that the pool holds.")

    @property
    def head_age_bound(self) -> float:
        """Seconds that the unsafe head's time may be behind the clock."""
        if self.max_head_age is not None:
            return self.max_head_age
        return 900.0 if self.role is Role.FOLLOWER and self.p2p_port is None else 60.0


FORBIDDEN: dict[str, dict[str, object]] = {"production": {"dev_accounts": True}}
"""Values that a preset refuses, wherever they come from: everybody knows these accounts' keys."""
PRESETS: dict[str, dict[str, object]] = {
    "production": {},
    "devnet": {
        "address_index": True,
        "dev_accounts": True,
        "rpc_rate_limit": 0,
        "l1_poll": 0.5,
        "l1_confirmations": 0,
        "channel_blocks": 1,
        "proposer_interval": 10,
        "pool_slots": 20_000,
        "pool_queue": 5_000,
        "block_time": 3,
        "safe_blocks": 2,
        "finality_blocks": 8,
    },
}
"""Values that a preset puts over the defaults; a key that a process does not have is not applied to it."""
