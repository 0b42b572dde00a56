// Between which hours the versions of each volume lie, learned while it is scanned: most volumes were filled within
// hours, so that a listing of one bucket reads one or two index logs and not all of them.
import type { Volume } from '../volume/volume.js'
import { type BucketNumber, hourOf, toBucket } from './bucket.js'

interface Hours {
  /** Of the volume when it was scanned: what was appended since is not known. */
  readonly committedBytes: number
  readonly first: number
  readonly last: number
}

export interface HoursWatch {
  note(versionMs: number): void
  /** Every record was shown. */
  done(): void
}

export class VolumeHours {
  readonly #byVolume = new Map<number, Hours>()

  /** Whether the volume may have versions in these buckets, first and last included. */
  mayHold({ id, file }: Volume, { from, to }: { from: BucketNumber; to: BucketNumber }): boolean {
    const hours = this.#byVolume.get(id)
    if (hours === undefined || hours.committedBytes !== file.committedBytes) return true
    return toBucket(hours.first, 0) <= to && toBucket(hours.last + 1, 0) > from
  }

  watch({ id, file }: Volume): HoursWatch {
    const { committedBytes } = file
    let firstMs = Number.POSITIVE_INFINITY
    let lastMs = 0
    return {
      note: (versionMs) => {
        if (versionMs < firstMs) firstMs = versionMs
        if (versionMs > lastMs) lastMs = versionMs
      },
      done: () => {
        const first = Number.isFinite(firstMs) ? hourOf(firstMs) : 0
        this.#byVolume.set(id, { committedBytes, first, last: hourOf(lastMs) })
      },
    }
  }
}
