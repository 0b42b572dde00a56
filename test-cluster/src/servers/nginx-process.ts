// A real nginx in the foreground, on a free port, with everything it writes in a directory of its own.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { ServerProcess } from './server-process.js'
import { TemporaryDirectory } from './temporary-directory.js'
import { until } from './until.js'

const startTriesMax = 5
const portTaken = /Address already in use/
/** Where Debian has it, which is not in everybody's path. */
const searchPath = `${process.env['PATH'] ?? ''}:/usr/sbin`
/** Others may look into the directory: started by root, nginx serves as another user. */
const directoryMode = 0o755

export interface NginxPlace {
  /** Absolute. */
  readonly directory: string
  /** Nobody listens on it yet. */
  readonly port: number
}

export class NginxProcess {
  readonly port: number
  readonly #directory = new TemporaryDirectory()
  #process: ServerProcess | undefined

  private constructor(port: number) {
    this.port = port
    chmodSync(this.directory, directoryMode)
  }

  /** Resolves once it listens. `configure` gives the text of a configuration that listens on the port. */
  static async start(configure: (place: NginxPlace) => string): Promise<NginxProcess> {
    for (let tries = 1; ; tries++) {
      const nginx = new NginxProcess(await freePort())
      try {
        writeFileSync(nginx.configPath, configure({ directory: nginx.directory, port: nginx.port }))
        await nginx.restart()
        return nginx
      } catch (error) {
        await nginx.close()
        if (tries === startTriesMax || !portTaken.test(String(error))) throw error
      }
    }
  }

  get directory(): string {
    return this.#directory.path
  }

  get configPath(): string {
    return join(this.directory, 'nginx.conf')
  }

  /** Without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.port }
  }

  /** Of the master process. */
  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** Starts it, again on the same port with the same configuration. */
  async restart(): Promise<void> {
    const startLog = join(this.directory, 'start.log')
    const args = ['-p', this.directory, '-c', this.configPath, '-e', startLog, '-g', 'daemon off;']
    const server = new ServerProcess('nginx', args, { env: { ...process.env, PATH: searchPath } })
    this.#process = server
    await until(async () => {
      return !server.running || (hasWorkers(server.pid) && (await listens(this.port)))
    }, 'nginx listens')
    if (server.running) return
    await server.ended()
    const log = existsSync(startLog) ? readFileSync(startLog, 'utf8') : ''
    throw new Error(`nginx ended: ${server.output}${log}`)
  }

  /** Ends it at once, with its workers: connections to it are refused from then on. */
  async stop(): Promise<void> {
    await this.#process?.stop()
  }

  async close(): Promise<void> {
    await this.stop()
    this.#directory.remove()
  }
}

/** Workers come last: its pid file is written by then, and signals are heard. */
function hasWorkers(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8') !== ''
  } catch {
    return false
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      resolve(true)
      socket.destroy()
    })
    socket.on('error', () => resolve(false))
  })
}
