// Multicall3, delegated code (EIP-7702) and proofs (EIP-1186): asked for by viem 2, proofs verified by @ethereumjs/mpt.
// Usage: node accounts.mjs setting.json
import { verifyMerkleProof } from '@ethereumjs/mpt'
import {
  createPublicClient, createWalletClient, defineChain, fromRlp, hexToBigInt, hexToBytes, http, multicall3Abi, numberToHex,
  parseEther,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { erc7821Actions } from 'viem/experimental/erc7821'
import { multicall3Bytecode } from './node_modules/viem/_esm/constants/contracts.js'
import { refusal, setting, step } from './steps.mjs'

const USUAL = '0xcA11bde05977b3631167028862bE2a173976CA11'
const chain = defineChain({
  id: setting.chainId, name: 'OpenLedger', nativeCurrency: { name: 'OPEN', symbol: 'OPEN', decimals: 18 },
  rpcUrls: { default: { http: [setting.rpc] } }, contracts: { multicall3: { address: USUAL } },
})
const [account, other] = [setting.key, setting.other].map(privateKeyToAccount)
const common = { chain, transport: http(undefined, { timeout: 60_000 }), pollingInterval: 250, cacheTime: 0 }
const client = createPublicClient(common)
const wallet = createWalletClient({ ...common, account }).extend(erc7821Actions())
const received = async (hash) => client.waitForTransactionReceipt({ hash: await hash, timeout: 240_000 })
const deployed = async (abi, bytecode, args) =>
  (await received(wallet.deployContract({ abi, bytecode, args }))).contractAddress
const { Token, Batch } = setting.artifacts
const token = { abi: Token.abi, address: await deployed(Token.abi, Token.bytecode, ['Proven', 1_000n]) }

await step('multicall3', async () => {
  const contracts = [
    { ...token, functionName: 'totalSupply' },
    { ...token, functionName: 'balanceOf', args: [account.address] },
    { ...token, functionName: 'transfer', args: [other.address, 5n] }, // of Multicall3 itself, which has none
    { address: USUAL, abi: multicall3Abi, functionName: 'getEthBalance', args: [other.address] },
  ]
  const shown = (answers) => answers.map(({ status, result }) => [status, result ?? null])
  const genuine = await deployed(multicall3Abi, multicall3Bytecode)
  return {
    here: shown(await client.multicall({ contracts })),
    genuine: shown(await client.multicall({ contracts, multicallAddress: genuine })),
    undeployed: shown(await client.multicall({ contracts: contracts.slice(0, 3), deployless: true })),
    balance: await client.getBalance({ address: other.address }),
  }
})

await step('delegation', async () => {
  const authority = privateKeyToAccount(generatePrivateKey())
  const executor = await deployed(Batch.abi, Batch.bytecode)
  await received(wallet.sendTransaction({ to: authority.address, value: parseEther('1') }))
  await received(wallet.writeContract({ ...token, functionName: 'transfer', args: [authority.address, 100n] }))
  const own = createWalletClient({ ...common, account: authority }).extend(erc7821Actions())
  const signed = await own.signAuthorization({ contractAddress: executor, executor: 'self' })
  const calls = [
    { to: token.address, abi: token.abi, functionName: 'transfer', args: [other.address, 40n] },
    { to: '0x' + '99'.repeat(20), value: 3n },
    { to: token.address, abi: token.abi, functionName: 'approve', args: [other.address, 7n] },
  ]
  const batch = await received(own.execute({ address: authority.address, calls, authorizationList: [signed] }))
  const again = await received(own.execute({ address: authority.address, calls: calls.slice(1, 2) }))
  const failing = await refusal(own.execute({ address: authority.address, calls: [calls[1], { ...calls[0], args: [other.address, 61n] }] }))
  const delegation = await client.getDelegation({ address: authority.address })
  const stranger = await refusal(wallet.extend(erc7821Actions()).execute({ address: authority.address, calls }))
  const gone = await own.signAuthorization({ contractAddress: '0x' + '00'.repeat(20), executor: 'self' })
  await received(own.sendTransaction({ to: authority.address, authorizationList: [gone] }))
  return {
    batch: [batch.status, batch.type, batch.logs.length], again: [again.status, again.type],
    balance: await client.readContract({ ...token, functionName: 'balanceOf', args: [authority.address] }),
    delegated: delegation.toLowerCase() === executor.toLowerCase(), failing: failing.name, stranger: stranger.name,
    afterwards: (await client.getCode({ address: authority.address })) ?? '0x',
  }
})

// An account as its leaf in the state trie says, [nonce, balance, storageRoot, codeHash], or null where there is none.
async function provenAccount(stateRoot, proof) {
  const options = { useKeyHashing: true, root: hexToBytes(stateRoot) }
  const leaf = await verifyMerkleProof(hexToBytes(proof.address), proof.accountProof.map((node) => hexToBytes(node)), options)
  return leaf && fromRlp(leaf, 'hex')
}

async function provenSlot(root, { key, proof }) {
  const padded = hexToBytes(numberToHex(hexToBigInt(key), { size: 32 }))
  const leaf = await verifyMerkleProof(padded, proof.map((node) => hexToBytes(node)), { useKeyHashing: true, root: hexToBytes(root) })
  return leaf && hexToBigInt(fromRlp(leaf, 'hex'))
}

await step('proofs', async () => {
  const block = await client.getBlock()
  const at = { blockNumber: block.number }
  const written = (await client.request({
    method: 'debug_storageRangeAt', params: [block.hash, 0, token.address, '0x' + '00'.repeat(32), 3],
  }).then(({ storage }) => Object.values(storage).map(({ key }) => key)))
  const absent = numberToHex(2n ** 200n, { size: 32 })
  const proof = await client.getProof({ address: token.address, storageKeys: [...written, absent], ...at })
  const [nonce, balance, storageRoot, codeHash] = await provenAccount(block.stateRoot, proof)
  const values = await Promise.all(proof.storageProof.map((slot) => provenSlot(storageRoot, slot)))
  const stored = await Promise.all(written.map((slot) => client.getStorageAt({ address: token.address, slot, ...at })))
  const nobody = await client.getProof({ address: privateKeyToAccount(generatePrivateKey()).address, storageKeys: [], ...at })
  const forged = { ...proof, accountProof: [...proof.accountProof.slice(0, -1), nobody.accountProof.at(-1)] }
  const accounts = await client.getProof({ address: account.address, storageKeys: [], ...at })
  const [, theirs] = await provenAccount(block.stateRoot, accounts)
  return {
    account: [BigInt(proof.nonce) === hexToBigInt(nonce), balance, storageRoot === proof.storageHash, codeHash === proof.codeHash],
    slots: values.slice(0, -1).every((value, index) => value === hexToBigInt(stored[index])), written: written.length,
    absent: values.at(-1), nobody: await provenAccount(block.stateRoot, nobody),
    balance: hexToBigInt(theirs) === (await client.getBalance({ address: account.address, ...at })),
    forged: (await refusal(provenAccount(block.stateRoot, forged))).message,
  }
})
process.exit(0)
