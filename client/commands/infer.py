"""`openledger infer`."""

from pathlib import Path
from typing import Annotated, Final

import typer
from web3 import Web3

from client.amounts import format_open, parse_open
from client.answers import RetrievalModel, answer_record
from client.chain import Chain
from client.commands.options import L2_URL, KeyOption, RpcOption, new_app
from client.datanets import Datanets
from client.datasets import Row, content_root, load_rows
from client.errors import BadInput
from client.inference import Inference, PaidAnswer, Purse, fee_of
from client.keys import load_key
from client.models import Models
from client.staking import StakeKind, Staking, model_pool, worker_pool

app = new_app()

MAX_PROMPTS: Final = 500
"""So that the records of one settlement fit one transaction."""
MAX_PROMPT_FILE: Final = 4 * 1024 * 1024


@app.command()
def stake(
    amount: Annotated[str, typer.Argument(help="OPEN.")],
    key: KeyOption,
    model: Annotated[
        int | None, typer.Option(min=1, help="Stake on a model; without it on yourself, a worker.")
    ] = None,
    rpc: RpcOption = L2_URL,
) -> None:
    """Stake as a worker, who may then settle, or on a model: stakers earn a part of the fees."""
    chain, account = Chain(rpc), load_key(key)
    kind, pool = (
        (StakeKind.WORKER, worker_pool(account.address)) if model is None else (StakeKind.MODEL, model_pool(model))
    )
    staking = Staking(chain)
    chain.wait(staking.stake(account, kind, pool, parse_open(amount)))
    typer.echo(f"the pool holds {format_open(staking.total(kind, pool))} OPEN")


@app.command()
def deposit(
    worker: Annotated[str, typer.Argument(help="The worker's address.")],
    amount: Annotated[str, typer.Argument(help="OPEN.")],
    key: KeyOption,
    rpc: RpcOption = L2_URL,
) -> None:
    """Set OPEN aside for one worker: what `pay` is paid from."""
    if not Web3.is_address(worker):
        raise BadInput(f"{worker!r} is no address")
    chain, account = Chain(rpc), load_key(key)
    inference, address = Inference(chain), Web3.to_checksum_address(worker)
    chain.wait(inference.deposit_for(account, address, parse_open(amount)))
    typer.echo(f"{format_open(inference.allocation(account.address, address))} OPEN set aside for {address}")


@app.command()
def quote(
    model_id: Annotated[int, typer.Argument(min=1, help="The model's id.")],
    tokens_in: Annotated[int, typer.Argument(min=0, max=2**32 - 1, help="Tokens of the question.")],
    tokens_out: Annotated[int, typer.Argument(min=0, max=2**32 - 1, help="Tokens of the answer.")],
    rpc: RpcOption = L2_URL,
) -> None:
    """Print what an answer costs, all-inclusive."""
    typer.echo(f"{format_open(Inference(Chain(rpc)).quote(model_id, tokens_in, tokens_out))} OPEN")


@app.command()
def pay(
    model_id: Annotated[int, typer.Argument(min=1, help="The model's id.")],
    prompts: Annotated[Path, typer.Argument(help="Questions, one a line.")],
    rows: Annotated[list[str], typer.Option(help="CONTRIBUTION=FILE.jsonl; its hash must be the chain's. Repeat it.")],
    key: KeyOption,
    worker_key: Annotated[str, typer.Option(help="The worker's key: it answers and settles.")],
    rpc: RpcOption = L2_URL,
) -> None:
    """Answer questions from contributed rows, credit them by token evidence, and settle by one voucher."""
    questions = _questions(prompts)
    chain, payer, worker = Chain(rpc), load_key(key), load_key(worker_key)
    checkpoint, price_in, price_out = Models(chain).offer(model_id)
    if checkpoint == 0:
        raise BadInput(f"model {model_id} is not on offer")
    model = RetrievalModel(dict(_verified_rows(Datanets(chain), text) for text in rows))
    purse = Purse(payer, worker.address, chain.timestamp(), chain.chain_id)
    answers = []
    for question in questions:
        answer = model.answer(question)
        record = answer_record(model_id, checkpoint, model.evidence, question, answer)
        answers.append(PaidAnswer(payer=payer.address, fee=fee_of(record, price_in, price_out), record=record))
        typer.echo(f"{question}\n  {answer}")
        shares = ", ".join(f"{share.ppm / 10_000:.2f} % to {share.contribution_id}" for share in record.shares)
        typer.echo(f"  {format_open(answers[-1].fee)} OPEN: {shares}")
    voucher = purse.pay(sum(answer.fee for answer in answers))
    inference = Inference(chain)
    sent = inference.settle(worker, answers, {payer.address: voucher}, inference.batch_nonce(worker.address))
    block = chain.wait(sent)["blockNumber"]
    typer.echo(f"settled {len(answers)} answers for {format_open(purse.cumulative)} OPEN in block {block}")


def _questions(file: Path) -> list[str]:
    try:
        if file.stat().st_size > MAX_PROMPT_FILE:
            raise BadInput(f"{file} has more than {MAX_PROMPT_FILE} bytes")
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} can't be read: {error}") from error
    questions = [line for line in lines if line]
    if not 1 <= len(questions) <= MAX_PROMPTS:
        raise BadInput(f"{file} has {len(questions)} questions, expected 1 to {MAX_PROMPTS}")
    return questions


def _verified_rows(datanets: Datanets, text: str) -> tuple[int, tuple[Row, ...]]:
    """(contribution id, rows) of CONTRIBUTION=FILE. Raises BadInput for rows that the chain does not know."""
    number, separator, file = text.partition("=")
    if not (separator and number.isdecimal() and int(number) < 2**32):
        raise BadInput(f"--rows {text!r} is malformed: expected CONTRIBUTION=FILE.jsonl")
    rows = load_rows(Path(file))
    expected = datanets.contribution(int(number)).content_root
    if content_root(rows) != expected:
        raise BadInput(f"{file} is not contribution {number}: its root is 0x{content_root(rows).hex()}")
    return int(number), rows
