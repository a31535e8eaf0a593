// ethers' signers of accounts that the node holds or impersonates: node ethers.mjs RPC
import { JsonRpcProvider, TypedDataEncoder, verifyMessage, verifyTypedData } from "ethers"

const provider = new JsonRpcProvider(process.argv[2], undefined, { cacheTimeout: -1 })
const say = (step, facts) => console.log(JSON.stringify({ step, ...facts }, (_, v) => typeof v === "bigint" ? String(v) : v))
const contract = "0x4f50454E00000000000000000000000000000002"
const domain = { name: "sandbox", chainId: (await provider.getNetwork()).chainId }
const types = { Note: [{ name: "text", type: "string" }] }

await provider.send("hardhat_reset", [])
const first = await provider.getSigner(0)
const message = await first.signMessage("hello")
const typed = await first.signTypedData(domain, types, { text: "hello" })
say("signed", {
  message: verifyMessage("hello", message) === first.address,
  typed: verifyTypedData(domain, types, { text: "hello" }, typed) === first.address,
  primary: TypedDataEncoder.getPrimaryType(types),
})

await provider.send("hardhat_setBalance", [contract, "0xde0b6b3a7640000"])
await provider.send("hardhat_impersonateAccount", [contract])
const signer = await provider.getSigner(contract)
const sent = await signer.sendTransaction({ to: first.address, value: 5n })
const receipt = await sent.wait()
await provider.send("hardhat_stopImpersonatingAccount", [contract])
const gone = await provider.getSigner(contract).then(() => false, () => true)
say("impersonated", { from: receipt.from, nonce: sent.nonce, gone })

const id = await provider.send("evm_snapshot", [])
const nobody = "0x4242424242424242424242424242424242424242"
const before = await provider.getBalance(nobody)
await (await first.sendTransaction({ to: nobody, value: 7n })).wait()
const between = await provider.getBalance(nobody)
const reverted = await provider.send("evm_revert", [id])
say("reverted", { reverted, gained: between - before, left: (await provider.getBalance(nobody)) - before })
provider.destroy()
