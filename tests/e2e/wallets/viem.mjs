// A viem 2 user. Usage: node viem.mjs setting.json → one JSON object a step on standard output.
import {
  BaseError, ContractFunctionRevertedError, createPublicClient, createWalletClient, defineChain, encodeFunctionData, hashTypedData, http,
  parseEventLogs, webSocket,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { eventually, refusal, setting, step, within } from './steps.mjs'

const chain = defineChain({
  id: setting.chainId, name: 'OpenLedger', nativeCurrency: { name: 'OPEN', symbol: 'OPEN', decimals: 18 },
  rpcUrls: { default: { http: [setting.rpc], webSocket: [setting.ws] } },
})
const account = privateKeyToAccount(setting.keys.viem)
const slow = { timeout: 60_000 }
const common = { chain, pollingInterval: 250, cacheTime: 0 }
const client = createPublicClient({ ...common, transport: http(undefined, slow) })
const wallet = createWalletClient({ ...common, account, transport: http(undefined, slow) })
const to = setting.nobody
const received = (hash, from = client) => from.waitForTransactionReceipt({ hash, timeout: 240_000 })
const names = (error) => { const found = []; for (let one = error; one; one = one.cause) found.push(one.name); return found }
const counted = { address: null, abi: setting.counterAbi }

await step('connect', async () => ({
  chainId: await client.getChainId(), balance: await client.getBalance({ address: account.address }),
  nonce: await client.getTransactionCount({ address: account.address }),
  estimate: await client.estimateGas({ account, to, value: 1n }),
  fees: Object.keys(await client.estimateFeesPerGas()), code: (await client.getCode({ address: to })) ?? '0x',
}))

for (const [name, fields] of Object.entries({
  eip1559: { type: 'eip1559' },
  legacy: { type: 'legacy' },
  accessList: { type: 'eip2930', accessList: [{ address: to, storageKeys: ['0x' + '00'.repeat(32)] }] },
})) {
  await step(name, async () => {
    const hash = await wallet.sendTransaction({ to, value: 7n, ...fields })
    const receipt = await received(hash)
    const found = await client.getTransaction({ hash })
    return { status: receipt.status, type: receipt.type, found: found.type, value: found.value, sameHash: found.hash === hash }
  })
}

await step('setCode', async () => {
  const authority = privateKeyToAccount(generatePrivateKey())
  const authorization = await wallet.signAuthorization({ account: authority, contractAddress: setting.delegate })
  const hash = await wallet.sendTransaction({ to: authority.address, authorizationList: [authorization] })
  const receipt = await received(hash)
  const found = await client.getTransaction({ hash })
  return {
    status: receipt.status, type: receipt.type, authorizations: found.authorizationList.length,
    code: await client.getCode({ address: authority.address }),
  }
})

await step('contract', async () => {
  const deployed = await received(await wallet.deployContract({ abi: setting.counterAbi, bytecode: setting.counterCode }))
  counted.address = deployed.contractAddress
  const increment = () => wallet.writeContract({ ...counted, functionName: 'increment' })
  const receipt = await received(await increment())
  await received(await increment())
  const logs = await client.getContractEvents({
    ...counted, eventName: 'Counted', args: { who: account.address }, fromBlock: receipt.blockNumber, strict: true,
  })
  const { result } = await client.simulateContract({ ...counted, account, functionName: 'increment' })
  return {
    count: await client.readContract({ ...counted, functionName: 'count' }), static: result,
    estimate: await client.estimateContractGas({ ...counted, account, functionName: 'increment' }),
    logs: logs.map((log) => [log.args.who === account.address, log.args.count]),
    inReceipt: parseEventLogs({ abi: setting.counterAbi, logs: receipt.logs }).length,
  }
})

await step('filter', async () => {
  const filter = await client.createContractEventFilter({ ...counted, eventName: 'Counted' })
  await received(await wallet.writeContract({ ...counted, functionName: 'increment' }))
  const news = async () => (await client.getFilterChanges({ filter })).length
  const changes = await within(120, eventually(news), 'the log')
  const left = await client.getFilterChanges({ filter })
  return { changes, left: left.length, gone: await client.uninstallFilter({ filter }) }
})

await step('customError', async () => {
  const call = { address: setting.datanets, abi: setting.datanetsAbi, functionName: 'finalize', args: [987654n], account }
  const revert = (error) => error.walk((inner) => inner instanceof ContractFunctionRevertedError)?.data
  const called = revert(await refusal(client.simulateContract(call)))
  const sent = revert(await refusal(wallet.writeContract(call)))
  return { name: called?.errorName, args: called?.args, nameOnSend: sent?.errorName }
})

await step('refusals', async () => {
  const fees = await client.estimateFeesPerGas()
  const poor = privateKeyToAccount(generatePrivateKey())
  const nonce = await client.getTransactionCount({ address: account.address, blockTag: 'pending' })
  const send = (fields) => wallet.sendTransaction({ to, gas: 21_000n, ...fees, ...fields })
  const tooLow = await refusal(send({ nonce: 0, value: 1n }))
  const insufficient = await refusal(send({ account: poor, value: 1n }))
  const estimate = await refusal(client.estimateGas({ account: poor, to, value: 1n }))
  await send({ nonce: nonce + 1, value: 1n }) // queued behind a gap, so that nothing mines it
  const underpriced = await refusal(send({ nonce: nonce + 1, value: 2n }))
  const belowBase = await refusal(client.estimateGas({ account, to, maxFeePerGas: 1n, maxPriorityFeePerGas: 0n }))
  const tipAboveCap = await refusal(send({ maxFeePerGas: 10n ** 9n, maxPriorityFeePerGas: 10n ** 10n }))
  await received(await send({ nonce }))
  return {
    tooLow: names(tooLow), insufficient: names(insufficient), estimate: names(estimate), underpriced: underpriced.details,
    belowBase: names(belowBase), tipAboveCap: names(tipAboveCap),
  }
})

await step('voucher', async () => {
  const { EIP712Domain, ...types } = setting.voucher.types
  const { domain, message, primaryType } = setting.voucher
  const typed = { domain, types, primaryType, message }
  return { digest: hashTypedData(typed), signature: await wallet.signTypedData(typed) }
})

await step('batch', async () => {
  const batched = createPublicClient({ ...common, transport: http(undefined, { ...slow, batch: { batchSize: 100 } }) })
  const found = await Promise.all(Array.from({ length: 100 }, (_, index) => batched.getBlock({ blockNumber: BigInt(index % 2) })))
  return { answers: found.length, right: found.every((block, index) => block.number === BigInt(index % 2)) }
})

await step('heads', async () => {
  const [finalized, safe, latest] = [
    await client.getBlock({ blockTag: 'finalized' }), await client.getBlock({ blockTag: 'safe' }), await client.getBlock()]
  return { finalized: Number(finalized.number), safe: Number(safe.number), latest: Number(latest.number) }
})

await step('deposit', async () => {
  const found = await client.getTransaction({ hash: setting.deposit })
  const receipt = await client.getTransactionReceipt({ hash: setting.deposit })
  const block = await client.getBlock({ blockHash: found.blockHash, includeTransactions: true })
  return {
    type: found.typeHex, value: found.value, status: receipt.status, receiptType: receipt.type,
    inBlock: block.transactions.some((one) => one.hash === setting.deposit),
  }
})

await step('pending', async () => {
  const fresh = privateKeyToAccount(generatePrivateKey()).address
  const head = await client.getBlockNumber()
  const hash = await wallet.sendTransaction({ to: fresh, value: 9n })
  // A pending block that took long to make is shown for a while.
  const paid = () => client.getBalance({ address: fresh, blockTag: 'pending' })
  const balance = await within(120, eventually(paid), 'the pending transfer')
  const block = await client.getBlock({ blockTag: 'pending', includeTransactions: true })
  await received(hash)
  return { balance, hash: block.hash, isAhead: block.number > head, bodies: block.transactions.every((one) => one.input) }
})

await step('simulation', async () => {
  const fresh = privateKeyToAccount(generatePrivateKey()).address
  const [first, second] = await client.simulateBlocks({
    traceTransfers: true,
    blocks: [
      { calls: [{ account: fresh, to, value: 5n }], stateOverrides: [{ address: fresh, balance: 6n }] },
      { calls: [{ account: fresh, to: counted.address, data: '0x00000000' }], blockOverrides: { time: 4102444800n } },
    ],
  })
  const list = await client.createAccessList({
    account, to: counted.address, data: encodeFunctionData({ ...counted, functionName: 'increment' }),
  })
  const overridden = await client.call({
    to: fresh, stateOverride: [{ address: fresh, code: '0x435f5260205ff3' }], blockOverrides: { number: 77n },
  })
  const filled = await wallet.prepareTransactionRequest({ to, value: 1n })
  return {
    transfers: first.calls[0].logs.map((log) => log.address), statuses: [first.calls[0].status, second.calls[0].status],
    isChained: second.parentHash === first.hash, time: second.timestamp,
    listed: list.accessList.map((entry) => [entry.address === counted.address.toLowerCase(), entry.storageKeys.length > 0]),
    number: overridden.data, filled: [filled.type, filled.gas, filled.chainId === setting.chainId, filled.nonce > 0],
  }
})

await step('subscription', async () => {
  const socket = createPublicClient({ ...common, transport: webSocket(undefined, slow) })
  const seen = []
  const blocks = within(120, new Promise((resolve) => {
    socket.watchBlocks({ onBlock: (block) => seen.push(Number(block.number)) === 3 && resolve(seen.slice(0, 3)) })
  }), 'three blocks')
  const logged = within(120, new Promise((resolve) => {
    socket.watchContractEvent({ ...counted, eventName: 'Counted', onLogs: ([log]) => resolve(log.args.count) })
  }), 'the log')
  for (let turn = 0; turn < 2; turn++) await socket.getChainId() // answered after the subscriptions are made
  const before = await client.readContract({ ...counted, functionName: 'count' })
  await received(await wallet.writeContract({ ...counted, functionName: 'increment' }))
  return { blocks: await blocks, grew: (await logged) - before }
})

await step('burst', async () => {
  const sender = privateKeyToAccount(setting.keys.viemBurst)
  const transport = http(setting.followerRpc, slow)
  const follower = createPublicClient({ ...common, transport })
  const quick = createWalletClient({ ...common, account: sender, transport })
  const nonceOf = () => follower.getTransactionCount({ address: sender.address, blockTag: 'pending' })
  const first = await nonceOf()
  const hashes = []
  let inOrder = true
  for (let index = 0; index < 50; index++) {
    const nonce = await nonceOf()
    inOrder &&= nonce === first + index
    hashes.push(await quick.sendTransaction({ to, value: 1n, nonce, gas: 21_000n }))
  }
  const receipts = await Promise.all(hashes.map((hash) => received(hash, follower)))
  return {
    nonces: inOrder, ok: receipts.filter((one) => one.status === 'success').length,
    after: (await follower.getTransactionCount({ address: sender.address })) - first,
  }
})
process.exit(0)
