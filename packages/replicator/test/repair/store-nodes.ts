// A shard of real stores in this process, each behind its daemon, and a plain copy between them. Gone when the test ends.
import { HttpNodeClient, nameOfPath, type ServerNode, type Task } from '@backpack/cluster-model'
import { type Daemon, startDaemon, Store, type StoreOptions } from '@backpack/store'
import { TemporaryDirectory } from '@backpack/test-cluster'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import type { CopyTask } from '../../src/repair/repair-tasks.js'

export const hourMs = 3_600_000
const log = pino({ level: 'silent' })

export interface StoreNode extends ServerNode {
  store(): Store
  readonly path: string
  stop(): Promise<void>
  /** At the port of before. */
  start(): Promise<void>
  /** Starts again with an empty directory. */
  wipe(): Promise<void>
}

export async function startNodes(
  count: number,
  { durability = 'os' }: Pick<StoreOptions, 'durability'> = {},
): Promise<StoreNode[]> {
  const nodes: StoreNode[] = []
  for (let number = 1; number <= count; number++) nodes.push(await startNode(String(number), durability))
  return nodes
}

async function startNode(id: string, durability: 'sync' | 'os'): Promise<StoreNode> {
  let directory = new TemporaryDirectory()
  let running: { store: Store; daemon: Daemon } | undefined
  let port = 0
  const start = async () => {
    const store = await Store.open({ path: directory.path, reserveBytes: 0, durability })
    const daemon = await startDaemon({ store, host: '127.0.0.1', port, log, limits: { drainMs: 100 } })
    port = daemon.port
    running = { store, daemon }
  }
  const stop = async () => {
    await running?.daemon.drain()
    await running?.store.close()
    running = undefined
  }
  const wipe = async () => {
    await stop()
    directory.remove()
    directory = new TemporaryDirectory()
    await start()
  }
  const store = () => {
    if (running === undefined) throw new Error(`Node ${id} is stopped`)
    return running.store
  }
  await start()
  onTestFinished(async () => {
    await stop()
    directory.remove()
  })
  const url = `http://127.0.0.1:${port}`
  return { id, host: '127.0.0.1', port, url, path: directory.path, store, start, stop, wipe }
}

export function openClient(): HttpNodeClient {
  const client = new HttpNodeClient()
  onTestFinished(() => client.close())
  return client
}

/** Copies as a replicator does, without its care; `tasks` remembers what it was asked. */
export function plainCopies(nodes: readonly ServerNode[], client: HttpNodeClient) {
  const tasks: Task[] = []
  const copyTask: CopyTask = async (task) => {
    tasks.push(task)
    const to = nodes.find(({ id }) => id === task.to)
    const from = nodes.find(({ id }) => id === task.from[0])
    if (to === undefined || from === undefined) return 'failed'
    if (task.op === 'delete') {
      await client.delete(to, task.path, task.version)
      return 'done'
    }
    const got = await client.get(from, task.path)
    if (got.outcome === 'deleted') await client.delete(to, task.path, got.version)
    if (got.outcome !== 'found') return got.outcome === 'deleted' ? 'done' : 'failed'
    const { sizeBytes, contentType, version } = got.blob
    await client.put(to, task.path, () => got.body, { sizeBytes, contentType, version })
    return 'done'
  }
  return { tasks, copyTask, names: () => tasks.map(({ path }) => nameOfPath(path)).sort() }
}

/** A version of so many hours before now. */
export function hoursAgo(hours: number, ms = 0): bigint {
  return (BigInt(Date.now() - Math.round(hours * hourMs) + ms) << 16n) | 1n
}

/** Everything about every blob and tombstone of a store; equal for equal replicas. */
export async function contentsOf(store: Store): Promise<Map<string, string>> {
  const contents = new Map<string, string>()
  for await (const page of store.digestBucket({ beforeMs: 2 ** 48, bucket: '0-0', to: '99999999-15' })) {
    for (const { name, version, checksum, tombstone } of page) {
      if (tombstone) {
        contents.set(name, `deleted ${version}`)
        continue
      }
      const { info, data } = (await store.get(name))!
      // A blob without a type is served with this one, and copied with it.
      const contentType = info.contentType ?? 'application/octet-stream'
      contents.set(name, `${info.etag} ${version} ${checksum} ${contentType} ${data.toString('base64')}`)
    }
  }
  return contents
}
