// Five hundred slow clients against each listener: they are closed by the limits, and a good client does not notice them.
import { expect, onTestFinished, test } from 'vitest'
import type { CoordinatorLimits } from '../../src/limits.js'
import { aclLine, authorizationOf, type SmallGateway, smallGateway } from '../gateway/small-gateway.js'
import { watchAccepted } from '../helpers/accepted-sockets.js'
import { fullFaults } from '../helpers/fault-count.js'
import { patternBytes, send } from '../helpers/http-request.js'
import { until } from '../helpers/until.js'
import { type SlowClient, slowReader, slowSender } from './slow-client.js'

const clients = 500
const mebibyte = 1024 * 1024
/** More than the kernel takes on both sides; a store reads all of it before it answers, for every third client. */
const largeBytes = 16 * mebibyte
const small = patternBytes(64 * 1024)
const normalRequests = 200
const tickMs = fullFaults ? 1_000 : 250
/** Gigabytes are read before the last of them has an answer to be slow with: on a busy machine that takes minutes. */
const patienceMs = fullFaults ? 400_000 : 150_000
const testMs = 2 * patienceMs

const shortLimits: Partial<CoordinatorLimits> = {
  checkEveryMs: 100,
  // The good client, too, has to be heard within it, by a process that five hundred others keep busy.
  headersMs: 4_000,
  bodyWindowMs: 1_000,
  answerWindowMs: 2_000,
  answerBytesPerSecondMin: 16 * 1024,
}

type Listener = 'gateway' | 'plain'

const body = 'x'
const lines = (...parts: string[]) => `${parts.join('\r\n')}\r\n`
const head = (start: string, ...headers: string[]) =>
  `${lines(`${start} HTTP/1.1`, 'Host: a', ...headers)}\r\n`

function authorized(method: string, path: string): string {
  return `Authorization: ${authorizationOf({ user: 'wendy', method, path })}`
}

/** Slow from the first line to the last before the end of the headers; some after a good request, some in silence. */
function slowHeaders(port: number, at: number): SlowClient {
  const begin = lines('GET /ping HTTP/1.1', 'Host: a')
  if (at % 10 === 0) return slowSender(port, '', '')
  if (at % 10 === 1) return slowSender(port, head('GET /-/live') + begin, 'X-A: b\r\n')
  return at % 10 === 2 ? slowSender(port, '', '\r\n') : slowSender(port, begin, 'X-A: b\r\n')
}

/** Bodies that are wanted, and bodies that nobody waits for. */
function slowBody(port: number, listener: Listener, at: number): SlowClient {
  const ofGateway = [
    head('PUT /upload/1/slow', authorized('PUT', '/upload/1/slow'), 'Content-Length: 100000'),
    head('PUT /upload/1/slow', authorized('PUT', '/upload/1/slow'), 'Content-Length: 3000000'),
    head('POST /bulk_delete/1', authorized('POST', '/bulk_delete/1'), 'Content-Length: 3000'),
    head('PUT /upload/1/refused', 'Content-Length: 60000'),
    head('PUT /upload/1/refused', 'Content-Length: 60000000'),
    head('GET /hello.txt', 'Content-Length: 60000'),
    head('PATCH /ping', 'Content-Length: 60000'),
  ]
  const ofPlain = [
    head('PUT /slow', authorized('PUT', '/slow'), 'Content-Length: 100000'),
    head('PUT /slow', authorized('PUT', '/slow'), 'Content-Length: 3000000'),
    head('PUT /slow', authorized('PUT', '/slow'), 'Transfer-Encoding: chunked') + 'fffff\r\n',
    head('PUT /slow', 'Content-Length: 60000'),
    head('GET /-/live', 'Content-Length: 60000'),
    head('POST /-/queue/retry', 'Content-Type: application/json', 'Content-Length: 60000'),
    head('PATCH /1:x', 'Content-Length: 60000'),
  ]
  const heads = listener === 'gateway' ? ofGateway : ofPlain
  return slowSender(port, heads[at % heads.length] as string, body)
}

function slowAnswer(port: number, path: string): SlowClient {
  return slowReader(port, head(`GET ${path}`, authorized('GET', path)))
}

/** Requests one after the other, in ms each; every one must succeed. */
async function goodRequests(
  port: number,
  path: string,
  proceed: (done: number) => boolean,
): Promise<number[]> {
  const timesMs: number[] = []
  const headers = { Authorization: authorizationOf({ user: 'wendy', method: 'GET', path }) }
  while (proceed(timesMs.length)) {
    const startedAtMs = performance.now()
    const answer = await send(port, 'GET', path, { headers })
    timesMs.push(performance.now() - startedAtMs)
    expect([answer.status, answer.body.equals(small)]).toEqual([200, true])
  }
  return timesMs
}

function p99(timesMs: readonly number[]): number {
  return [...timesMs].sort((one, other) => one - other)[Math.floor(timesMs.length * 0.99)] ?? Number.NaN
}

async function makeGateway(): Promise<SmallGateway> {
  const gateway = await smallGateway({
    nodesPerShard: [1],
    limits: fullFaults ? { checkEveryMs: 1_000 } : shortLimits,
    acls: { 1: [aclLine('wendy', 'write')] },
  })
  const { store } = gateway.node('11')
  await store.put('large', patternBytes(largeBytes))
  await store.put('small', small)
  return gateway
}

test.each<Listener>(['gateway', 'plain'])(
  'slow clients of the %s listener are closed',
  { timeout: testMs },
  async (listener) => {
    const accepted = watchAccepted()
    const gateway = await makeGateway()
    const port = listener === 'gateway' ? gateway.gatewayPort : gateway.port
    const pathOf = (name: string) => (listener === 'gateway' ? `/get/1/${name}` : `/1:${name}`)
    const normal = await goodRequests(port, pathOf('small'), (done) => done < normalRequests)

    const made = Array.from({ length: clients }, (_, at) => {
      const kind = at % 3
      const number = Math.floor(at / 3)
      if (kind === 0) return slowHeaders(port, number)
      return kind === 1 ? slowBody(port, listener, number) : slowAnswer(port, pathOf('large'))
    })
    await until(() => made.every(({ socket }) => !socket.connecting), 'all are connected')
    const slow = made.map((client) => ({ ...client, port: client.socket.localPort ?? 0 }))
    let held = slow
    const ticks = setInterval(() => {
      const { ever, open } = accepted(port)
      held = slow.filter((client) => open.has(client.port) || !ever.has(client.port))
      for (const client of held) client.tick()
    }, tickMs)
    onTestFinished(() => clearInterval(ticks))

    const startedAtMs = performance.now()
    let closed = false
    const good = goodRequests(port, pathOf('small'), () => !closed)
    await until(() => held.length === 0, 'the slow ones are closed', patienceMs).catch(() => undefined)
    closed = true
    expect(held.map(({ what }) => what)).toEqual([])
    const elapsedMs = performance.now() - startedAtMs
    const meanwhile = await good
    await until(() => accepted(port).open.size === 0, 'all are closed')
    const [before, during] = [p99(normal), p99(meanwhile)]
    console.log(
      `${listener}: ${clients} slow clients closed within ${Math.round(elapsedMs)} ms; p99 of a good one ` +
        `${before.toFixed(1)} ms, meanwhile ${during.toFixed(1)} ms (${(during / before).toFixed(2)} times, ${meanwhile.length} requests)`,
    )
    expect(meanwhile.length).toBeGreaterThan(0)
  },
)
