// How long uploads to each node take. A node that becomes slow is left after one or two uploads; one that nobody uploads to
// is forgotten within a minute, so that it is tried again.
import type { WriteMeasurement } from './measurements.js'

/** Smaller uploads count as so many bytes: of those a request and a sync are the cost, not the bytes. */
export const countedBytesMin = 16 * 1024
/** A failed upload counts as one of the fewest bytes that took so long. */
const failureMs = 500
/** No measurement is worse than this for the fewest bytes: what is forgotten by halves is gone after some halvings. */
const worstMs = 1_000
/** The weight of the newest upload in the level, and in the slower level that it is compared with. */
const newestWeight = 0.5
const newestSlowWeight = 0.1
/** A measurement counts in full for so long, and half as much after each further half-life. */
const heldMs = 12_000
const halfLifeMs = 4_000
const usualEveryMs = 250

interface Level {
  fastUsPerByte: number
  slowUsPerByte: number
  atMs: number
  failures: number
}

const usPerByteMax = (worstMs * 1_000) / countedBytesMin

/** All times are of one monotonic clock, in ms. */
export class WriteMeasurements {
  readonly #levels = new Map<string, Level>()
  #usualUsPerByte = 0
  #usualAtMs = Number.NEGATIVE_INFINITY

  /** An upload of `sizeBytes` was stored by the node after `tookMs`. */
  noteStored(
    nodeId: string,
    { sizeBytes, tookMs, nowMs }: { sizeBytes: number; tookMs: number; nowMs: number },
  ): void {
    this.#note(nodeId, (tookMs * 1_000) / Math.max(sizeBytes, countedBytesMin), nowMs)
  }

  /** The node did not take an upload that it should have taken. */
  noteFailed(nodeId: string, nowMs: number): void {
    this.#note(nodeId, (failureMs * 1_000) / countedBytesMin, nowMs).failures++
  }

  /** Undefined when nothing was uploaded to the node. */
  of(nodeId: string, nowMs: number): WriteMeasurement | undefined {
    const level = this.#levels.get(nodeId)
    return level && { usPerByte: painOf(level), confidence: confidenceOf(level, nowMs) }
  }

  /** Failed uploads to the node since the start. */
  failuresOf(nodeId: string): number {
    return this.#levels.get(nodeId)?.failures ?? 0
  }

  /** The lower quartile of what was measured lately: while a quarter of the nodes are well it is what those need. */
  usualUsPerByte(nowMs: number): number {
    if (nowMs - this.#usualAtMs < usualEveryMs) return this.#usualUsPerByte
    this.#usualAtMs = nowMs
    const recent = [...this.#levels.values()].filter((level) => nowMs - level.atMs <= heldMs)
    const sorted = recent.map(painOf).sort((one, other) => one - other)
    // With nothing recent the last value stays: it is the same for all nodes, whatever it is.
    this.#usualUsPerByte = sorted[Math.floor((sorted.length - 1) / 4)] ?? this.#usualUsPerByte
    return this.#usualUsPerByte
  }

  /** Forgets nodes that are no longer in the model. */
  keep(nodeIds: { has(id: string): boolean }): void {
    for (const id of this.#levels.keys()) if (!nodeIds.has(id)) this.#levels.delete(id)
  }

  #note(nodeId: string, measuredUsPerByte: number, nowMs: number): Level {
    const usPerByte = Math.min(measuredUsPerByte, usPerByteMax)
    const before = this.#levels.get(nodeId)
    const start = before ?? { failures: 0, fastUsPerByte: usPerByte, slowUsPerByte: usPerByte, atMs: nowMs }
    const confidence = before === undefined ? 1 : confidenceOf(before, nowMs)
    const usual = this.#usualUsPerByte
    const faded = (value: number) => usual + (value - usual) * confidence
    const level: Level = {
      fastUsPerByte: mix(faded(start.fastUsPerByte), usPerByte, newestWeight),
      slowUsPerByte: mix(faded(start.slowUsPerByte), usPerByte, newestSlowWeight),
      atMs: nowMs,
      failures: start.failures,
    }
    this.#levels.set(nodeId, level)
    return level
  }
}

/** The level, and once more by how much it has been rising: a disk that becomes slower is left before it is slow. */
function painOf({ fastUsPerByte, slowUsPerByte }: Level): number {
  return Math.min(usPerByteMax, fastUsPerByte + Math.max(0, fastUsPerByte - slowUsPerByte))
}

function confidenceOf({ atMs }: Level, nowMs: number): number {
  return 2 ** (-Math.max(0, nowMs - atMs - heldMs) / halfLifeMs)
}

function mix(before: number, newest: number, weight: number): number {
  return before + (newest - before) * weight
}
