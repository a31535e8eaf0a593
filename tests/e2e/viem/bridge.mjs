// A deposit and a withdrawal by viem's own op-stack actions, nothing of ours in between.
// Usage: node bridge.mjs devnet.json → one JSON object a step on standard output.
import { readFileSync } from 'node:fs'
import { createPublicClient, createWalletClient, defineChain, formatEther, http, parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import {
  chainConfig, getL2TransactionHashes, getWithdrawals, publicActionsL1, publicActionsL2, walletActionsL1, walletActionsL2,
} from 'viem/op-stack'

const devnet = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const { contracts } = devnet.l1
const coin = { name: 'OPEN', symbol: 'OPEN', decimals: 18 }
const l1Chain = defineChain({
  id: devnet.l1.chainId, name: 'L1', nativeCurrency: coin,
  rpcUrls: { default: { http: [devnet.l1.rpc] } },
  contracts: { multicall3: { address: contracts.Multicall3 } },
})
const l2Chain = defineChain({
  ...chainConfig,
  id: devnet.l2.chainId, name: 'OpenLedger', nativeCurrency: coin, sourceId: l1Chain.id,
  rpcUrls: { default: { http: [devnet.l2.sequencer.rpc] } },
  contracts: {
    ...chainConfig.contracts,
    portal: { [l1Chain.id]: { address: contracts.OptimismPortal } },
    disputeGameFactory: { [l1Chain.id]: { address: contracts.DisputeGameFactory } },
  },
})
const account = privateKeyToAccount(devnet.accounts[3].privateKey)
const fast = { pollingInterval: 500 }
const slow = { timeout: 60_000 }
const l1 = createPublicClient({ chain: l1Chain, transport: http(undefined, slow), ...fast }).extend(publicActionsL1())
const l2 = createPublicClient({ chain: l2Chain, transport: http(undefined, slow), ...fast }).extend(publicActionsL2())
const l1Wallet = createWalletClient({ account, chain: l1Chain, transport: http(undefined, slow) }).extend(walletActionsL1())
const l2Wallet = createWalletClient({ account, chain: l2Chain, transport: http(undefined, slow) }).extend(walletActionsL2())
const receiver = privateKeyToAccount('0x' + '5a'.repeat(32)).address
const say = (step, facts) =>
  console.log(JSON.stringify({ step, ...facts }, (_, v) => (typeof v === 'bigint' ? v.toString() : v)))

// Deposit
const request = await l2.buildDepositTransaction({ account, mint: parseEther('1.5'), to: receiver })
const depositHash = await l1Wallet.depositTransaction(request)
const depositReceipt = await l1.waitForTransactionReceipt({ hash: depositHash })
const [l2Hash] = getL2TransactionHashes(depositReceipt)
const arrived = await l2.waitForTransactionReceipt({ hash: l2Hash, timeout: 400_000 })
say('deposit', {
  l1Status: depositReceipt.status, status: arrived.status, type: arrived.type,
  balance: formatEther(await l2.getBalance({ address: receiver })),
})

// Fees that viem reads before it sends
const call = { account, to: receiver, value: 1n }
say('fees', {
  l1Fee: await l2.estimateL1Fee(call), l1Gas: await l2.estimateL1Gas(call),
  total: await l2.estimateTotalFee(call), l1BaseFee: await l2.getL1BaseFee(),
})

// Withdrawal
const initiate = await l1.buildInitiateWithdrawal({ account, to: receiver, value: parseEther('0.25') })
const withdrawalHash = await l2Wallet.initiateWithdrawal(initiate)
const receipt = await l2.waitForTransactionReceipt({ hash: withdrawalHash })
const [withdrawal] = getWithdrawals(receipt)
const status = () => l1.getWithdrawalStatus({ receipt, targetChain: l2Chain })
say('initiated', { status: await status(), value: formatEther(withdrawal.value) })

const timing = await l1.getTimeToProve({ receipt, targetChain: l2Chain })
say('timeToProve', { seconds: timing.seconds })
const found = await l1.waitToProve({ receipt, targetChain: l2Chain })
say('readyToProve', { status: await status(), game: found.game.index, l2BlockNumber: found.game.l2BlockNumber })
// The portal refuses a proof in the block that made its game, and gas is estimated in the newest block.
while ((await l1.getBlock()).timestamp <= found.game.timestamp) await new Promise((resolve) => setTimeout(resolve, 500))
const proof = await l2.buildProveWithdrawal({ account, output: found.output, withdrawal: found.withdrawal })
const proveHash = await l1Wallet.proveWithdrawal(proof)
const proven = await l1.waitForTransactionReceipt({ hash: proveHash })
say('proven', { receipt: proven.status, status: await status() })

const left = await l1.getTimeToFinalize({ withdrawalHash: withdrawal.withdrawalHash, targetChain: l2Chain })
say('timeToFinalize', { period: left.period })
await l1.waitToFinalize({ withdrawalHash: withdrawal.withdrawalHash, targetChain: l2Chain })
while ((await status()) === 'waiting-to-finalize') await new Promise((resolve) => setTimeout(resolve, 1_000))
say('readyToFinalize', { status: await status() })
const finalizeHash = await l1Wallet.finalizeWithdrawal({ targetChain: l2Chain, withdrawal })
const finalized = await l1.waitForTransactionReceipt({ hash: finalizeHash })
say('finalized', {
  receipt: finalized.status, status: await status(), balance: formatEther(await l1.getBalance({ address: receiver })),
})
