// The measurements as they are at this moment, from the parts that keep them.
import type { CoordinatorParts } from '../parts.js'
import type { Measurements } from './measurements.js'

export type MeasuringParts = Pick<
  CoordinatorParts,
  'writes' | 'nodeStats' | 'health' | 'inFlight' | 'freeSpaceLimits' | 'random'
>

export function measurementsOf(parts: MeasuringParts): Measurements {
  const { writes, nodeStats, health, inFlight, freeSpaceLimits, random } = parts
  const nowMs = performance.now()
  return {
    freeSpaceLimits: freeSpaceLimits(),
    inFlightBytes: inFlight.byShard,
    typicalUsPerByte: writes.typicalUsPerByte(nowMs),
    node: (id) => ({
      up: health.downSinceMs(id) === undefined,
      figures: nodeStats.of(id),
      write: writes.of(id, nowMs),
    }),
    random,
  }
}
