// A web3.js 4 user. Usage: node web3js.mjs setting.json
import { Web3 } from 'web3'
import { refusal, setting, step, within } from './steps.mjs'

const web3 = new Web3(setting.rpc)
Object.assign(web3.eth, { transactionPollingInterval: 250, transactionBlockTimeout: 200 })
const account = web3.eth.accounts.wallet.add(setting.key).get(0)
const from = account.address
const to = '0x' + '99'.repeat(20)
const { Token } = setting.artifacts
let token

await step('connect', async () => ({
  chainId: await web3.eth.getChainId(), network: await web3.eth.net.getId(), node: await web3.eth.getNodeInfo(),
  syncing: await web3.eth.isSyncing(), balance: await web3.eth.getBalance(from), code: await web3.eth.getCode(to),
  estimate: await web3.eth.estimateGas({ from, to, value: 1n }), listening: await web3.eth.net.isListening(),
  head: (await web3.eth.getBlock('latest', true)).transactions[0].type, fees: Object.keys(await web3.eth.calculateFeeData()),
}))

for (const [name, fields] of Object.entries({
  legacy: { type: 0, gasPrice: await web3.eth.getGasPrice() },
  accessList: { type: 1, gas: 30_000n, gasPrice: await web3.eth.getGasPrice(), accessList: [{ address: to, storageKeys: ['0x' + '00'.repeat(32)] }] },
  eip1559: { type: 2 },
})) {
  await step(name, async () => {
    const receipt = await web3.eth.sendTransaction({ from, to, value: 7n, ...fields })
    const found = await web3.eth.getTransaction(receipt.transactionHash)
    return { status: receipt.status, type: receipt.type, found: found.type, value: found.value }
  })
}

await step('contract', async () => {
  token = await new web3.eth.Contract(Token.abi)
    .deploy({ data: Token.bytecode, arguments: ['Web3.js', 1_000n] }).send({ from })
  token.setConfig({ transactionPollingInterval: 250 })
  const receipt = await token.methods.transfer(to, 40n).send({ from })
  const events = await token.getPastEvents('Transfer', { filter: { to }, fromBlock: receipt.blockNumber })
  const error = await refusal(token.methods.transfer(to, 10n ** 9n).call({ from }))
  return {
    name: await token.methods.name().call(), balance: await token.methods.balanceOf(to).call(),
    event: receipt.events.Transfer.returnValues.value, past: events.map((event) => event.returnValues.value),
    error: error.name, cause: error.cause?.errorName, estimate: await token.methods.transfer(to, 1n).estimateGas({ from }),
  }
})

await step('batch', async () => {
  const batch = new web3.BatchRequest()
  const numbers = Array.from({ length: 20 }, (_, index) => index % 2)
  const asked = numbers.map((number, id) =>
    batch.add({ jsonrpc: '2.0', id: id + 1, method: 'eth_getBlockByNumber', params: [`0x${number.toString(16)}`, false] }))
  await batch.execute()
  const blocks = await Promise.all(asked)
  return { right: blocks.every((block, index) => Number(block.number) === numbers[index]) }
})

await step('refusals', async () => {
  const signed = await web3.eth.accounts.signTransaction(
    { from, to, value: 1n, nonce: 0n, gas: 21_000n, gasPrice: await web3.eth.getGasPrice(), chainId: setting.chainId }, setting.key)
  const tooLow = await refusal(web3.eth.sendSignedTransaction(signed.rawTransaction))
  return { tooLow: tooLow.cause.message }
})

await step('subscriptions', async () => {
  const socket = new Web3(setting.ws)
  socket.eth.accounts.wallet.add(setting.key)
  const heads = await socket.eth.subscribe('newBlockHeaders')
  const seen = []
  const blocks = within(120, new Promise((resolve) =>
    heads.on('data', (header) => seen.push(Number(header.number)) === 3 && resolve([...seen]))), 'three headers')
  const watched = new socket.eth.Contract(Token.abi, token.options.address)
  const transfers = watched.events.Transfer({ filter: { from } })
  const transfer = within(120, new Promise((resolve) => transfers.on('data', resolve)), 'the transfer')
  await new Promise((resolve) => transfers.on('connected', resolve))
  await token.methods.transfer(to, 2n).send({ from })
  const found = { heads: await blocks, value: (await transfer).returnValues.value }
  await socket.eth.clearSubscriptions()
  socket.currentProvider.disconnect()
  return found
})
process.exit(0)
