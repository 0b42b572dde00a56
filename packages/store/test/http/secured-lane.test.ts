// Which requests the fast lane still answers by itself when something is asked of them; seen in the log.
import { Secret, signDaemonRequest } from '@backpack/signing'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { DaemonOptions } from '../../src/index.js'
import { runDaemon, until } from '../helpers/daemon.js'
import { requestOnce } from '../helpers/raw-http.js'
import { get, put, request } from './corpus-request.js'

const clusterSecret = 'the secret of this cluster'
const redirectToken = 'the token of redirects'
const secret = new Secret(clusterSecret)
const plain = { version: undefined, contentType: undefined }
/** CRC-32 of `meow`. */
const checksum = '8a106afe'

const version = '0123456789abcdef'

/** Both headers of it. */
const signedPut = (target: string, signed = checksum) => {
  const asked = { method: 'PUT', target, sizeBytes: 4, checksum: signed, ...plain, version }
  return `X-Backpack-Version: ${version}\r\nX-Backpack-Signature: ${signDaemonRequest(secret, asked)}`
}
const unversionedPut = (target: string) => {
  const asked = { method: 'PUT', target, sizeBytes: 4, checksum, ...plain }
  return `X-Backpack-Signature: ${signDaemonRequest(secret, asked)}`
}
const signedGet = `X-Backpack-Signature: ${signDaemonRequest(secret, {
  ...{ method: 'GET', target: '/a', sizeBytes: 0, checksum: undefined },
  ...plain,
})}`

/** The lane that answered, and the status. */
async function laneOf(options: Partial<DaemonOptions>, bytes: string): Promise<string> {
  const written: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void written.push(line) })
  const { port, store } = await runDaemon({ ...options, log })
  for (const name of ['a', 'a?x']) {
    await store.put(name, Buffer.from('meow'))
    await store.get(name)
  }
  await requestOnce(port, bytes, { head: bytes.startsWith('HEAD') })
  await until(() => written.some((line) => line.includes('"request"')), 'the request is logged')
  const line = written.find((each) => each.includes('"request"')) ?? '{}'
  const { lane = 'slow', status } = JSON.parse(line) as { lane?: string; status: number }
  return `${lane} ${status}`
}

test.each<[string, Partial<DaemonOptions>, string, string]>([
  ['a GET without any option', {}, get('/a'), 'fast 200'],
  ['a GET with a signature that nobody asked for', {}, get('/a', signedGet), 'fast 200'],
  ['a GET of a store with a secret', { clusterSecret }, get('/a'), 'fast 200'],
  ['a signed GET of a store with a secret', { clusterSecret }, get('/a', signedGet), 'fast 200'],
  ['a signed PUT', { clusterSecret }, put('/b', 'meow', signedPut('/b')), 'fast 201'],
  ['an unsigned PUT', { clusterSecret }, put('/b', 'meow'), 'slow 403'],
  ['a PUT signed for another name', { clusterSecret }, put('/b', 'meow', signedPut('/c')), 'slow 403'],
  ['a PUT of another body', { clusterSecret }, put('/b', 'meow', signedPut('/b', '00000000')), 'slow 400'],
  ['a signed PUT without a version', { clusterSecret }, put('/b', 'meow', unversionedPut('/b')), 'slow 400'],
  ['a signed PUT without a secret', {}, put('/b', 'meow', signedPut('/b')), 'fast 201'],
  ['a GET with a question mark, where there are no links', { clusterSecret }, get('/a?x'), 'fast 200'],
  ['a GET beside links', { redirectToken }, get('/a'), 'fast 200'],
  ['a GET that may be a link', { redirectToken }, get('/a?x'), 'slow 200'],
  ['a HEAD that may be a link', { redirectToken }, request('HEAD', '/a?x'), 'slow 200'],
  ['a PUT beside links', { redirectToken }, put('/b?x', 'meow'), 'fast 201'],
  ['a GET where reads are refused', { clusterSecret, refuseUnsignedReads: true }, get('/a'), 'slow 403'],
  [
    'a HEAD where reads are refused',
    { redirectToken, refuseUnsignedReads: true },
    request('HEAD', '/a'),
    'slow 403',
  ],
  [
    'a signed GET where reads are refused',
    { clusterSecret, refuseUnsignedReads: true },
    get('/a', signedGet),
    'slow 200',
  ],
])('%s', async (_, options, bytes, expected) => {
  expect(await laneOf(options, bytes)).toBe(expected)
})
