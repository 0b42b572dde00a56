// The queue's figures in sentences.
import { countOf, formatCount } from '@backpack/command-line'
import type { ShownFigures } from '../queue-access.js'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

export function describeFigures({
  total,
  due,
  delayed,
  leased,
  parked,
  oldestAgeMs,
  needsRepair,
  servers,
  serversUp,
}: ShownFigures): string[] {
  const parts = Object.entries({ due, delayed, 'being done': leased })
    .filter(([, count]) => count !== undefined)
    .map(([word, count]) => `${formatCount(count ?? 0)} ${word}`)
  const lines = [`${countOf(total, 'task')} waiting${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`]
  if (oldestAgeMs !== undefined && total > 0) lines.push(`The oldest has waited ${describeAge(oldestAgeMs)}`)
  if (parked !== undefined && parked > 0) lines.push(`${countOf(parked, 'task')} PARKED: see queue parked`)
  if (servers !== undefined && serversUp !== undefined && servers > 0) {
    lines.push(
      `${serversUp} of ${countOf(servers, 'server')} of the queue ${serversUp === servers ? 'up' : 'UP ONLY'}`,
    )
  }
  for (const [id, sinceMs] of Object.entries(needsRepair ?? {})) {
    lines.push(`Server ${id} NEEDS REPAIR since ${new Date(sinceMs).toISOString()}`)
  }
  return lines
}

/** `4 s`, `12 min`, `3 h`, `2 d`. */
export function describeAge(ageMs: number): string {
  if (ageMs < minuteMs) return `${Math.floor(ageMs / secondMs)} s`
  if (ageMs < hourMs) return `${Math.floor(ageMs / minuteMs)} min`
  if (ageMs < dayMs) return `${Math.floor(ageMs / hourMs)} h`
  return `${Math.floor(ageMs / dayMs)} d`
}
