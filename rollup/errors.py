"""What can be expected to go wrong between L1 and L2.

NodeError
├── CodecError                bytes on L1 that are no frame, channel or batch
├── DerivationReset           L1 was reorganised under the pipeline: start again from the heads
├── L1Unavailable             the L1 endpoint is away, slow or behind
├── L1Rejected                the L1 endpoint understood and refused
├── BatcherBlobsUnsupported   the batcher posts blobs, which derivation may neither read nor skip (rollup.derivation)
├── SafeChainContradicted     L1 did not change, but gives other blocks than the safe ones on disk
├── FinalityContradicted      L1 is another chain than the one that finalized our blocks
├── RollupConfigError         rollup.json or genesis.json can't be used
├── EngineError               the engine can't do what was asked of it now
├── SequencerControlRefused   an operator's start or stop doesn't fit what the sequencer does now
└── BatcherControlRefused     the same of the batcher
"""

from state.errors import Blame, DecodeError, NodeError, Severity


class CodecError(DecodeError):
    """Bytes on L1 that are no frame, channel or batch; derivation skips them as the specification says."""

    blame = Blame.UPSTREAM


class DerivationReset(NodeError):
    """L1 was reorganised under the pipeline."""

    severity = Severity.RESET
    blame = Blame.UPSTREAM


class L1Unavailable(NodeError):
    """The L1 endpoint did not answer, or does not have what was asked for yet."""

    severity = Severity.TEMPORARY
    blame = Blame.UPSTREAM


class L1Rejected(NodeError):
    """The L1 endpoint answered with an error that trying again would not heal."""

    blame = Blame.OPERATOR


class SafeChainContradicted(NodeError):
    """Derivation from unchanged L1 data gives another block than the safe one on disk: data or code is damaged."""

    severity = Severity.CRITICAL
    blame = Blame.OURSELVES


class FinalityContradicted(NodeError):
    """L1 has another block where the finalized head came from: the endpoint serves another chain, or finality broke."""

    severity = Severity.CRITICAL
    blame = Blame.UPSTREAM


class RollupConfigError(NodeError):
    """rollup.json or genesis.json is malformed, or the two do not belong together."""

    severity = Severity.CRITICAL
    blame = Blame.OPERATOR


class EngineError(NodeError):
    """The engine can't do what was asked of it in the state that it is in."""

    severity = Severity.TEMPORARY


class InvalidPayload(EngineError):
    """A batch's transactions don't execute; the same payload with its deposits only takes its place (Holocene)."""

    severity = Severity.NONE
    blame = Blame.UPSTREAM


class SequencerControlRefused(NodeError):
    """An operator starts a sequencer that runs, stops one that doesn't, or names another head than it has."""

    blame = Blame.OPERATOR


class BatcherControlRefused(NodeError):
    """An operator starts a batcher that runs or stops one that doesn't."""

    blame = Blame.OPERATOR
