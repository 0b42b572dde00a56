// Keeps a reserve of the disk free, so that recovery, index logs and compaction always have room to work in.
import { StoreError } from '../errors.js'
import type { DiskFiles } from './disk-files.js'

const refreshMs = 1_000
const reserveRatio = 0.02

export class SpaceGuard {
  readonly #files: DiskFiles
  readonly #path: string
  readonly #reserve: { fixedBytes: number; ratio: number }
  #availableBytes = Number.POSITIVE_INFINITY
  #totalBytes = 0
  #checkedAtMs = 0
  #checking: Promise<void> | undefined

  /** Without `reserveBytes` the reserve is one volume and 2 % of the disk. */
  constructor(
    files: DiskFiles,
    path: string,
    options: { reserveBytes: number | undefined; volumeBytesMax: number },
  ) {
    this.#files = files
    this.#path = path
    this.#reserve =
      options.reserveBytes === undefined
        ? { fixedBytes: options.volumeBytesMax, ratio: reserveRatio }
        : { fixedBytes: options.reserveBytes, ratio: 0 }
  }

  /** Bytes that may still be written before the reserve is reached, as of the last look (at most 1 s old). */
  get availableBytes(): number {
    return this.#availableBytes
  }

  get totalBytes(): number {
    return this.#totalBytes
  }

  /** Looks at the disk when the last look is older than a second; undefined when there is nothing to wait for. */
  refresh(): Promise<void> | undefined {
    if (Date.now() - this.#checkedAtMs < refreshMs) return undefined
    this.#checking ??= this.#look().finally(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  async #look(): Promise<void> {
    const { freeBytes, totalBytes } = await this.#files.space(this.#path)
    this.#totalBytes = totalBytes
    this.#availableBytes = freeBytes - this.#reserve.fixedBytes - this.#reserve.ratio * totalBytes
    this.#checkedAtMs = Date.now()
  }

  /** Counts bytes about to be written. Throws DISK_FULL when they would go into the reserve. */
  claim(bytes: number): void {
    this.check(bytes)
    this.#availableBytes -= bytes
  }

  /** Throws DISK_FULL when so many bytes would go into the reserve. */
  check(bytes: number): void {
    if (bytes > this.#availableBytes) {
      throw new StoreError(
        'DISK_FULL',
        'The disk is full up to its reserve; free some space or lower reserveBytes (--reserve-bytes)',
        { availableBytes: Math.floor(this.#availableBytes), neededBytes: bytes },
      )
    }
  }
}
