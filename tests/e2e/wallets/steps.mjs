// What ethers.mjs and viem.mjs share: the setting, steps that go on after a failure, and JSON that takes bigints.
import { readFileSync } from 'node:fs'

export const setting = JSON.parse(readFileSync(process.argv[2], 'utf8'))

const plain = (_, value) => (typeof value === 'bigint' ? value.toString() : value)

// One JSON object a line: what `act` found, or what it threw. A step may give its value to later ones in `keep`.
export async function step(name, act) {
  const began = Date.now()
  let found
  try {
    found = { facts: await act() }
  } catch (error) {
    found = { threw: String(error.stack ?? error).slice(0, 1500) }
  }
  console.log(JSON.stringify({ step: name, seconds: (Date.now() - began) / 1000, ...found }, plain))
}

// What a promise that must fail failed with.
export async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('was not refused')
}

// What `find` finds, once it finds something: the node tells of a block's transactions by all its ways, but not at once.
export async function eventually(find) {
  for (;;) {
    const found = await find()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

// A promise's value, or a failure after some seconds.
export function within(seconds, promise, what) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${seconds} s`)), seconds * 1000)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
