// Real ZooKeeper servers, one or three, as plain Java processes with directories of their own.
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { ServerProcess } from './server-process.js'
import { TemporaryDirectory } from './temporary-directory.js'

const jars = ['/usr/share/java/zookeeper.jar', '/usr/share/java/slf4j-nop.jar']
const tickMs = 500

export interface ZooKeeperOptions {
  readonly servers?: 1 | 3
  /** Its own directory is made in this one; default: the system's for temporary files. */
  readonly parentDirectory?: string
  /** The file that gets what a server prints. */
  readonly logPathOf?: (id: number) => string | undefined
}

interface Member {
  readonly id: number
  readonly port: number
  readonly quorumPort: number
  readonly electionPort: number
}

export class ZooKeeperEnsemble {
  readonly #members: readonly Member[]
  readonly #directory: TemporaryDirectory
  readonly #logPathOf: (id: number) => string | undefined
  readonly #processes = new Map<number, ServerProcess>()

  private constructor(members: readonly Member[], { parentDirectory, logPathOf }: ZooKeeperOptions) {
    this.#members = members
    this.#directory = new TemporaryDirectory({ parent: parentDirectory })
    this.#logPathOf = logPathOf ?? (() => undefined)
  }

  /** Resolves once it serves. */
  static async start(options: ZooKeeperOptions = {}): Promise<ZooKeeperEnsemble> {
    const { servers = 1 } = options
    const members: Member[] = []
    for (let id = 1; id <= servers; id++) {
      members.push({
        id,
        port: await freePort(),
        quorumPort: await freePort(),
        electionPort: await freePort(),
      })
    }
    const ensemble = new ZooKeeperEnsemble(members, options)
    try {
      await ensemble.restartAll()
    } catch (error) {
      await ensemble.close()
      throw error
    }
    return ensemble
  }

  /** `host:port,host:port`, as clients want it. */
  get connectString(): string {
    return this.#members.map(({ port }) => `127.0.0.1:${port}`).join(',')
  }

  /** Ids of its servers, from 1. */
  get ids(): readonly number[] {
    return this.#members.map(({ id }) => id)
  }

  addressOf(id: number): string {
    return `127.0.0.1:${this.#memberOf(id).port}`
  }

  pidOf(id: number): number {
    return this.#processes.get(id)?.pid ?? 0
  }

  isRunning(id: number): boolean {
    return this.#processes.get(id)?.running === true
  }

  /** The id of the server that leads now; undefined without one. A single server leads itself. */
  async leader(): Promise<number | undefined> {
    for (const { id, port } of this.#members) {
      const mode = await askMode(port)
      if (mode === 'leader' || mode === 'standalone') return id
    }
    return undefined
  }

  /** SIGKILL of one server. */
  async kill(id: number): Promise<void> {
    const server = this.#processes.get(id)
    server?.kill('SIGKILL')
    await server?.ended()
  }

  async killAll(): Promise<void> {
    await Promise.all(this.ids.map((id) => this.kill(id)))
  }

  /** Starts a server again, which is killed first when it runs; resolves once it serves (one of three: with another one). */
  async restart(id: number): Promise<void> {
    await this.kill(id)
    this.#launch(id)
    await this.#serving(id)
  }

  async restartAll(): Promise<void> {
    await this.killAll()
    for (const id of this.ids) this.#launch(id)
    for (const id of this.ids) await this.#serving(id)
  }

  async close(): Promise<void> {
    await this.killAll()
    this.#directory.remove()
  }

  #launch(id: number): void {
    const member = this.#memberOf(id)
    const dataDirectory = join(this.#directory.path, `server-${id}`)
    const configPath = join(this.#directory.path, `server-${id}.cfg`)
    mkdirSync(dataDirectory, { recursive: true })
    writeFileSync(join(dataDirectory, 'myid'), String(id))
    writeFileSync(configPath, this.#describe(member, dataDirectory))
    // Without perf data, of which a killed server would leave a file in the system's directory for temporary files.
    const flags = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData']
    const args = [...flags, '-cp', jars.join(':')]
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
    const server = new ServerProcess('java', [...args, main, configPath], { logPath: this.#logPathOf(id) })
    this.#processes.set(id, server)
  }

  #describe({ port }: Member, dataDirectory: string): string {
    const lines = [
      `tickTime=${tickMs}`,
      'minSessionTimeout=1000',
      'initLimit=20',
      'syncLimit=10',
      `dataDir=${dataDirectory}`,
      `clientPort=${port}`,
      'clientPortAddress=127.0.0.1',
      'maxClientCnxns=0',
      'admin.enableServer=false',
      '4lw.commands.whitelist=*',
    ]
    if (this.#members.length > 1) {
      for (const { id, quorumPort, electionPort } of this.#members) {
        lines.push(`server.${id}=127.0.0.1:${quorumPort}:${electionPort}`)
      }
    }
    return `${lines.join('\n')}\n`
  }

  async #serving(id: number): Promise<void> {
    const { port } = this.#memberOf(id)
    const answers = async () => (await askMode(port)) !== undefined
    await this.#processes.get(id)?.serves(`ZooKeeper ${id}`, answers)
  }

  #memberOf(id: number): Member {
    const member = this.#members.find((each) => each.id === id)
    if (member === undefined) throw new TypeError(`There is no server ${id}`)
    return member
  }
}

/** What `srvr` says of its mode: leader, follower, standalone; undefined while it does not serve. */
function askMode(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write('srvr'))
    socket.setTimeout(2_000, () => socket.destroy())
    socket.on('data', (data) => {
      text += data.toString()
    })
    socket.on('error', () => resolve(undefined))
    socket.on('close', () => resolve(/^Mode: (\w+)/m.exec(text)?.[1]))
  })
}
