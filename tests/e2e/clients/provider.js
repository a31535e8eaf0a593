// A wallet as a page sees it: an EIP-1193 provider on window.ethereum, announced by EIP-6963 too.
// What needs a key goes to the test (window.askWallet, exposed by it); everything else is fetched from the node by the
// page itself, so that the browser applies its rules on origins (CORS) as to any dapp.
(() => {
  const { rpc, name } = window.walletSetting
  const asksWallet = /^(wallet_|personal_|eth_sign|eth_accounts$|eth_requestAccounts$|eth_sendTransaction$)/
  const listeners = new Map()
  const emit = (event, value) => (listeners.get(event) ?? []).forEach((listener) => listener(value))
  const failure = ({ code, message, data }) => Object.assign(new Error(message), { code, data })
  let id = 0

  async function fetched(method, params) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params })
    const answer = await fetch(rpc, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    return answer.json()
  }

  async function request({ method, params = [] }) {
    const answer = asksWallet.test(method)
      ? JSON.parse(await window.askWallet(JSON.stringify({ method, params })))
      : await fetched(method, params)
    if (answer.error) throw failure(answer.error)
    if (answer.accounts) emit('accountsChanged', answer.accounts)
    return answer.result
  }

  const provider = {
    isMetaMask: true,
    request,
    on: (event, listener) => listeners.set(event, [...(listeners.get(event) ?? []), listener]),
    removeListener: (event, listener) =>
      listeners.set(event, (listeners.get(event) ?? []).filter((one) => one !== listener)),
  }
  window.ethereum = provider
  const info = Object.freeze({ uuid: '6f70656e-6c65-4467-8572-000000000001', name, icon: 'data:,', rdns: 'org.example.wallet' })
  const announce = () =>
    window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }))
  window.addEventListener('eip6963:requestProvider', announce)
  announce()
})()
