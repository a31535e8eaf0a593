// viem's test client, every action that both Anvil and Hardhat have: node viem.mjs RPC anvil|hardhat
import { createTestClient, http, parseEther, publicActions, walletActions } from "viem"

const [rpc, mode] = process.argv.slice(2)
const client = createTestClient({ mode, transport: http(rpc, { timeout: 60_000 }) }).extend(publicActions).extend(walletActions)
const chainId = await client.getChainId()
const chain = { id: chainId, name: "sandbox", nativeCurrency: { name: "OPEN", symbol: "OPEN", decimals: 18 },
  rpcUrls: { default: { http: [rpc] } } }
const say = (step, facts) => console.log(JSON.stringify({ step, ...facts }, (_, v) => typeof v === "bigint" ? String(v) : v))
const [first, second] = await client.getAddresses()
const contract = "0x4F50454E00000000000000000000000000000001"
const nobody = "0x4242424242424242424242424242424242424242"

await client.reset()
const start = await client.snapshot()

await client.setBalance({ address: nobody, value: parseEther("3") })
await client.setNonce({ address: nobody, nonce: 5 })
await client.setCode({ address: nobody, bytecode: "0x602a60015500" })
await client.setStorageAt({ address: nobody, index: 1, value: `0x${"00".repeat(31)}07` })
const proof = await client.getProof({ address: nobody, storageKeys: [`0x${"00".repeat(31)}01`] })
say("forged", {
  balance: await client.getBalance({ address: nobody }), nonce: await client.getTransactionCount({ address: nobody }),
  code: await client.getCode({ address: nobody }), proven: proof.balance, slot: proof.storageProof[0].value,
  number: await client.getBlockNumber({ cacheTime: 0 }),
})

const before = await client.getBlock()
await client.mine({ blocks: 3, interval: 12 })
const after = await client.getBlock()
say("mined", { blocks: after.number - before.number })

await client.increaseTime({ seconds: 86_400 })
await client.mine({ blocks: 1 })
const later = await client.getBlock()
await client.setNextBlockTimestamp({ timestamp: later.timestamp + 1_000n })
await client.setNextBlockBaseFeePerGas({ baseFeePerGas: 7n })
await client.setBlockGasLimit({ gasLimit: 25_000_000n })
await client.setCoinbase({ address: second })
const hash = await client.sendTransaction({ account: first, to: nobody, value: 1n, gas: 100_000n, chain })
const receipt = await client.waitForTransactionReceipt({ hash })
const block = await client.getBlock({ blockHash: receipt.blockHash })
say("travelled", {
  day: later.timestamp - after.timestamp >= 86_400n, exact: block.timestamp - later.timestamp,
  baseFee: block.baseFeePerGas, gasLimit: block.gasLimit, miner: block.miner === second.toLowerCase(),
  slot: Number(await client.getStorageAt({ address: nobody, slot: "0x1" })), status: receipt.status,
})

await client.impersonateAccount({ address: contract })
await client.setBalance({ address: contract, value: parseEther("1") })
const made = await client.sendTransaction({ account: contract, to: second, value: 9n, chain })
await client.stopImpersonatingAccount({ address: contract })
const refused = await client.sendTransaction({ account: contract, to: second, value: 9n, chain })
  .then(() => "sent", (error) => error.details)
const { from } = await client.waitForTransactionReceipt({ hash: made })
say("impersonated", { from, refused })

await client.setAutomine(false)
const waiting = await client.sendTransaction({ account: first, to: second, value: 1n, chain })
const pending = await client.getTransaction({ hash: waiting })
await client.dropTransaction({ hash: waiting })
const dropped = await client.getTransaction({ hash: waiting }).then(() => false, () => true)
const automine = await client.getAutomine()
await client.setAutomine(true)
say("dropped", { pending: pending.blockNumber, dropped, automine })

if (mode === "anvil") {
  await client.setBlockTimestampInterval({ interval: 5 })
  const one = await client.getBlock()
  await client.mine({ blocks: 1 })
  const two = await client.getBlock()
  await client.removeBlockTimestampInterval()
  const unsigned = await client.sendUnsignedTransaction({ from: contract, to: second, value: 1n })
  say("anvil", { apart: two.timestamp - one.timestamp,
    unsigned: (await client.waitForTransactionReceipt({ hash: unsigned })).status })
}

await client.revert({ id: start })
say("reverted", { number: await client.getBlockNumber({ cacheTime: 0 }), balance: await client.getBalance({ address: nobody }) })
