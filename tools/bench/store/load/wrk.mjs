// Runs wrk with one of our scripts and returns its figures.
import { fileURLToPath } from 'node:url'
import { runProgram } from '../servers/child.mjs'

const settleMs = 30_000

/**
 * @param {{ script: 'wrk-get.lua' | 'wrk-put.lua' | 'wrk-targets.lua', port: number, connections: number, threads: number, seconds: number,
 *   prefix?: string, args: (string | number)[] }} load `prefix` stands before each name; `args` follow, then the threads.
 * @returns requests, seconds, bytes, latency in µs, errors, wraps, and wrk's pid-independent text
 */
export async function runWrk({ script, port, connections, threads, seconds, prefix = '', args }) {
  const scriptPath = fileURLToPath(new URL(script, import.meta.url))
  const host = `127.0.0.1:${port}`
  const output = await runProgram(
    'wrk',
    [
      `-t${threads}`,
      `-c${connections}`,
      `-d${seconds}s`,
      '--timeout',
      '10s',
      '-s',
      scriptPath,
      `http://${host}/`,
      '--',
      host,
      prefix,
      ...args.map(String),
      String(threads),
    ],
    { timeoutMs: seconds * 1000 + settleMs },
  )
  const match = /^RESULT (\{.*\})$/m.exec(output)
  if (match === null) throw new Error(`wrk printed no result:\n${output}`)
  const { requests, durationUs, bytes, p50Us, p99Us, wraps, ...errors } = JSON.parse(match[1])
  return { requests, seconds: durationUs / 1e6, bytes, p50Us, p99Us, wraps, errors }
}

/** Reason for which a wrk run is void, or undefined. */
export function wrkFaultReason(result, { bytesPerAnswerMin = 0 } = {}) {
  const faults = Object.entries(result.errors).filter(([, count]) => count > 0)
  if (faults.length > 0)
    return `wrk saw ${faults.map(([kind, count]) => `${count} ${kind} errors`).join(', ')}`
  if (result.requests === 0) return 'no request was answered'
  if (result.bytes / result.requests < bytesPerAnswerMin) return 'answers were shorter than a blob'
  if (result.wraps > 0) return 'every name was asked for before the time was over: give more --blobs'
  return undefined
}
