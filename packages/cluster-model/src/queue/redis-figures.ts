// One set of figures from what several servers say. Every task is on every server, so nothing may simply be added up. Pure.
//   total    per target the larger of: the sum over the servers of tasks whose turn is theirs first; the most that any server
//            has at all (when a server is away or was emptied, the others have its tasks for later)
//   leased   per target the sum over the servers: a task is leased where it was claimed
//   due      per target the sum of those due where their turn is first, and of tasks whose first server is away as many as
//            are due on any one server for later
//   delayed  the rest
import { asList, asNumber, asRows, asTexts } from './redis-replies.js'
import type { QueueFigures } from './replication-queue.js'

const targetFields = 6

interface ServerFigures {
  readonly oldestAgeMs: number
  readonly parked: number
  readonly old: number
  readonly needsRepair: readonly (readonly [string, number])[]
  readonly targets: ReadonlyMap<string, TargetFigures>
}

interface TargetFigures {
  readonly own: number
  readonly later: number
  readonly ownDue: number
  readonly laterDue: number
  readonly leased: number
}

/** `replies` of the script `figures`. */
export function mergeFigures(replies: readonly unknown[], servers: number): QueueFigures {
  const all = replies.map(readFigures)
  const old = mostOf(all.map((each) => each.old))
  const sums = { due: old, delayed: 0, leased: 0, total: old }
  for (const to of new Set(all.flatMap(({ targets }) => [...targets.keys()]))) {
    const target = mergeTarget(all.flatMap(({ targets }) => targets.get(to) ?? []))
    sums.due += target.due
    sums.leased += target.leased
    sums.total += target.total
    sums.delayed += target.total - target.due - target.leased
  }
  const needsRepair: Record<string, number> = {}
  for (const [to, sinceMs] of all.flatMap((each) => each.needsRepair)) {
    needsRepair[to] = Math.min(sinceMs, needsRepair[to] ?? sinceMs)
  }
  return {
    ...sums,
    parked: mostOf(all.map(({ parked }) => parked)),
    oldestAgeMs: sums.total === 0 ? 0 : mostOf(all.map(({ oldestAgeMs }) => oldestAgeMs)),
    needsRepair,
    serversUp: replies.length,
    servers,
  }
}

function mergeTarget(found: readonly TargetFigures[]): Pick<QueueFigures, 'due' | 'leased' | 'total'> {
  const own = sumOf(found.map((each) => each.own))
  const total = Math.max(own, mostOf(found.map((each) => each.own + each.later)))
  const leased = Math.min(total, sumOf(found.map((each) => each.leased)))
  const laterDue = Math.min(total - own, mostOf(found.map((each) => each.laterDue)))
  const due = Math.min(total - leased, sumOf(found.map((each) => each.ownDue)) + laterDue)
  return { due, leased, total }
}

function readFigures(reply: unknown): ServerFigures {
  const [oldestAgeMs, parked, old, needsRepair, repairing, targets] = asList(reply)
  const rows = asRows(targets, targetFields).map(([to = '', ...counts]): [string, TargetFigures] => {
    const [own = 0, later = 0, ownDue = 0, laterDue = 0, leased = 0] = counts.map(Number)
    return [to, { own, later, ownDue, laterDue, leased }]
  })
  return {
    oldestAgeMs: asNumber(oldestAgeMs),
    parked: asNumber(parked),
    old: asNumber(old),
    needsRepair: [...asTimes(needsRepair), ...asTimes(repairing)],
    targets: new Map(rows),
  }
}

function asTimes(reply: unknown): [string, number][] {
  const texts = asTexts(reply)
  return texts.flatMap((text, at) => (at % 2 === 0 ? [[text, Number(texts[at + 1])]] : []))
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0)
}

function mostOf(numbers: readonly number[]): number {
  return Math.max(0, ...numbers)
}
