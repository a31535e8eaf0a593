// An ethers 6 user. Usage: node ethers.mjs setting.json → one JSON object a step on standard output.
import { Contract, ContractFactory, JsonRpcProvider, TypedDataEncoder, Wallet, WebSocketProvider } from 'ethers'
import { eventually, refusal, setting, step, within } from './steps.mjs'

const options = { pollingInterval: 250, cacheTimeout: -1 }
const provider = new JsonRpcProvider(setting.rpc, undefined, options)
const follower = new JsonRpcProvider(setting.followerRpc, undefined, options)
const wallet = new Wallet(setting.keys.ethers, provider)
const nobody = setting.nobody
let counter

await step('connect', async () => ({
  chainId: (await provider.getNetwork()).chainId,
  balance: await provider.getBalance(wallet.address),
  nonce: await provider.getTransactionCount(wallet.address),
  estimate: await provider.estimateGas({ from: wallet.address, to: nobody, value: 1n }),
  fees: Object.keys(await provider.getFeeData()),
  code: await provider.getCode(nobody),
}))

for (const [name, fields] of Object.entries({
  eip1559: { type: 2 },
  legacy: { type: 0 },
  accessList: { type: 1, accessList: [{ address: nobody, storageKeys: ['0x' + '00'.repeat(32)] }] },
})) {
  await step(name, async () => {
    const sent = await wallet.sendTransaction({ to: nobody, value: 7n, ...fields })
    const receipt = await within(120, sent.wait(), 'the receipt')
    const found = await provider.getTransaction(sent.hash)
    return { status: receipt.status, type: receipt.type, found: found.type, value: found.value, sameHash: found.hash === sent.hash }
  })
}

await step('setCode', async () => {
  const authority = Wallet.createRandom()
  const authorization = await authority.authorize({ address: setting.delegate, nonce: 0, chainId: setting.chainId })
  const sent = await wallet.sendTransaction({ to: authority.address, type: 4, authorizationList: [authorization] })
  const receipt = await within(120, sent.wait(), 'the receipt')
  const found = await provider.getTransaction(sent.hash)
  return {
    status: receipt.status, type: receipt.type, authorizations: found.authorizationList.length,
    code: await provider.getCode(authority.address),
  }
})

await step('contract', async () => {
  const deployed = await new ContractFactory(setting.counterAbi, setting.counterCode, wallet).deploy()
  await within(120, deployed.waitForDeployment(), 'the deployment')
  counter = deployed
  const receipt = await (await counter.increment()).wait()
  await (await counter.increment()).wait()
  const logs = await counter.queryFilter(counter.filters.Counted(wallet.address), receipt.blockNumber)
  return {
    count: await counter.count(), static: await counter.increment.staticCall(),
    estimate: await counter.increment.estimateGas(),
    logs: logs.map((log) => [log.args.who === wallet.address, log.args.count]),
  }
})

await step('filter', async () => {
  const where = { address: await counter.getAddress(), fromBlock: 'latest' }
  const filter = await provider.send('eth_newFilter', [where])
  await (await counter.increment()).wait()
  const news = async () => (await provider.send('eth_getFilterChanges', [filter])).length
  const changes = await within(120, eventually(news), 'the log')
  const left = await provider.send('eth_getFilterChanges', [filter])
  return { changes, left: left.length, gone: await provider.send('eth_uninstallFilter', [filter]) }
})

await step('customError', async () => {
  const datanets = new Contract(setting.datanets, setting.datanetsAbi, wallet)
  const called = await refusal(datanets.finalize.staticCall(987654n))
  const estimated = await refusal(datanets.finalize(987654n))
  return {
    code: called.code, name: called.revert?.name, args: [...called.revert.args],
    onSend: estimated.code, nameOnSend: datanets.interface.parseError(estimated.data)?.name,
  }
})

await step('refusals', async () => {
  const fees = await provider.getFeeData()
  const { maxFeePerGas, maxPriorityFeePerGas } = fees
  const base = { chainId: setting.chainId, to: nobody, type: 2, gasLimit: 21000, maxFeePerGas, maxPriorityFeePerGas }
  const send = async (signer, fields) => provider.broadcastTransaction(await signer.signTransaction({ ...base, ...fields }))
  const poor = Wallet.createRandom()
  const nonce = await provider.getTransactionCount(wallet.address, 'pending')
  const tooLow = await refusal(send(wallet, { nonce: 0, value: 1n }))
  const insufficient = await refusal(send(poor, { nonce: 0, value: 1n }))
  const estimate = await refusal(provider.estimateGas({ from: poor.address, to: nobody, value: 1n }))
  await send(wallet, { nonce: nonce + 1, value: 1n }) // queued behind a gap, so that nothing mines it
  const underpriced = await refusal(send(wallet, { nonce: nonce + 1, value: 2n }))
  await (await send(wallet, { nonce })).wait()
  return {
    tooLow: tooLow.code, insufficient: insufficient.code, estimate: estimate.code, underpriced: underpriced.code,
  }
})

await step('voucher', async () => {
  const { domain, types, message } = setting.voucher
  const { EIP712Domain, ...own } = types
  return {
    digest: TypedDataEncoder.hash(domain, own, message), signature: await wallet.signTypedData(domain, own, message),
  }
})

await step('batch', async () => {
  const batched = new JsonRpcProvider(setting.rpc, setting.chainId, { staticNetwork: true, batchMaxCount: 100 })
  const found = await Promise.all(Array.from({ length: 100 }, (_, index) => batched.getBlock(index % 2)))
  batched.destroy()
  return { answers: found.length, right: found.every((block, index) => block.number === index % 2) }
})

await step('heads', async () => {
  const [finalized, safe, latest] = [
    await provider.getBlock('finalized'), await provider.getBlock('safe'), await provider.getBlock('latest')]
  return { finalized: finalized.number, safe: safe.number, latest: latest.number }
})

await step('deposit', async () => {
  const found = await provider.getTransaction(setting.deposit)
  const receipt = await provider.getTransactionReceipt(setting.deposit)
  const block = await provider.getBlock(found.blockNumber, true)
  return {
    type: found.type, value: found.value, status: receipt.status, receiptType: receipt.type,
    inBlock: block.prefetchedTransactions.some((one) => one.hash === setting.deposit),
  }
})

await step('pending', async () => {
  const fresh = Wallet.createRandom().address
  const head = await provider.getBlockNumber()
  const sent = await wallet.sendTransaction({ to: fresh, value: 9n })
  // A pending block that took long to make is shown for a while.
  const balance = await within(120, eventually(() => provider.getBalance(fresh, 'pending')), 'the pending transfer')
  const block = await provider.getBlock('pending', true)
  await within(120, sent.wait(), 'the receipt')
  return { balance, hash: block.hash, isAhead: block.number > head, bodies: block.prefetchedTransactions.length === block.length }
})

await step('subscription', async () => {
  const socket = new WebSocketProvider(setting.ws)
  const blocks = within(120, new Promise((resolve) => {
    const seen = []
    socket.on('block', (number) => seen.push(number) === 3 && resolve(seen))
  }), 'three blocks')
  const logged = within(120, new Promise((resolve) => counter.connect(socket).once('Counted', (who, count) => resolve(count))), 'the log')
  for (let turn = 0; turn < 2; turn++) await socket.send('eth_chainId', []) // answered after the subscriptions are made
  const before = await counter.count()
  await (await counter.increment()).wait()
  const result = { blocks: await blocks, grew: (await logged) - before }
  await socket.destroy()
  return result
})

await step('burst', async () => {
  const sender = new Wallet(setting.keys.ethersBurst, follower)
  const first = await follower.getTransactionCount(sender.address, 'pending')
  const sent = []
  for (let index = 0; index < 50; index++) {
    const nonce = await follower.getTransactionCount(sender.address, 'pending')
    sent.push(await sender.sendTransaction({ to: nobody, value: 1n, nonce, gasLimit: 21000 }))
  }
  const receipts = await Promise.all(sent.map((one) => within(240, one.wait(), `nonce ${one.nonce}`)))
  return {
    nonces: sent.every((one, index) => one.nonce === first + index), ok: receipts.filter((one) => one.status === 1).length,
    after: (await follower.getTransactionCount(sender.address)) - first,
  }
})
process.exit(0)
