import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that the system gives to outgoing connections (32768 and up on Linux): while a server is down, none of
// them may take its port. Each process begins elsewhere, so that those that start servers at one time do not meet.
const firstPort = 20_000
const ports = 12_000
const portsBetweenProcesses = 61
let taken = 0

/** A port of 127.0.0.1 that nobody listens on; never the same one twice for this process. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < ports; tries++) {
    const port = firstPort + ((process.pid * portsBetweenProcesses + taken++) % ports)
    if (await isFree(port)) return port
  }
  throw new Error(`Somebody listens on each port from ${firstPort} to ${firstPort + ports - 1}`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
