// Real Redis servers for a test file, and queues on them that are closed after each test.
import { RedisProcess } from '@backpack/test-cluster'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll } from 'vitest'
import type { HostAndPort } from '../../src/schema/addresses.js'
import { RedisQueue, type RedisQueueOptions } from '../../src/queue/redis-queue.js'

/** All servers of these tests answer; a machine with other work may need longer for it than a queue waits for a server. */
export const patientMs = 30_000

/** By this process only. */
let keys = 0

export class TestServers {
  readonly processes: RedisProcess[] = []
  readonly #open: { close(): Promise<void> }[] = []

  /** Starts them before the first test of the file and ends them after the last. */
  constructor(count: number) {
    beforeAll(async () => {
      for (let started = 0; started < count; started++) this.processes.push(await RedisProcess.start())
    })
    afterEach(async () => {
      await Promise.all(this.#open.splice(0).map((each) => each.close()))
    })
    afterAll(async () => {
      await Promise.all(this.processes.map((server) => server.close()))
    })
  }

  get addresses(): HostAndPort[] {
    return this.processes.map(({ port }) => ({ host: '127.0.0.1', port }))
  }

  newKey(): string {
    return `queue-${keys++}`
  }

  /** On all servers under a fresh key unless it is said otherwise. */
  open(options: Partial<RedisQueueOptions> = {}): RedisQueue {
    const queue = RedisQueue.open({
      key: this.newKey(),
      servers: this.addresses,
      commandTimeoutMs: patientMs,
      ...options,
    })
    this.closeLater(queue)
    return queue
  }

  closeLater(closable: { close(): Promise<void> }): void {
    this.#open.push(closable)
  }

  /** A plain connection to one of them. */
  client(server: number): Redis {
    const client = new Redis({ port: this.processes[server]?.port ?? 0, host: '127.0.0.1' })
    client.on('error', () => {})
    this.closeLater({ close: async () => client.disconnect() })
    return client
  }
}
