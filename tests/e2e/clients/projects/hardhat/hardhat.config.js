import { resolve } from 'node:path'

const { DEVNET_RPC: url, DEVNET_KEY: key } = process.env

export default {
  solidity: { version: '0.8.37', path: resolve('node_modules/solc/soljson.js'), settings: { evmVersion: 'prague' } },
  networks: {
    devnet: { type: 'http', url, accounts: [key] },
    unlocked: { type: 'http', url, accounts: 'remote' },
  },
}
