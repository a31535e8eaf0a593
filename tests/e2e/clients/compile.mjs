// Compiles Contracts.sol by npm's solc, OpenZeppelin from node_modules. Usage: node compile.mjs → artifacts.json here.
import { readFileSync, writeFileSync } from 'node:fs'
import solc from 'solc'

const text = (path) => readFileSync(path, 'utf8')
const input = {
  language: 'Solidity',
  sources: { 'Contracts.sol': { content: text('Contracts.sol') } },
  settings: {
    evmVersion: 'prague', optimizer: { enabled: true, runs: 200 },
    outputSelection: { 'Contracts.sol': { '*': ['abi', 'evm.bytecode.object'] } },
  },
}
const found = (path) => {
  try {
    return { contents: text(`node_modules/${path}`) }
  } catch (error) {
    return { error: error.message }
  }
}
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: found }))
const problems = (output.errors ?? []).filter((one) => one.severity === 'error')
if (problems.length) throw new Error(problems.map((one) => one.formattedMessage).join('\n'))
const artifacts = Object.entries(output.contracts['Contracts.sol'])
  .map(([name, { abi, evm }]) => [name, { abi, bytecode: '0x' + evm.bytecode.object }])
writeFileSync('artifacts.json', JSON.stringify(Object.fromEntries(artifacts)))
