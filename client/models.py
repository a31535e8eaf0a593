"""Models: register, train, evaluate, deploy (CONTRACTS.md 08)."""

from collections.abc import Sequence
from typing import Final

from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes
from web3.types import TxReceipt

from client.chain import Chain, event_arguments

ADAPTER_FREE: Final = 0
"""Adapter type of models that are paid on token evidence alone (ATTRIBUTION.md, family F)."""
STATES: Final = ("none", "proposed", "approved", "trained", "evaluated", "deployed", "retired")


class Models:
    """The Models predeploy."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._contract = chain.contract("Models")

    def register(
        self,
        owner: LocalAccount,
        name: str,
        metadata_uri: str,
        base_model_hash: bytes,
        datanets: Sequence[int],
        parents: Sequence[int] = (),
    ) -> int:
        """The new model's id."""
        return self.registered(
            self._chain.wait(self.send_register(owner, name, metadata_uri, base_model_hash, datanets, parents))
        )

    def send_register(
        self,
        owner: LocalAccount,
        name: str,
        metadata_uri: str,
        base_model_hash: bytes,
        datanets: Sequence[int],
        parents: Sequence[int] = (),
    ) -> HexBytes:
        """Send the registration; `registered` reads the id from its receipt."""
        spec = (name, metadata_uri, base_model_hash, list(parents), list(datanets))
        return self._chain.send(owner, self._contract.functions.register(spec))

    def registered(self, receipt: TxReceipt) -> int:
        """The model's id in the receipt of its registration."""
        return int(event_arguments(self._contract, "ModelRegistered", receipt)["modelId"])

    def record_training(
        self,
        owner: LocalAccount,
        model_id: int,
        recipe_hash: bytes,
        checkpoint_hash: bytes,
        adapter_type: int,
        datanets: Sequence[int],
        versions: Sequence[int],
    ) -> int:
        """The new checkpoint's number. Reverts where a Datanet's licence does not allow it."""
        sent = self.send_training(owner, model_id, recipe_hash, checkpoint_hash, adapter_type, datanets, versions)
        return self.trained(self._chain.wait(sent))

    def send_training(
        self,
        owner: LocalAccount,
        model_id: int,
        recipe_hash: bytes,
        checkpoint_hash: bytes,
        adapter_type: int,
        datanets: Sequence[int],
        versions: Sequence[int],
    ) -> HexBytes:
        """Send the record of a training; `trained` reads the checkpoint from its receipt."""
        call = self._contract.functions.recordTraining(
            model_id, recipe_hash, checkpoint_hash, adapter_type, list(datanets), list(versions)
        )
        return self._chain.send(owner, call)

    def trained(self, receipt: TxReceipt) -> int:
        """The checkpoint's number in the receipt of its training."""
        return int(event_arguments(self._contract, "TrainingRecorded", receipt)["checkpoint"])

    def record_evaluation(
        self, owner: LocalAccount, model_id: int, checkpoint: int, benchmark: bytes, score_e6: int, report_hash: bytes
    ) -> HexBytes:
        """Send a benchmark's score, in millionths."""
        call = self._contract.functions.recordEvaluation(model_id, checkpoint, benchmark, score_e6, report_hash)
        return self._chain.send(owner, call)

    def deploy(
        self,
        owner: LocalAccount,
        model_id: int,
        checkpoint: int,
        price_in: int,
        price_out: int,
        evidence_ppm: int,
    ) -> HexBytes:
        """Send the offer of a checkpoint at prices in wei per 1,000 tokens."""
        call = self._contract.functions.deploy(model_id, checkpoint, price_in, price_out, evidence_ppm)
        return self._chain.send(owner, call)

    def retire(self, owner: LocalAccount, model_id: int) -> HexBytes:
        """Send what takes a model off the offer for good."""
        return self._chain.send(owner, self._contract.functions.retire(model_id))

    def prices(self, model_id: int, checkpoint: int) -> tuple[int, int]:
        """(price in, price out) of a checkpoint, wei per 1,000 tokens."""
        _, price_in, price_out, *_ = self._contract.functions.terms(model_id, checkpoint).call()
        return int(price_in), int(price_out)

    def offer(self, model_id: int) -> tuple[int, int, int]:
        """(checkpoint, price in, price out) that a model is offered with."""
        checkpoint, price_in, price_out = self._contract.functions.offer(model_id).call()
        return int(checkpoint), int(price_in), int(price_out)

    def count(self) -> int:
        """How many models there are; ids start at 1."""
        return int(self._contract.functions.modelCount().call())

    def describe(self, model_id: int) -> tuple[str, str, str, int]:
        """(name, owner, state, deployed checkpoint) of a model."""
        owner, state, _, deployed, _, spec = self._contract.functions.model(model_id).call()
        return str(spec[0]), str(owner), STATES[state], int(deployed)

    def datanets(self, model_id: int) -> list[int]:
        """The Datanets that a model was registered with."""
        return [int(number) for number in self._contract.functions.model(model_id).call()[5][4]]

    def checkpoints(self, model_id: int) -> int:
        """How many checkpoints are recorded; the newest has this number."""
        return int(self._contract.functions.model(model_id).call()[2])
