// The queue's figures in sentences.
import type { QueueFigures } from '@backpack/cluster-model'
import { countOf, formatCount } from '@backpack/command-line'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

export function describeFigures(figures: QueueFigures): string[] {
  const { total, due, delayed, leased, parked, oldestAgeMs, needsRepair, servers, serversUp } = figures
  const parts = Object.entries({ due, delayed, 'being done': leased })
    .map(([word, count]) => `${formatCount(count)} ${word}`)
    .join(', ')
  const lines = [total === 0 ? 'nothing waits' : `${countOf(total, 'task')} waiting: ${parts}`]
  if (total > 0) lines.push(`the oldest has waited ${describeAge(oldestAgeMs)}`)
  if (parked > 0) lines.push(`${countOf(parked, 'task')} PARKED: see queue parked`)
  if (serversUp < servers) lines.push(`only ${serversUp} of ${servers} servers of the queue UP`)
  for (const [id, sinceMs] of Object.entries(needsRepair)) {
    lines.push(`server ${id} NEEDS REPAIR since ${new Date(sinceMs).toISOString()}`)
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
