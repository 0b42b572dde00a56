// A coordinator from open to close. The flows are in handle-put.ts, handle-read.ts and handle-delete.ts.
import {
  ClusterError,
  type ClusterSnapshot,
  type ClusterTree,
  type ClusterWatch,
  LocalQueue,
  type NodeBlob,
  openQueue,
  openTree,
  registerDaemon,
  type ReplicationQueue,
  urlOf,
  watchCluster,
} from '@backpack/cluster-model'
import { isReachable } from '@backpack/command-line'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { type DeleteReceipt, handleDelete } from './handle-delete.js'
import { handlePut, type PutReceipt } from './handle-put.js'
import { handleGet, handleHead, type OpenBlob } from './handle-read.js'
import { LiveConfig } from './gateway/config/live-config.js'
import { type GatewaySettings, withSettings } from './gateway/gateway-settings.js'
import { type GatewayListening, startGateway } from './gateway/start-gateway.js'
import type { ReadParts } from './http/serve-blob.js'
import { type Listening, type ListenOptions, startListening } from './http/start-listening.js'
import { type Closer, makeParts } from './make-parts.js'
import { type CoordinatorOptions, resolveOptions, type ResolvedOptions } from './options.js'
import { packageVersion } from './package-version.js'
import { prepareSpool } from './receive/spool-file.js'
import { ShardSizes } from './shard-sizes.js'

export interface PutBlobOptions {
  /** Stored as it is; undefined lets the store go by the name. */
  readonly contentType?: string
  /** Of a stream: what it must give. */
  readonly sizeBytes?: number
  /** The shard that has the blob already, to overwrite it. */
  readonly shardId?: string
  /** Copies to wait for, the first included; default: as the coordinator was opened. */
  readonly copies?: number
}

export class Coordinator implements AsyncDisposable {
  readonly tree: ClusterTree
  readonly queue: ReplicationQueue
  readonly #parts: ReadParts
  readonly #gateway: GatewaySettings
  readonly #closers: Closer[]
  /** Whether stores can tell its requests from those of others. */
  readonly #signs: boolean
  readonly #listening = new Set<Pick<Listening, 'drain'>>()
  /** Calls of a program that are under way. */
  readonly #underWay = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  private constructor(
    tree: ClusterTree,
    parts: ReadParts,
    { gateway, closers, signs }: { gateway: GatewaySettings; closers: Closer[]; signs: boolean },
  ) {
    this.tree = tree
    this.queue = parts.queue.queue
    this.#parts = parts
    this.#gateway = gateway
    this.#closers = closers
    this.#signs = signs
  }

  /**
   * Resolves once the model was read. Throws INVALID_OPTIONS, TREE_AWAY, CLIENT_MISSING (npm `zookeeper` is not installed),
   * SPOOL_FAILED; nothing stays open then.
   */
  static async open(options: CoordinatorOptions): Promise<Coordinator> {
    const gateway: GatewaySettings = { liveConfig: undefined }
    const resolved = withSettings(resolveOptions(options), gateway)
    const closers: Closer[] = []
    try {
      await prepareSpool(resolved.spoolDirectory)
      const tree = await openClusterTree(resolved, closers)
      const watch = await watchCluster(tree)
      closers.push(() => watch.close())
      const queue = await openReplicationQueue(resolved, watch, closers)
      const { log } = resolved
      const sizes = new ShardSizes({ tree, watch, log }, `${hostname()}:${process.pid}`)
      closers.push(() => sizes.close())
      const parts = makeParts(resolved, { watch, queue, sizes }, closers)
      const signs = resolved.clusterSecret !== undefined
      return new Coordinator(tree, parts, { gateway, closers, signs })
    } catch (error) {
      await closeAll(closers)
      throw error
    }
  }

  /** The model as it is known now; frozen. */
  get snapshot(): ClusterSnapshot {
    return this.#parts.watch.snapshot
  }

  /** Stores a blob, with the promises and errors of handlePut(); also COORDINATOR_CLOSED, COPIES_INVALID. */
  async put(
    name: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    options: PutBlobOptions = {},
  ): Promise<PutReceipt> {
    this.#assertOpen()
    const { contentType, sizeBytes, shardId, copies = this.#parts.copies } = options
    if (!Number.isInteger(copies) || copies < 1) {
      throw new ClusterError('COPIES_INVALID', 'copies must be a whole number from 1 on')
    }
    const receive = () => this.#parts.receiver.receiveFrom(body, sizeBytes)
    return this.#track(handlePut(this.#parts, { name, receive, contentType, shardId, copies }))
  }

  /** The blob and a stream of its bytes, or undefined; as handleGet(). */
  async get(shardId: string, name: string): Promise<OpenBlob | undefined> {
    this.#assertOpen()
    return this.#track(handleGet(this.#parts, { shardId, name }))
  }

  async head(shardId: string, name: string): Promise<NodeBlob | undefined> {
    this.#assertOpen()
    return this.#track(handleHead(this.#parts, { shardId, name }))
  }

  /** Deletes a blob on all nodes of its shard; as handleDelete(). */
  async delete(shardId: string, name: string): Promise<DeleteReceipt> {
    this.#assertOpen()
    return this.#track(handleDelete(this.#parts, { shardId, name }))
  }

  /**
   * Serves the HTTP API, and shows this daemon in the tree until it is drained; while the tree is away it is shown later.
   * Rejects with the error of listen(2), such as EADDRINUSE.
   */
  async listen(options: ListenOptions): Promise<Listening> {
    this.#assertOpen()
    const listening = await startListening(this.#parts, options)
    try {
      const registration = await registerDaemon(this.tree, {
        kind: 'coordinator',
        url: registeredUrl(options.host, listening.port),
        packageVersion: packageVersion(),
      })
      const registered: Listening = {
        ...listening,
        drain: async () => {
          this.#listening.delete(registered)
          await Promise.all([registration.close(), listening.drain()])
        },
      }
      this.#listening.add(registered)
      if (!this.#signs && isReachable(options.host)) {
        this.#parts.log.warn({ host: options.host }, 'listening beyond this machine without a cluster secret')
      }
      return registered
    } catch (error) {
      await listening.drain()
      throw error
    }
  }

  /**
   * Serves the gateway as its configuration file says, and goes by that file until it is drained. Throws INVALID_OPTIONS
   * with all its problems, and for a second gateway at a time; rejects with the error of listen(2), such as EADDRINUSE.
   */
  async listenGateway({ configFile }: { readonly configFile: string }): Promise<GatewayListening> {
    this.#assertOpen()
    return this.#track(this.#openGateway(configFile))
  }

  /**
   * Drains what listens, waits for calls under way (at most drainMs) and closes what was opened here: a tree or a queue
   * that was given stays open. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #openGateway(configFile: string): Promise<GatewayListening> {
    const settings = this.#gateway
    const { log } = this.#parts
    const liveConfig = await LiveConfig.open(configFile, { log })
    const forget = async () => {
      if (settings.liveConfig === liveConfig) settings.liveConfig = undefined
      await liveConfig.close()
    }
    try {
      this.#assertOpen()
      if (settings.liveConfig !== undefined)
        throw new ClusterError('INVALID_OPTIONS', 'This coordinator has a gateway already')
      settings.liveConfig = liveConfig
      const listening = await startGateway(this.#parts, liveConfig)
      // A close() meanwhile has not seen it.
      if (this.#closing !== undefined) await listening.drain()
      this.#assertOpen()
      const closing: GatewayListening = {
        ...listening,
        drain: async () => {
          this.#listening.delete(closing)
          await listening.drain()
          await forget()
        },
      }
      this.#listening.add(closing)
      return closing
    } catch (error) {
      await forget()
      throw error
    }
  }

  async #close(): Promise<void> {
    const late = new AbortController()
    const calls = Promise.allSettled(this.#underWay)
    await Promise.all([
      ...[...this.#listening].map((listening) => listening.drain()),
      Promise.race([calls, setTimeout(this.#parts.limits.drainMs, undefined, { signal: late.signal })]),
    ])
    late.abort()
    await closeAll(this.#closers)
  }

  async #track<T>(call: Promise<T>): Promise<T> {
    this.#underWay.add(call)
    try {
      return await call
    } finally {
      this.#underWay.delete(call)
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new ClusterError('COORDINATOR_CLOSED', 'The coordinator is closed')
  }
}

/** Others cannot reach 0.0.0.0: for them it is this machine's name. */
function registeredUrl(host: string, port: number): string {
  return urlOf({ host: host === '0.0.0.0' || host === '::' ? hostname() : host, port })
}

async function openClusterTree({ cluster }: ResolvedOptions, closers: Closer[]): Promise<ClusterTree> {
  if ('watchNode' in cluster) return cluster
  const tree = await openTree(cluster)
  closers.push(() => tree.close())
  return tree
}

async function openReplicationQueue(
  { queue: given }: ResolvedOptions,
  watch: ClusterWatch,
  closers: Closer[],
): Promise<ReplicationQueue> {
  if (given !== undefined && 'push' in given) return given
  const queue = given === undefined ? openQueue(watch) : await LocalQueue.open(given)
  closers.push(() => queue.close())
  return queue
}

async function closeAll(closers: Closer[]): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close()
}
