// The bytes of a blob on their way from one node to another. Both the length and the checksum that the source's ETag holds
// are looked at before the target has the last byte: what was damaged on its way is stored nowhere.
import { ClusterError, type NodeBlob } from '@backpack/cluster-model'
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import type { BandwidthLimit } from './bandwidth-limit.js'

const etagChecksum = /-([0-9a-f]{8})"$/

/** The whole body. Throws COPY_DAMAGED, and what reading it throws. */
export async function readWhole(body: Readable, blob: NodeBlob): Promise<Buffer> {
  const parts: Buffer[] = []
  const sum = new RunningSum(blob)
  for await (const part of body as AsyncIterable<Buffer>) {
    sum.add(part)
    parts.push(part)
  }
  sum.check()
  return Buffer.concat(parts)
}

/** A body that passes through, no faster than the limit lets it. */
export class PassingBody {
  readonly #body: Readable
  readonly #blob: NodeBlob
  readonly #bandwidth: BandwidthLimit
  readonly #signal: AbortSignal
  /** What reading it failed with, COPY_DAMAGED among it: then the target is not to blame. */
  failure: { readonly error: unknown } | undefined

  constructor(body: Readable, blob: NodeBlob, bandwidth: BandwidthLimit, signal: AbortSignal) {
    this.#body = body
    this.#blob = blob
    this.#bandwidth = bandwidth
    this.#signal = signal
  }

  /** To be called once. */
  open(): Readable {
    return Readable.from(this.#pieces(), { objectMode: false, highWaterMark: 1 })
  }

  async *#pieces(): AsyncGenerator<Buffer, void, undefined> {
    const sum = new RunningSum(this.#blob)
    let held: Buffer | undefined
    try {
      for await (const part of this.#body as AsyncIterable<Buffer>) {
        sum.add(part)
        await this.#bandwidth.take(part.length, this.#signal)
        if (held !== undefined) yield held
        held = part
      }
      sum.check()
    } catch (error) {
      this.failure = { error }
      throw error
    }
    if (held !== undefined) yield held
  }
}

class RunningSum {
  readonly #blob: NodeBlob
  #bytes = 0
  #checksum = 0

  constructor(blob: NodeBlob) {
    this.#blob = blob
  }

  add(part: Buffer): void {
    this.#bytes += part.length
    this.#checksum = crc32(part, this.#checksum)
    if (this.#bytes > this.#blob.sizeBytes) this.#refuse(`more than its ${this.#blob.sizeBytes} bytes came`)
  }

  check(): void {
    const { sizeBytes, etag } = this.#blob
    if (this.#bytes !== sizeBytes) this.#refuse(`${this.#bytes} of its ${sizeBytes} bytes came`)
    const checksum = this.#checksum.toString(16).padStart(8, '0')
    if (etagChecksum.exec(etag)?.[1] !== checksum) this.#refuse(`its bytes have the checksum ${checksum}`)
  }

  #refuse(what: string): never {
    throw new ClusterError('COPY_DAMAGED', `The blob with ETag ${this.#blob.etag} came damaged: ${what}`)
  }
}
