// Real store daemons in this process, and a client that sends targets exactly as they are given.
import { startDaemon, Store } from '@backpack/store'
import { TemporaryDirectory } from '@backpack/test-cluster'
import { request } from 'node:http'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'

export interface StoreNode {
  readonly host: string
  readonly port: number
  readonly store: Store
  /** Stops listening; what is stored stays. */
  stop(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

const silent = pino({ level: 'silent' })
const host = '127.0.0.1'
const answerMs = 30_000

/** Gone when the test ends. */
export async function startNode(): Promise<StoreNode> {
  const directory = new TemporaryDirectory()
  const store = await Store.open({ path: directory.path, reserveBytes: 0, durability: 'os' })
  const daemon = await startDaemon({ store, host, port: 0, log: silent })
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= daemon.drain())
  onTestFinished(async () => {
    await stop()
    await store.close()
    directory.remove()
  })
  return { host, port: daemon.port, store, stop }
}

/** `path` is the target on the request line, byte for byte. */
export function ask(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerMs)
    const asked = request({ host, port, path, method, headers, agent: false, signal }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0 } = response
        resolve({ status: statusCode, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

/** Stores a blob on one node under the name that `path` spells. */
export async function putOn(node: StoreNode, path: string, body: Buffer): Promise<void> {
  const answer = await ask(node.port, path, {
    method: 'PUT',
    body,
    headers: { 'Content-Length': String(body.length) },
  })
  if (answer.status !== 201 && answer.status !== 204) throw new Error(`PUT ${path}: ${answer.status}`)
}

export async function deleteFrom(node: StoreNode, path: string): Promise<void> {
  const answer = await ask(node.port, path, { method: 'DELETE' })
  if (answer.status !== 204) throw new Error(`DELETE ${path}: ${answer.status}`)
}
