// What became of the uploads since the start, and how many are under way. Keeps the bound on them.
import { ClusterError } from '@backpack/cluster-model'
import type { CoordinatorLimits } from './limits.js'

export type UploadEnd = 'uploaded' | 'failed' | 'refused'

export class UploadCounters {
  readonly #uploadsMax: number
  /** Called at the end of each upload that was taken or that failed; statsd listens. */
  onEnd: ((end: 'uploaded' | 'failed', tookMs: number) => void) | undefined
  underWay = 0
  uploaded = 0
  uploadedBytes = 0
  /** By a fault of ours or of the cluster. */
  failed = 0
  /** By the client: what it sent, or that it went. */
  refused = 0
  /** Copies made before the answer, without the first one. */
  directCopies = 0

  constructor({ uploadsMax }: CoordinatorLimits) {
    this.#uploadsMax = uploadsMax
  }

  /** Throws COORDINATOR_BUSY; else end() must follow. */
  begin(): void {
    if (this.underWay >= this.#uploadsMax) {
      throw new ClusterError('COORDINATOR_BUSY', `${this.#uploadsMax} uploads are under way`)
    }
    this.underWay++
  }

  end(end: UploadEnd, sizeBytes: number, tookMs: number): void {
    this.underWay--
    this[end]++
    if (end === 'refused') return
    if (end === 'uploaded') this.uploadedBytes += sizeBytes
    this.onEnd?.(end, tookMs)
  }
}
