#!/usr/bin/env node
// npm's solc behind the two calls that Forge makes of a solc binary: --version, and JSON in and out.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const solc = createRequire(`${process.env.NPM_PACKAGES}/`)('solc')
const found = (path) => {
  try {
    return { contents: readFileSync(path, 'utf8') }
  } catch (error) {
    return { error: error.message }
  }
}
if (process.argv.includes('--version')) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`)
} else {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8'), { import: found }))
}
