// GETs at a fixed rate, whatever the server does: latency counts from the moment a request was due, so that a stall
// shows in every request that it held up.
import { performance } from 'node:perf_hooks'
import { blobBytes } from '../blobs.mjs'
import { HttpConnection, getRequest } from './http-client.mjs'

const backlogMax = 10_000

/**
 * @param {{ port: number, connections: number, perSecond: number, seconds: number,
 *   next: (sequence: number) => { name: string, kind: string } }} load
 * @returns {Promise<Map<string, number[]>>} latencies in ms by kind; throws on a wrong answer or when the server falls
 *   far behind
 */
export async function runPacedLoad({ port, connections, perSecond, seconds, next }) {
  const idle = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(port)))
  const all = [...idle]
  const latencies = new Map()
  const waiting = []
  const startedMs = performance.now()
  const total = Math.floor(perSecond * seconds)
  let due = 0
  let answered = 0

  const load = Promise.withResolvers?.() ?? withResolvers()
  const send = async (connection, { name, kind, dueMs }) => {
    const { status, body } = await connection.send(getRequest(port, name))
    if (status !== 200 || body.length !== blobBytes) throw new Error(`GET ${name} answered ${status}`)
    const list = latencies.get(kind) ?? []
    list.push(performance.now() - dueMs)
    latencies.set(kind, list)
    idle.push(connection)
    if (++answered === total) load.resolve()
    else dispatch()
  }
  const dispatch = () => {
    while (idle.length > 0 && waiting.length > 0) send(idle.pop(), waiting.shift()).catch(load.reject)
  }
  const tick = () => {
    const dueNow = Math.min(total, Math.floor(((performance.now() - startedMs) / 1000) * perSecond))
    while (due < dueNow) waiting.push({ ...next(due), dueMs: startedMs + (due++ / perSecond) * 1000 })
    if (waiting.length > backlogMax) load.reject(new Error(`${waiting.length} requests wait: too slow`))
    dispatch()
  }
  const timer = setInterval(tick, 1)
  try {
    await load.promise
    return latencies
  } finally {
    clearInterval(timer)
    for (const connection of all) connection.close()
  }
}

function withResolvers() {
  const made = {}
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}

/** The value below which `share` (0..1) of the values lie. */
export function percentile(values, share) {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}
