// Child processes that this program started, and their end. Nothing else is ever signalled.
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { processTree } from '../measure/process-cpu.mjs'

const stopWaitMs = 20_000
const outputMaxBytes = 1_000_000
const running = new Set()

/**
 * Starts a server. `output()` is the end of what it printed; `stop()` sends SIGTERM, later SIGKILL, and waits.
 * `quiet` sends stdout to nowhere, for a server that logs every request.
 */
export function startServer(command, args, { env, cwd, quiet = false } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', quiet ? 'ignore' : 'pipe', 'pipe'],
  })
  let text = ''
  const keep = (chunk) => {
    text = (text + chunk).slice(-outputMaxBytes)
  }
  child.stdout?.on('data', keep)
  child.stderr.on('data', keep)
  const ended = new Promise((resolve) => {
    child.once('error', (error) => {
      text += `\n${command}: ${error.message}`
      resolve({ code: undefined })
    })
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  running.add(child)
  void ended.then(() => running.delete(child))
  return {
    pid: child.pid,
    output: () => text,
    isRunning: () => running.has(child),
    ended,
    async stop() {
      if (running.has(child)) child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), stopWaitMs)
      const end = await ended
      clearTimeout(timer)
      return end
    },
  }
}

/** Runs a program to its end and returns stdout; throws with stderr when it fails or takes too long. */
export async function runProgram(command, args, { env, cwd, timeoutMs }) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr = (stderr + chunk).slice(-outputMaxBytes)))
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  try {
    const { code, signal } = await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal }))
    })
    if (code !== 0) throw new Error(`${command} ended with ${code ?? signal}: ${stderr || stdout}`)
    return stdout
  } finally {
    clearTimeout(timer)
    running.delete(child)
  }
}

/** Kills whatever is still running and the processes that it started, by pid; for the way out. */
export function killChildren() {
  const pids = processTree([...running].map((child) => child.pid).filter(Boolean))
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer()
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Asks `probe` until it answers true; throws with the server's output when it ends first or time is over. */
export async function waitUntilReady(server, probe, { timeoutMs, what }) {
  const deadlineMs = Date.now() + timeoutMs
  while (Date.now() < deadlineMs) {
    if (!server.isRunning()) throw new Error(`${what} ended at start:\n${server.output()}`)
    if (await probe().catch(() => false)) return
    await delay(20)
  }
  throw new Error(`${what} was not ready after ${timeoutMs} ms:\n${server.output()}`)
}
