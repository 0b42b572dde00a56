// The model of a cluster on one machine: one JSON file, replaced as a whole at each change. Several processes may have it
// open, such as an admin command beside the server; they see each other's changes when they read, and by looking for them.
import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ClusterError, isClusterError } from '../errors.js'
import type { ClusterTree, TreeNode, TreeState } from './cluster-tree.js'
import { takeFileLock } from './file-lock.js'
import {
  type Changed,
  childrenOf,
  createNode,
  differences,
  emptyContent,
  removeNode,
  setNode,
  type TreeContent,
  withoutOwners,
} from './file-tree-content.js'
import { SerialReads } from './serial-reads.js'
import { TreeFile } from './tree-file.js'
import { TreeListeners } from './tree-listeners.js'
import { isOwnerGone, removeGoneOwners, TreeOwner } from './tree-owner.js'
import { checkData, checkPath, operationMs, treeErrors } from './tree-rules.js'

/** How soon changes by other processes are noticed. */
const lookMs = 200
/** Changes of this tree that may wait for the one before. */
const changesMax = 1_000

export class FileTree implements ClusterTree {
  readonly #file: TreeFile
  readonly #listeners = new TreeListeners()
  readonly #looks = new SerialReads(() => this.#look())
  #view: TreeContent = emptyContent
  #state: TreeState = 'connected'
  #owner: TreeOwner | undefined
  #timer: NodeJS.Timeout | undefined
  #changes: Promise<unknown> = Promise.resolve()
  #changesWaiting = 0
  #closing: Promise<void> | undefined

  private constructor(path: string) {
    this.#file = new TreeFile(path)
  }

  /**
   * `path` is the JSON file; it and its directory are made when missing. Throws TREE_DAMAGED when it is there and no tree,
   * TREE_AWAY when it cannot be read or written.
   */
  static async open({ path }: { readonly path: string }): Promise<FileTree> {
    const tree = new FileTree(resolve(path))
    await tree.#start()
    return tree
  }

  get state(): TreeState {
    return this.#state
  }

  async get(path: string): Promise<TreeNode | undefined> {
    checkPath(path)
    const node = (await this.#read()).nodes.get(path)
    if (node === undefined) return undefined
    const { data, version, owner } = node
    // A copy: whoever gets it may write into it.
    const found = { data: Buffer.from(data), version }
    if (owner === undefined) return found
    return { ...found, ephemeral: owner === this.#owner?.identity ? 'own' : 'foreign' }
  }

  async set(path: string, data: Buffer, version: number): Promise<number> {
    checkPath(path)
    checkData(path, data)
    const copy = Buffer.from(data)
    return this.#change((content) => setNode(content, path, { data: copy, version }))
  }

  async create(path: string, data: Buffer, options: { readonly ephemeral?: boolean } = {}): Promise<void> {
    checkPath(path)
    checkData(path, data)
    const copy = Buffer.from(data)
    return this.#change((content) => {
      const owner = options.ephemeral === true ? this.#ownerIdentity() : undefined
      return createNode(content, path, { data: copy, owner })
    })
  }

  async remove(path: string, version?: number): Promise<void> {
    checkPath(path)
    return this.#change((content) => removeNode(content, path, version))
  }

  async children(path: string): Promise<string[] | undefined> {
    checkPath(path)
    return childrenOf(await this.#read(), path)
  }

  watchNode(path: string, changed: () => void): () => void {
    checkPath(path)
    return this.#listeners.add('node', path, changed)
  }

  watchChildren(path: string, changed: () => void): () => void {
    checkPath(path)
    return this.#listeners.add('children', path, changed)
  }

  onState(changed: (state: TreeState) => void): () => void {
    return this.#listeners.addForState(changed)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #start(): Promise<void> {
    try {
      await mkdir(dirname(this.#file.path), { recursive: true })
    } catch (cause) {
      throw new ClusterError('TREE_AWAY', `${dirname(this.#file.path)} cannot be made`, { cause })
    }
    const found = await this.#file.read()
    if (found === undefined) await this.#makeFile()
    else this.#view = this.#visible(found)
    await this.#looks.next()
    this.#timer = setInterval(() => {
      // What is wrong is said by the state, and to whoever reads.
      this.#looks.next().catch(() => undefined)
    }, lookMs).unref()
  }

  async #makeFile(): Promise<void> {
    const lock = await takeFileLock(this.#file.path, performance.now() + operationMs)
    try {
      if ((await this.#file.read()) === undefined) await this.#file.replace(emptyContent, lock)
    } finally {
      lock.release()
    }
  }

  async #read(): Promise<TreeContent> {
    this.#throwIfClosed()
    return this.#looks.next()
  }

  /** Reads what is new, and tells of it before it gives it. */
  async #look(): Promise<TreeContent> {
    try {
      const view = this.#visible(await this.#readFile())
      const { nodes, children } = differences(this.#view, view)
      this.#view = view
      const back = this.#setState('connected')
      if (back) this.#listeners.callAll()
      for (const path of back ? [] : nodes) this.#listeners.call('node', path)
      for (const path of back ? [] : children) this.#listeners.call('children', path)
      return view
    } catch (error) {
      this.#setState('away')
      throw error
    }
  }

  async #readFile(): Promise<TreeContent> {
    const content = await this.#file.read()
    if (content !== undefined) return content
    throw new ClusterError('TREE_AWAY', `${this.#file.path} was removed while it was in use`)
  }

  #visible(content: TreeContent): TreeContent {
    return withoutOwners(content, (owner) => {
      return owner !== this.#owner?.identity && isOwnerGone(this.#file.path, owner)
    })
  }

  /** One after the other, also because the lock is held against this process as well. */
  async #change<Result>(plan: (content: TreeContent) => Changed<Result>): Promise<Result> {
    this.#throwIfClosed()
    if (this.#changesWaiting >= changesMax) {
      throw new ClusterError('TREE_AWAY', `${changesMax} changes of ${this.#file.path} are waiting already`)
    }
    const deadlineMs = performance.now() + operationMs
    this.#changesWaiting++
    const change = this.#changes.then(() => this.#changeNow(plan, deadlineMs))
    this.#changes = change.catch(() => undefined)
    try {
      return await change
    } finally {
      this.#changesWaiting--
    }
  }

  async #changeNow<Result>(
    plan: (content: TreeContent) => Changed<Result>,
    deadlineMs: number,
  ): Promise<Result> {
    const lock = await takeFileLock(this.#file.path, deadlineMs)
    try {
      const { content, result } = plan(this.#visible(await this.#readFile()))
      await this.#file.replace(content, lock)
      removeGoneOwners(this.#file.path)
      return result
    } finally {
      lock.release()
      // Listeners hear of it before the caller does; when the file cannot be read that is for the next reader to hear.
      await this.#looks.next().catch(() => undefined)
    }
  }

  #ownerIdentity(): string {
    this.#owner ??= new TreeOwner(this.#file.path, () => this.#loseOwner())
    return this.#owner.identity
  }

  /** As when a session expires: the ephemeral nodes are gone, and listeners have to look. */
  #loseOwner(): void {
    this.#owner = undefined
    this.#setState('away')
    this.#looks.next().catch(() => undefined)
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer)
    this.#setState('closed')
    this.#listeners.clear()
    await this.#changes
    const owner = this.#owner
    if (owner === undefined) return
    // From here on nobody sees its nodes, also when the file cannot be written.
    owner.release()
    this.#owner = undefined
    try {
      await this.#sweep()
    } catch (error) {
      if (!isClusterError(error)) throw error
    }
  }

  async #sweep(): Promise<void> {
    const lock = await takeFileLock(this.#file.path, performance.now() + operationMs)
    try {
      const content = await this.#readFile()
      const swept = this.#visible(content)
      if (swept !== content) await this.#file.replace({ ...swept, revision: content.revision + 1 }, lock)
    } finally {
      lock.release()
    }
  }

  /** True when it was away before. */
  #setState(state: TreeState): boolean {
    const before = this.#state
    if (before === state || before === 'closed') return false
    this.#state = state
    this.#listeners.callForState(state)
    return before === 'away'
  }

  #throwIfClosed(): void {
    if (this.#state === 'closed') throw treeErrors.closed()
  }
}
