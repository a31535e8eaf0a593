// OpenZeppelin's ERC-20 with permits, ERC-721 and Governor, used by ethers 6. Usage: node openzeppelin.mjs setting.json
import { ContractFactory, JsonRpcProvider, NonceManager, Signature, Wallet, id } from 'ethers'
import { refusal, setting, step } from './steps.mjs'

const provider = new JsonRpcProvider(setting.rpc, setting.chainId, { staticNetwork: true, pollingInterval: 250, cacheTimeout: -1 })
const [owner, other] = [setting.key, setting.other].map((key) => new Wallet(key, provider))
const signer = new NonceManager(owner)
const done = async (sent) => (await sent).wait()

async function deployed(name, ...parameters) {
  const { abi, bytecode } = setting.artifacts[name]
  const contract = await new ContractFactory(abi, bytecode, signer).deploy(...parameters)
  await contract.waitForDeployment()
  return contract
}

const SUPPLY = 1_000_000n
let token, council

await step('erc20', async () => {
  token = await deployed('Token', 'Example', SUPPLY)
  await done(token.transfer(other.address, 1_000n))
  await done(token.approve(other.address, 50n))
  await done(token.connect(other).transferFrom(owner.address, other.address, 30n))
  const transfers = await token.queryFilter(token.filters.Transfer(owner.address), 0)
  const error = await refusal(token.connect(other).transfer.staticCall(owner.address, SUPPLY))
  return {
    name: await token.name(), supply: await token.totalSupply(),
    balances: await Promise.all([owner, other].map((one) => token.balanceOf(one.address))),
    left: await token.allowance(owner.address, other.address),
    transfers: transfers.map((log) => log.args.value), refusal: [error.revert.name, error.revert.args[2]],
  }
})

await step('permit', async () => {
  const [value, nonce, deadline] = [77n, await token.nonces(owner.address), 2n ** 48n]
  const domain = { name: 'Example', version: '1', chainId: setting.chainId, verifyingContract: await token.getAddress() }
  const kinds = { owner: 'address', spender: 'address', value: 'uint256', nonce: 'uint256', deadline: 'uint256' }
  const Permit = Object.entries(kinds).map(([name, type]) => ({ name, type }))
  const message = { owner: owner.address, spender: other.address, value, nonce, deadline }
  const { v, r, s } = Signature.from(await owner.signTypedData(domain, { Permit }, message))
  const asSpender = token.connect(other)
  await done(asSpender.permit(owner.address, other.address, value, deadline, v, r, s))
  const allowed = await token.allowance(owner.address, other.address)
  await done(asSpender.transferFrom(owner.address, other.address, value))
  const again = await refusal(asSpender.permit.staticCall(owner.address, other.address, value, deadline, v, r, s))
  return { allowed, nonces: await token.nonces(owner.address), again: again.revert.name }
})

await step('erc721', async () => {
  const collectible = await deployed('Collectible')
  const receipt = await done(collectible.mint(owner.address, 'data:,first'))
  await done(collectible['safeTransferFrom(address,address,uint256)'](owner.address, other.address, 1n))
  const missing = await refusal(collectible.ownerOf(2n))
  return {
    minted: receipt.logs.map((log) => collectible.interface.parseLog(log).name),
    theirs: (await collectible.ownerOf(1n)) === other.address, uri: await collectible.tokenURI(1n),
    missing: [missing.revert.name, ...missing.revert.args],
  }
})

await step('governor', async () => {
  council = await deployed('Council', await token.getAddress())
  const treasury = await council.getAddress()
  await done(token.transfer(treasury, 500n))
  await done(token.delegate(owner.address))
  const proposed = [[await token.getAddress()], [0n], [token.interface.encodeFunctionData('transfer', [other.address, 500n])]]
  const text = 'Pay the other one'
  const receipt = await done(council.propose(...proposed, text))
  const { proposalId } = council.interface.parseLog(receipt.logs[0]).args
  const states = [await council.state(proposalId, { blockTag: receipt.blockNumber })]
  const until = async (state) => {
    while ((await council.state(proposalId)) !== state) await new Promise((resolve) => setTimeout(resolve, 250))
    states.push(state)
  }
  await until(1n) // active
  await done(council.castVoteWithReason(proposalId, 1, 'because'))
  await until(4n) // succeeded
  const before = await token.balanceOf(other.address)
  await done(council.execute(...proposed, id(text)))
  states.push(await council.state(proposalId))
  const votes = await council.proposalVotes(proposalId)
  return { states, votes: votes[1] > 0n && votes[0] === 0n, paid: (await token.balanceOf(other.address)) - before }
})
process.exit(0)
