// Thousands of hostile requests, from a printed seed, to a gateway with a root for files and to the listener of 2013.
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aclLine, type SmallGateway, smallGateway } from '../gateway/small-gateway.js'
import { faultCount } from '../helpers/fault-count.js'
import { send } from '../helpers/http-request.js'
import { printedRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { type Exchange, exchange } from './hostile/hostile-exchange.js'
import { type HostileRequest, HostileRequests, type Listener, victims } from './hostile/hostile-requests.js'
import type { OutsideFile } from './hostile/hostile-targets.js'

const atOnce = 20
const requestsPerBatch = 200
const shownBytesMax = 1_500
const outsideText = 'this stands outside of the root'
const hiddenText = 'this is hidden in the root'

/** A root with a file, and every way out of it that there is in a file system. */
function makeRoot(): { root: string; outside: OutsideFile } {
  const directory = temporaryDirectory()
  const root = join(directory, 'root')
  mkdirSync(join(root, 'sub'), { recursive: true })
  mkdirSync(join(directory, 'outside'))
  const path = join(directory, 'outside', 'secret.txt')
  writeFileSync(path, outsideText)
  writeFileSync(join(directory, 'root-secret.txt'), outsideText)
  writeFileSync(join(root, 'hello.txt'), 'hello')
  for (const folder of ['', 'sub']) {
    writeFileSync(join(root, folder, '.hidden'), hiddenText)
    symlinkSync(path, join(root, folder, 'escape.txt'))
    symlinkSync(join(directory, 'outside'), join(root, folder, 'escape'))
  }
  symlinkSync(root, join(root, 'inside'))
  symlinkSync('.', join(root, 'loop'))
  symlinkSync('nowhere', join(root, 'dangling'))
  execFileSync('mkfifo', [join(root, 'inside.fifo')])
  return { root, outside: { path, relative: 'outside/secret.txt' } }
}

async function hostileGateway(): Promise<{ gateway: SmallGateway; outside: OutsideFile }> {
  const { root, outside } = makeRoot()
  const entries = [aclLine('rita'), aclLine('wendy', 'write')]
  const gateway = await smallGateway({
    nodesPerShard: [1, 1],
    acls: { 1: entries, 2: entries },
    admins: [aclLine('root', 'admin')],
    proxy: { root, 'redirect-port': 'node', 'redirect-token': 'the token of the redirects' },
  })
  for (const name of victims) await gateway.node('11').store.put(name, Buffer.from('the victim'))
  return { gateway, outside }
}

async function storedNames({ nodes }: SmallGateway): Promise<Set<string>> {
  const names = new Set<string>()
  for (const { store } of nodes.values()) {
    for await (const { info } of store.scan()) names.add(info.name)
  }
  return names
}

/** In words; undefined when all is well. */
function faultOf({ received, statuses, overdue }: Exchange, { whole }: HostileRequest): string | undefined {
  if (overdue !== undefined) return `the ${overdue} is overdue`
  // What is another version of HTTP than 1 is refused with this one.
  if (statuses.some((status) => status >= 500 && status !== 505))
    return `it was answered ${statuses.join(', ')}`
  if (received.includes(outsideText)) return 'it shows a file outside of the root'
  if (received.includes(hiddenText)) return 'it shows a hidden file'
  return whole && statuses.length === 0 ? 'it was not answered' : undefined
}

interface Tally {
  readonly faults: string[]
  /** By the status of the first answer. */
  readonly answers: Map<string, number>
  slowestMs: number
  slowest: string
}

async function sendAll(port: number, requests: readonly HostileRequest[], tally: Tally): Promise<void> {
  const waiting = requests.values()
  const sendSome = async () => {
    for (const request of waiting) {
      const startedAtMs = performance.now()
      const answer = await exchange(port, request)
      const elapsedMs = performance.now() - startedAtMs
      const fault = faultOf(answer, request)
      const shown = JSON.stringify(request.bytes.toString('latin1').slice(0, shownBytesMax))
      if (fault !== undefined) tally.faults.push(`${request.kind}: ${fault}: ${shown}`)
      const status = String(answer.statuses[0] ?? 'none')
      tally.answers.set(status, (tally.answers.get(status) ?? 0) + 1)
      if (elapsedMs > tally.slowestMs)
        Object.assign(tally, { slowestMs: elapsedMs, slowest: shown.slice(0, 200) })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, sendSome))
}

test.each<Listener>(['gateway', 'plain'])(
  'hostile requests to the %s listener do no harm',
  async (listener) => {
    const random = printedRandom(`hostile requests, ${listener}`)
    const total = faultCount(`hostile requests to the ${listener} listener`, { short: 1_000, full: 10_000 })
    const { gateway, outside } = await hostileGateway()
    const port = listener === 'gateway' ? gateway.gatewayPort : gateway.port
    const alive = listener === 'gateway' ? '/ping/' : '/-/live'
    const hostile = new HostileRequests(random, { listener, outside })
    const tally: Tally = { faults: [], answers: new Map(), slowestMs: 0, slowest: '' }
    for (let sent = 0; sent < total; sent += requestsPerBatch) {
      const batch = Array.from({ length: requestsPerBatch }, () => hostile.next())
      await sendAll(port, batch, tally)
      expect(tally.faults).toEqual([])
      expect((await send(port, 'GET', alive)).status).toBe(200)
    }
    const shown = [...tally.answers].sort().map(([status, count]) => `${status}: ${count}`)
    console.log(`${listener}: first answers ${shown.join(', ')}`)
    console.log(
      `${listener}: the slowest was closed after ${Math.round(tally.slowestMs)} ms: ${tally.slowest}`,
    )
    if (listener === 'gateway') {
      expect((await send(port, 'GET', '/hello.txt')).body.toString()).toBe('hello')
      expect((await send(port, 'GET', '/inside/hello.txt')).body.toString()).toBe('hello')
    }
    const names = await storedNames(gateway)
    const surprises = [...names].filter(
      (name) => !hostile.uploadable.has(name) && !(victims as readonly string[]).includes(name),
    )
    expect(surprises.map((name) => `${name}: ${JSON.stringify(hostile.hiding.get(name))}`)).toEqual([])
    expect(victims.filter((name) => !names.has(name))).toEqual([])
    // Some of them did get in: else nothing of this would be worth much.
    expect(names.size).toBeGreaterThan(victims.length)
  },
)
