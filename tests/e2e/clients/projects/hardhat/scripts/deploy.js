// Deploys Mini and moves some of it, by the first account of the network that Hardhat was started with.
import hre from 'hardhat'
import { Interface, concat } from 'ethers'

const { provider, networkName } = await hre.network.create()
const ask = (method, ...params) => provider.request({ method, params })
const [from] = await ask('eth_accounts')
const { abi, bytecode } = await hre.artifacts.readArtifact('Mini')
const mini = new Interface(abi)

async function sent(fields) {
  const hash = await ask('eth_sendTransaction', { from, ...fields })
  for (;;) {
    const receipt = await ask('eth_getTransactionReceipt', hash)
    if (receipt) return receipt
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

const { contractAddress: to } = await sent({ data: concat([bytecode, mini.encodeDeploy(['Hardy', 1_000n])]) })
const receipt = await sent({ to, data: mini.encodeFunctionData('transfer', ['0x' + '99'.repeat(20), 123n]) })
const balance = await ask('eth_call', { to, data: mini.encodeFunctionData('balanceOf', [from]) }, 'latest')
console.log(JSON.stringify({ networkName, status: receipt.status, type: receipt.type, left: Number(balance) }))
