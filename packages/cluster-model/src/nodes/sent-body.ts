// A request's body on its way to a node. It tells apart who is silent: the node that does not take the next piece, or
// the source that does not give it, which has deadlines of its own.
import { Readable } from 'node:stream'
import { ClusterError } from '../errors.js'
import type { ResendableBody } from './node-client.js'

/** Larger ones go out in pieces of this size, so that it is seen whether the node takes them. */
const pieceBytes = 256 * 1024

/** Told whether it is the node that has to do something next. */
export type NodesTurn = (its: boolean) => void

export class SentBody {
  readonly sizeBytes: number
  /** What the source failed with; the request then fails for that reason. */
  failure: unknown
  readonly #body: ResendableBody
  #source: Readable | undefined
  #destroyed = false

  constructor(body: ResendableBody, sizeBytes: number) {
    this.#body = body
    this.sizeBytes = Buffer.isBuffer(body) ? body.length : sizeBytes
  }

  /** What undici sends: the bytes, or pieces as the node takes them. */
  outgoing(nodesTurn: NodesTurn): Buffer | AsyncIterable<Buffer> {
    if (Buffer.isBuffer(this.#body) && this.#body.length <= pieceBytes) return this.#body
    return this.#pieces(nodesTurn)
  }

  /** Ends the source when the request is over, however it ended. */
  destroy(): void {
    this.#destroyed = true
    this.#source?.destroy()
  }

  async *#pieces(nodesTurn: NodesTurn): AsyncGenerator<Buffer, void, undefined> {
    if (this.#destroyed) return
    let sentBytes = 0
    nodesTurn(false)
    try {
      for await (const piece of this.#open()) {
        sentBytes += piece.length
        if (sentBytes > this.sizeBytes) throw this.#wrongLength(`more than ${this.sizeBytes}`)
        nodesTurn(true)
        yield piece
        nodesTurn(false)
      }
      if (sentBytes < this.sizeBytes) throw this.#wrongLength(`${sentBytes} instead of ${this.sizeBytes}`)
    } catch (error) {
      this.failure = error
      throw error
    }
    nodesTurn(true)
  }

  #open(): AsyncIterable<Buffer> {
    const body = this.#body
    this.#source = Buffer.isBuffer(body) ? Readable.from(slices(body)) : body()
    return this.#source
  }

  #wrongLength(bytes: string): ClusterError {
    return new ClusterError('COPY_DAMAGED', `The body to send has ${bytes} bytes`)
  }
}

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}
