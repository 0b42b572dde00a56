// The model of a cluster in ZooKeeper, below a root of its own.
import { z } from 'zod'
import { ClusterError, codeOf } from '../errors.js'
import { addressListSchema } from '../schema/addresses.js'
import type { ClusterTree, TreeNode, TreeState } from './cluster-tree.js'
import { TreeListeners } from './tree-listeners.js'
import { checkData, checkPath, checkPathBelowRoot } from './tree-rules.js'
import { WatchRegistry } from './watch-registry.js'
import { type LinkOptions, type TreeLog, ZooKeeperLink } from './zookeeper-link.js'
import { ZooKeeperRequests } from './zookeeper-requests.js'

const silentLog: TreeLog = { info() {}, warn() {} }

const optionsSchema = z.strictObject({
  /** `host:port,host:port`. */
  servers: addressListSchema,
  /** Such as `/backpack`; made when missing, each part of it. */
  root: z.string().refine(isPath, 'must be a path such as /backpack'),
  /** Ephemeral nodes go so long after their process died; servers may allow less or more. */
  sessionTimeoutMs: z.int().min(100).max(600_000).default(4_000),
  /** For open() only: later the link is looked for until close(). */
  connectTimeoutMs: z.int().min(1).max(600_000).default(10_000),
  log: z.custom<TreeLog>((value) => typeof value === 'object' && value !== null).default(silentLog),
})

export type ZooKeeperTreeOptions = z.input<typeof optionsSchema>

export class ZooKeeperTree implements ClusterTree {
  /** What stands before each path at the server; '' when the root is ZooKeeper's own. */
  readonly #prefix: string
  readonly #listeners = new TreeListeners()
  readonly #watches = new WatchRegistry(this.#listeners, (path) => this.#absolute(path))
  readonly #link: ZooKeeperLink
  readonly #requests: ZooKeeperRequests

  private constructor(root: string, linkOptions: LinkOptions) {
    this.#prefix = root === '/' ? '' : root
    this.#link = new ZooKeeperLink(linkOptions, {
      stateChanged: (state) => this.#listeners.callForState(state),
      connected: (client) => {
        this.#watches.connected(client)
        this.#requests.settleDoubts()
      },
      changed: (event, path) => {
        if (path === this.#prefix) this.#watches.changed(event, '/')
        else if (path.startsWith(`${this.#prefix}/`)) {
          this.#watches.changed(event, path.slice(this.#prefix.length))
        }
      },
    })
    this.#requests = new ZooKeeperRequests(this.#link)
  }

  /**
   * Resolves once there is a session and the root. Throws INVALID_OPTIONS, CLIENT_MISSING (npm `zookeeper` is not installed),
   * TREE_AWAY when no server answers within `connectTimeoutMs`.
   */
  static async open(options: ZooKeeperTreeOptions): Promise<ZooKeeperTree> {
    const { root, connectTimeoutMs, ...linkOptions } = resolveOptions(options)
    const tree = new ZooKeeperTree(root, linkOptions)
    try {
      await tree.#link.open(connectTimeoutMs)
      await tree.#makeRoot(root)
    } catch (error) {
      await tree.close()
      throw error
    }
    return tree
  }

  get state(): TreeState {
    return this.#link.state
  }

  async get(path: string): Promise<TreeNode | undefined> {
    checkPath(path)
    const node = await this.#requests.get(this.#absolute(path))
    if (node === undefined) return undefined
    const { data, stat, own } = node
    const found = { data, version: stat.version }
    return stat.ephemeralOwner === '0' ? found : { ...found, ephemeral: own ? 'own' : 'foreign' }
  }

  async set(path: string, data: Buffer, version: number): Promise<number> {
    checkPath(path)
    checkData(path, data)
    // A copy: it may be sent later, and again.
    return this.#requests.set(this.#absolute(path), Buffer.from(data), version)
  }

  async create(path: string, data: Buffer, options: { readonly ephemeral?: boolean } = {}): Promise<void> {
    checkPathBelowRoot(path)
    checkData(path, data)
    const ephemeral = options.ephemeral === true
    await this.#requests.create(this.#absolute(path), Buffer.from(data), { ephemeral })
  }

  async remove(path: string, version?: number): Promise<void> {
    checkPathBelowRoot(path)
    await this.#requests.remove(this.#absolute(path), version)
  }

  async children(path: string): Promise<string[] | undefined> {
    checkPath(path)
    return (await this.#requests.children(this.#absolute(path)))?.sort()
  }

  watchNode(path: string, changed: () => void): () => void {
    checkPath(path)
    return this.#watches.add('node', path, changed)
  }

  watchChildren(path: string, changed: () => void): () => void {
    checkPath(path)
    return this.#watches.add('children', path, changed)
  }

  onState(changed: (state: TreeState) => void): () => void {
    return this.#listeners.addForState(changed)
  }

  async close(): Promise<void> {
    await this.#link.close()
    this.#listeners.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #absolute(path: string): string {
    return path === '/' ? this.#prefix || '/' : `${this.#prefix}${path}`
  }

  async #makeRoot(root: string): Promise<void> {
    let path = ''
    for (const part of root.split('/').filter((each) => each !== '')) {
      path += `/${part}`
      try {
        await this.#requests.create(path, Buffer.alloc(0), { ephemeral: false })
      } catch (error) {
        if (codeOf(error) !== 'NODE_EXISTS') throw error
      }
    }
  }
}

function resolveOptions(options: ZooKeeperTreeOptions) {
  const parsed = optionsSchema.safeParse(options)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'options'}: ${message}`,
  )
  throw new ClusterError('INVALID_OPTIONS', `Options not accepted: ${problems.join('; ')}`, { problems })
}

function isPath(path: string): boolean {
  try {
    checkPath(path)
    return true
  } catch {
    return false
  }
}
