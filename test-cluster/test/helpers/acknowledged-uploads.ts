// Uploads that go on while things happen to a cluster: what was acknowledged is kept, to be looked for afterwards.
import { expect } from 'vitest'
import { pathOf } from '../../src/cluster/cluster-client.js'
import { type HttpAnswer, type TestCluster, until } from '../../src/index.js'

export interface Acknowledged {
  readonly name: string
  readonly shardId: string
  readonly etag: string
  /** Made before the answer, the first included. */
  readonly copies: number
  /** Undefined: its content is its name. */
  readonly bytes: number | undefined
  /** When it was asked for, and when it was answered, on the clock of performance.now(). */
  readonly askedAtMs: number
  readonly answeredAtMs: number
}

export interface UploadsOptions {
  /** Ids of the coordinators, in turn; default: all of them. */
  readonly through?: readonly number[]
  /** Default: the name is the content. */
  readonly sizeBytes?: () => number
  /** An upload whose connection broke is counted and forgotten; else it ends the run. */
  readonly mayBreak?: boolean
}

export class AcknowledgedUploads {
  /** Cut off before any answer. */
  broken = 0
  readonly acknowledged: Acknowledged[] = []
  /** Answers other than 200, each with what it said. */
  readonly refused: { readonly status: number; readonly text: string }[] = []
  readonly #cluster: TestCluster
  readonly #prefix: string
  #count = 0
  #stopped = false
  #uploading: Promise<void>[] = []

  readonly #options: UploadsOptions

  constructor(cluster: TestCluster, prefix: string, options: UploadsOptions = {}) {
    this.#cluster = cluster
    this.#prefix = prefix
    this.#options = options
  }

  /** So many at once until stop(), through the coordinators in turn. */
  start(count: number): void {
    this.#stopped = false
    this.#uploading = Array.from({ length: count }, async () => {
      while (!this.#stopped) await this.one()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#uploading)
  }

  /** `count` of them, one after the other. */
  async several(count: number): Promise<void> {
    for (let left = count; left > 0; left--) await this.one()
  }

  /** A blob whose content is its name, again and again. */
  async one(headers: Readonly<Record<string, string>> = {}): Promise<void> {
    const number = this.#count++
    const { through = [...this.#cluster.coordinators.keys()], sizeBytes, mayBreak = false } = this.#options
    const bytes = sizeBytes?.()
    const name = `${this.#prefix} ${number}.txt`
    const askedAtMs = performance.now()
    const coordinator = this.#cluster.coordinator(through[number % through.length] ?? 1)
    const question = { method: 'PUT', path: pathOf(name), body: contentOf(name, bytes), headers } as const
    let answer: HttpAnswer
    try {
      answer = await this.#cluster.ask(coordinator, question)
    } catch (error) {
      if (!mayBreak) throw error
      this.broken++
      return
    }
    const { status, headers: given, body } = answer
    const answeredAtMs = performance.now()
    if (status !== 200) {
      this.refused.push({ status, text: body.toString() })
      return
    }
    const etag = String(given['etag'])
    const copies = Number(given['x-backpack-copies'])
    const shardId = String(given['x-backpack-shard'])
    this.acknowledged.push({ name, shardId, etag, copies, bytes, askedAtMs, answeredAtMs })
  }

  /** Nodes of its shard that have a blob as it was acknowledged. */
  async nodesWith({ name, shardId, etag, bytes }: Acknowledged): Promise<number> {
    const nodes = this.#cluster.nodesOf(shardId)
    const answers = await Promise.all(nodes.map((id) => this.#cluster.getFrom(id, name)))
    return answers.filter((answer) => isSame(answer, contentOf(name, bytes), etag)).length
  }

  /** Resolves once every node of its shard has each of them. Rejects with those that lack a copy after `limitMs`. */
  async untilEverywhere(limitMs: number): Promise<void> {
    let lacking: readonly Acknowledged[] = this.acknowledged
    const complete = async () => {
      const still: Acknowledged[] = []
      for (const each of lacking) {
        if ((await this.nodesWith(each)) < this.#cluster.nodesOf(each.shardId).length) still.push(each)
      }
      lacking = still
      return still.length === 0
    }
    try {
      await until(complete, 'every acknowledged blob is on all nodes', limitMs)
    } catch (cause) {
      const names = lacking.slice(0, 5).map(({ name }) => name)
      throw new Error(`${lacking.length} acknowledged blobs lack a copy: ${names.join(', ')}`, { cause })
    }
  }

  /** Those asked for in this time that were answered at all were answered with all copies made, and are there. */
  async expectCopiedDirectly(fromMs: number, toMs: number): Promise<number> {
    const direct = this.acknowledged.filter((each) => each.askedAtMs > fromMs && each.answeredAtMs < toMs)
    for (const each of direct) {
      const nodes = this.#cluster.nodesOf(each.shardId).length
      expect([each.copies, await this.nodesWith(each)], each.name).toEqual([nodes, nodes])
    }
    return direct.length
  }
}

function contentOf(name: string, bytes: number | undefined): Buffer {
  return bytes === undefined ? Buffer.from(name) : Buffer.alloc(bytes, name)
}

function isSame({ status, headers, body }: HttpAnswer, content: Buffer, etag: string): boolean {
  return status === 200 && headers['etag'] === etag && body.equals(content)
}
