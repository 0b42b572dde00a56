// A real redis-server on a free port, with a directory of its own, both gone when the test ends. Persists nothing by
// itself: what is in dump.rdb when it starts is what it holds.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from './temporary-directory.js'

const startTriesMax = 5
const nextTryMs = 100

/** For stores that no test keeps waiting: what a busy machine does late must not count as Redis being away. */
export const patientRedis = { commandTimeoutMs: 20_000 }

export class RedisServer {
  readonly port: number
  readonly directory: string
  readonly client: Redis
  readonly #args: readonly string[]
  #child: ChildProcess | undefined

  private constructor(port: number, directory: string, args: readonly string[]) {
    this.port = port
    this.directory = directory
    this.#args = args
    this.client = new Redis({ port, lazyConnect: true, retryStrategy: () => 10, maxRetriesPerRequest: null })
    this.client.on('error', () => undefined)
  }

  /** Starts a server with more command line arguments, such as '--maxmemory-policy'. */
  static async start(...args: string[]): Promise<RedisServer> {
    const directory = temporaryDirectory()
    for (let tries = 1; ; tries++) {
      const server = new RedisServer(await freePort(), directory, args)
      onTestFinished(() => server.#end())
      if (await server.restart()) return server
      if (tries === startTriesMax) throw new Error('redis-server does not start')
    }
  }

  get dumpPath(): string {
    return join(this.directory, 'dump.rdb')
  }

  /**
   * Starts the server again, on the same port, with what dump.rdb holds; false when it ended at once, which it does when
   * somebody else has the port meanwhile: he may even be the one who answers.
   */
  async restart(): Promise<boolean> {
    const settings = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', this.directory]
    const child = spawn('redis-server', ['--port', String(this.port), ...settings, ...this.#args], {
      stdio: 'ignore',
    })
    this.#child = child
    const ended = once(child, 'exit').then(() => false)
    if (this.client.status === 'wait') this.client.connect().catch(() => undefined)
    const answered = this.client.info('server').then((info) => info.includes(`process_id:${child.pid}\r\n`))
    return Promise.race([ended, answered])
  }

  /** Ends the server with SIGKILL; nothing is saved. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** Stops the server without ending it: connections stay, nothing is answered. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Writes what the server holds to dump.rdb and to a copy of it. */
  async snapshot(): Promise<string> {
    await this.client.save()
    const copy = join(this.directory, `snapshot-${Date.now()}.rdb`)
    copyFileSync(this.dumpPath, copy)
    return copy
  }

  /** Kills the server and starts it with what a snapshot held, or empty. */
  async restartFrom(snapshot: string | undefined): Promise<void> {
    await this.kill()
    if (snapshot === undefined) rmSync(this.dumpPath, { force: true })
    else copyFileSync(snapshot, this.dumpPath)
    for (let tries = 1; !(await this.restart()); tries++) {
      if (tries === startTriesMax) throw new Error('redis-server does not start again')
      await sleep(nextTryMs)
    }
  }

  async #end(): Promise<void> {
    this.client.disconnect()
    await this.kill()
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('A TCP server without a port')
  server.close()
  await once(server, 'close')
  return address.port
}
