// Uniswap v2 as its authors released it, by ethers 6: factory, router, a pair, liquidity and swaps.
// Usage: node uniswap.mjs setting.json
import { readFileSync } from 'node:fs'
import { Contract, ContractFactory, JsonRpcProvider, NonceManager, Wallet, getCreate2Address, keccak256, solidityPackedKeccak256 } from 'ethers'
import { refusal, setting, step } from './steps.mjs'

const provider = new JsonRpcProvider(setting.rpc, setting.chainId, { staticNetwork: true, pollingInterval: 250, cacheTimeout: -1 })
const owner = new Wallet(setting.key, provider)
const signer = new NonceManager(owner)
const done = async (sent) => (await sent).wait()
const built = (place) => JSON.parse(readFileSync(`node_modules/@uniswap/${place}.json`, 'utf8'))
const hex = (code) => (code.startsWith('0x') ? code : `0x${code}`)

async function deployed({ abi, bytecode }, ...parameters) {
  const contract = await new ContractFactory(abi, hex(bytecode), signer).deploy(...parameters)
  await contract.waitForDeployment()
  return contract
}

const [Factory, Pair] = ['UniswapV2Factory', 'UniswapV2Pair'].map((name) => built(`v2-core/build/${name}`))
const [Router, Weth] = ['UniswapV2Router02', 'WETH9'].map((name) => built(`v2-periphery/build/${name}`))
const LIQUIDITY = 10n ** 18n
const DEADLINE = 2n ** 40n
let factory, router, weth, token, pair, at

// What constant product with 0.3 % for the liquidity providers pays out.
const out = (amount, from, to) => (amount * 997n * to) / (from * 1000n + amount * 997n)

await step('deploy', async () => {
  weth = await deployed(Weth)
  token = await deployed(setting.artifacts.Token, 'Swapped', 10n ** 24n)
  factory = await deployed(Factory, owner.address)
  router = await deployed(Router, await factory.getAddress(), await weth.getAddress())
  at = { token: await token.getAddress(), weth: await weth.getAddress(), router: await router.getAddress() }
  return { knows: (await router.factory()) === (await factory.getAddress()) && (await router.WETH()) === at.weth }
})

await step('addLiquidity', async () => {
  await done(token.approve(at.router, 2n ** 256n - 1n))
  const added = router.addLiquidityETH(at.token, 2_000n * LIQUIDITY, 0, 0, owner.address, DEADLINE, { value: LIQUIDITY })
  await done(added)
  const sorted = [at.token, at.weth].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
  const salt = solidityPackedKeccak256(['address', 'address'], sorted)
  const foretold = getCreate2Address(await factory.getAddress(), salt, keccak256(hex(Pair.bytecode)))
  pair = new Contract(await factory.getPair(at.token, at.weth), Pair.abi, signer)
  return { foretold: foretold === (await pair.getAddress()), shares: (await pair.balanceOf(owner.address)) > 0n }
})

const reserves = async () => {
  const [first, second] = await pair.getReserves()
  return (await pair.token0()) === at.weth ? { coin: first, token: second } : { coin: second, token: first }
}

await step('swap', async () => {
  const start = await reserves()
  const paid = 10n ** 16n
  const expected = out(paid, start.coin, start.token)
  const [, quoted] = await router.getAmountsOut(paid, [at.weth, at.token])
  const before = await token.balanceOf(owner.address)
  const receipt = await done(
    router.swapExactETHForTokens(expected, [at.weth, at.token], owner.address, DEADLINE, { value: paid }))
  const got = (await token.balanceOf(owner.address)) - before
  const swaps = await pair.queryFilter(pair.filters.Swap(), receipt.blockNumber, receipt.blockNumber)
  const back = await reserves()
  const sold = 10n ** 18n
  await done(router.swapExactTokensForETH(sold, 0, [at.token, at.weth], owner.address, DEADLINE))
  const end = await reserves()
  return {
    quoted: quoted === expected, got: got === expected, swaps: swaps.length,
    coinOut: back.coin - end.coin === out(sold, back.token, back.coin),
    grew: end.coin * end.token > start.coin * start.token,
  }
})

await step('refusal', async () => {
  const late = await refusal(
    router.swapExactETHForTokens.staticCall(0, [at.weth, at.token], owner.address, 1n, { value: 1n }))
  const dear = await refusal(
    router.swapExactETHForTokens.staticCall(10n ** 30n, [at.weth, at.token], owner.address, DEADLINE, { value: 1000n }))
  return { late: late.reason, dear: dear.reason }
})

await step('removeLiquidity', async () => {
  const shares = await pair.balanceOf(owner.address)
  await done(pair.approve(at.router, shares))
  const receipt = await done(router.removeLiquidityETH(at.token, shares, 0, 0, owner.address, DEADLINE))
  const left = await reserves()
  return { status: receipt.status, shares: await pair.balanceOf(owner.address), dust: left.coin < 10n ** 6n }
})
process.exit(0)
