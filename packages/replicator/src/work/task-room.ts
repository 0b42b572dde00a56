// How many tasks to claim, and of which targets: no target may take all slots, however slow it is. Pure.

export interface RoomOptions {
  readonly concurrency: number
  /** The targets of the tasks under way. */
  readonly underWay: readonly string[]
  readonly away: readonly string[]
}

export interface Room {
  /** 0: nothing may be claimed before a task ends. */
  readonly limit: number
  readonly exceptTo: readonly string[]
}

/** Half of the slots, rounded up. */
export function perTargetMax(concurrency: number): number {
  return Math.ceil(concurrency / 2)
}

/** The claim may be all for one target: so it is kept to what the busiest open one may still take. */
export function roomFor({ concurrency, underWay, away }: RoomOptions): Room {
  const most = perTargetMax(concurrency)
  const counts = new Map<string, number>()
  for (const to of underWay) counts.set(to, (counts.get(to) ?? 0) + 1)
  const busy = [...counts].filter(([, count]) => count >= most).map(([to]) => to)
  const open = [...counts].filter(([to]) => !busy.includes(to) && !away.includes(to))
  const busiest = Math.max(0, ...open.map(([, count]) => count))
  const free = Math.max(0, concurrency - underWay.length)
  return { limit: Math.min(free, most - busiest), exceptTo: [...new Set([...away, ...busy])] }
}
