// The measurements as they are at this moment, from the parts that keep them.
import type { CoordinatorParts } from '../parts.js'
import type { Measurements, NodeMeasurement } from './measurements.js'

export type MeasuringParts = Pick<
  CoordinatorParts,
  'writes' | 'nodeStats' | 'health' | 'inFlight' | 'freeSpaceLimits' | 'random'
>

export function measurementsOf(parts: MeasuringParts): Measurements {
  const { writes, nodeStats, health, inFlight, freeSpaceLimits, random } = parts
  const nowMs = performance.now()
  // One upload looks at a node several times, and must see the same each time.
  const seen = new Map<string, NodeMeasurement>()
  const measure = (id: string): NodeMeasurement => ({
    up: health.downSinceMs(id) === undefined,
    figures: nodeStats.of(id),
    write: writes.of(id, nowMs),
  })
  return {
    freeSpaceLimits: freeSpaceLimits(),
    inFlightBytes: inFlight.bytesByShard,
    inFlightUploads: inFlight.uploadsByShard,
    usualUsPerByte: writes.usualUsPerByte(nowMs),
    node: (id) => {
      const before = seen.get(id)
      if (before !== undefined) return before
      const now = measure(id)
      seen.set(id, now)
      return now
    },
    random,
  }
}
