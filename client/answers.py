"""Answers without a neural network: the contributed row that is nearest to a question, and the record of it."""

from collections.abc import Mapping, Sequence

from eth_utils.crypto import keccak

from client.datasets import Row
from client.errors import BadInput
from client.evidence import METHOD_TOKEN_EVIDENCE, EvidenceIndex, tokenize
from contracts.records import PPM, Record, record_hash


class RetrievalModel:
    """Answers a question with the response of the row whose prompt shares the largest part of its tokens."""

    def __init__(self, rows_by_contribution: Mapping[int, Sequence[Row]]) -> None:
        """Raises BadInput for no rows."""
        self._rows = [row for _, rows in sorted(rows_by_contribution.items()) for row in rows]
        if not self._rows:
            raise BadInput("a model that answers from rows needs at least one")
        self._prompts = [frozenset(tokenize(row.prompt)) for row in self._rows]
        self.evidence = EvidenceIndex({i: [row.response for row in rows] for i, rows in rows_by_contribution.items()})

    def answer(self, question: str) -> str:
        """The nearest row's response; the first of several that are as near."""
        asked = frozenset(tokenize(question))
        best, best_shared, best_union = 0, 0, 1
        for index, prompt in enumerate(self._prompts):
            shared, union = len(asked & prompt), len(asked | prompt) or 1
            if shared * best_union > best_shared * union:
                best, best_shared, best_union = index, shared, union
        return self._rows[best].response


def answer_record(model_id: int, checkpoint: int, index: EvidenceIndex, prompt: str, response: str) -> Record:
    """The record of one answer, shares by token evidence. Raises NoEvidence where nobody can be credited."""
    shares = index.shares(response)
    evidence = b"".join(s.contribution_id.to_bytes(4, "big") + s.ppm.to_bytes(4, "big") for s in shares)
    return Record(
        model_id=model_id,
        checkpoint=checkpoint,
        payer_index=0,
        tokens_in=len(tokenize(prompt)),
        tokens_out=len(tokenize(response)),
        method=METHOD_TOKEN_EVIDENCE,
        evidence_ppm=PPM,
        record_hash=record_hash(keccak(text=prompt), keccak(text=response), keccak(evidence)),
        shares=shares,
    )
