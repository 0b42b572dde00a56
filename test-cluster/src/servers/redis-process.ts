// A real redis-server on a free port with an append-only file of its own.
import { cpSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { ServerProcess } from './server-process.js'
import { TemporaryDirectory } from './temporary-directory.js'

const startTriesMax = 5

export interface RedisOptions {
  /** In messages. */
  readonly name?: string
  /** Its own directory is made in this one; default: the system's for temporary files. */
  readonly parentDirectory?: string
  readonly logPath?: string | undefined
}

export class RedisProcess {
  readonly name: string
  readonly port: number
  readonly #directory: TemporaryDirectory
  readonly #logPath: string | undefined
  #process: ServerProcess | undefined

  private constructor(port: number, { name = 'Redis', parentDirectory, logPath }: RedisOptions) {
    this.name = name
    this.port = port
    this.#directory = new TemporaryDirectory({ parent: parentDirectory })
    this.#logPath = logPath
  }

  /** Resolves once it answers. */
  static async start(options: RedisOptions = {}): Promise<RedisProcess> {
    for (let tries = 1; ; tries++) {
      const redis = new RedisProcess(await freePort(), options)
      try {
        await redis.restart()
        return redis
      } catch (error) {
        await redis.close()
        if (tries === startTriesMax) throw error
      }
    }
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  get running(): boolean {
    return this.#process?.running === true
  }

  /** Starts it, again on the same port, with what its append-only file holds; kills it first when it runs. */
  async restart(): Promise<void> {
    await this.kill()
    const { path } = this.#directory
    const settings = ['--bind', '127.0.0.1', '--dir', path, '--appendonly', 'yes', '--save', '']
    const args = ['--port', String(this.port), ...settings]
    this.#process = new ServerProcess('redis-server', args, { logPath: this.#logPath })
    await this.#process.serves(this.name, () => answersPing(this.port))
  }

  /** SIGKILL; what was acknowledged is in its file. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL')
    await this.#process?.ended()
  }

  /** Stops it without ending it: connections stay, nothing is answered. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Kills it and starts it with nothing. */
  async restartEmpty(): Promise<void> {
    await this.kill()
    rmSync(join(this.#directory.path, 'appendonlydir'), { recursive: true, force: true })
    await this.restart()
  }

  /** Keeps a copy of what it holds now; restartFrom() goes back to it. */
  snapshot(): string {
    const copy = join(this.#directory.path, `snapshot-${Date.now()}`)
    cpSync(join(this.#directory.path, 'appendonlydir'), copy, { recursive: true })
    return copy
  }

  /** Kills it and starts it with what a snapshot held. */
  async restartFrom(snapshot: string): Promise<void> {
    await this.kill()
    const directory = join(this.#directory.path, 'appendonlydir')
    rmSync(directory, { recursive: true, force: true })
    cpSync(snapshot, directory, { recursive: true })
    await this.restart()
  }

  async close(): Promise<void> {
    await this.kill()
    this.#directory.remove()
  }
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.setTimeout(1_000, () => socket.destroy())
    socket.on('data', (data) => {
      resolve(data.toString().startsWith('+PONG'))
      socket.destroy()
    })
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
  })
}
