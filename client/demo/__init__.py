"""The demonstration: four Datanets from the first row to the claimed reward, over JSON-RPC like any outsider.

    cast.py      who plays whom among the funded accounts
    stages.py    Datanets, models, inferences, epoch: each stage as functions of a `Chain`
    run.py       the stages in order, telling a listener how far they are
    ledger.py    what each account earned, and that the wei add up
    footprint.py what the chain posted to L1 for it
    report.py    the closing tables

Start reading at `run.py`.
"""

from client.demo.run import DemoOptions, DemoResult, ProgressListener, run_demo

__all__ = ["DemoOptions", "DemoResult", "ProgressListener", "run_demo"]
