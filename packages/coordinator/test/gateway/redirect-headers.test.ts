// The headers of a redirect, sent on to the store as clients of Backrunner do, when the configuration adds its own.
import { expect, it } from 'vitest'
import { send } from '../helpers/http-request.js'
import { type SmallGateway, smallGateway } from './small-gateway.js'

const token = 'a redirect token of many letters'
const clusterSecret = 'the secret of the daemons'
const target = '/redirect/1/photo'
const proxy = { 'redirect-port': 'node', 'redirect-token': token }
const data = Buffer.from('hello, world')

/** Its store serves nothing but what is signed. */
async function closedGateway(more: object): Promise<SmallGateway> {
  const gateway = await smallGateway({
    nodesPerShard: [1],
    proxy: { ...proxy, ...more },
    options: { clusterSecret },
    daemonOptions: { clusterSecret, redirectToken: token, refuseUnsignedReads: true },
  })
  await gateway.node('11').store.put('photo', data, { version: 0x018b_cfe5_6800_0001n })
  return gateway
}

/** Every x-ell- header of the redirect, and its signature, as they came. */
async function headersOf({ gatewayPort }: SmallGateway): Promise<Record<string, string>> {
  const { status, headers } = await send(gatewayPort, 'GET', target)
  expect(status).toBe(302)
  const ours = Object.entries(headers).filter(([name]) => /^x-ell-|^authorization$/.test(name))
  return Object.fromEntries(ours) as Record<string, string>
}

it.each([
  ['as in the manual', { 'X-Ell-Some-Header': 'this is a header data', 'X-Other': 'not signed' }],
  ['in any case and order', { 'x-ELL-z': 'last', 'X-Ell-A': 'first', 'X-Ell-File-Type': 'between' }],
  ['with space around it', { 'X-Ell-Spaced': '  a b \t' }],
  ['beyond ASCII', { 'X-Ell-Name': 'caf\u00e9' }],
  ['that says nothing', { 'X-Ell-Empty': '' }],
])('a configured X-Ell- header %s is signed too: the store takes them all', async (_name, headers) => {
  const gateway = await closedGateway({ headers })
  const sentOn = await headersOf(gateway)
  const configured = Object.keys(headers).filter((name) => /^x-ell-/i.test(name))
  expect(Object.keys(sentOn)).toHaveLength(7 + configured.length)
  const { port } = new URL(gateway.node('11').url)
  expect((await send(Number(port), 'GET', '/photo', { headers: sentOn })).body.toString()).toBe(
    data.toString(),
  )
  const [name = ''] = configured
  const forged = { ...sentOn, [name.toLowerCase()]: 'another' }
  expect((await send(Number(port), 'GET', '/photo', { headers: forged })).status).toBe(403)
})
