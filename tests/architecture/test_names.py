"""The folders at the repository root are the import packages (ADR 0001)."""

from importlib import metadata

OURS = {"node", "rollup", "state", "rpc", "p2p", "contracts", "client", "ai", "studio"}


def test_no_installed_distribution_claims_one_of_our_names() -> None:
    claims = {
        name: [d for d in distributions if d.lower().replace("_", "-") != "openledger-node"]
        for name, distributions in metadata.packages_distributions().items()
        if name in OURS
    }
    assert {name: others for name, others in claims.items() if others} == {}
