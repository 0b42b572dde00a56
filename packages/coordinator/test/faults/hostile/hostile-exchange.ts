// Sends raw bytes on a connection of their own and gives everything that comes back, until the server ends it.
import { once } from 'node:events'
import { connect } from 'node:net'
import type { HostileRequest } from './hostile-requests.js'

/** No answer may take longer. */
export const patienceMs = 10_000

export interface Exchange {
  readonly received: Buffer
  /** Of every answer, in order. */
  readonly statuses: readonly number[]
  /** What was still awaited when the patience was at its end. */
  readonly overdue: 'answer' | 'end' | undefined
}

/** Never rejects for what the server does. */
export async function exchange(port: number, { bytes, whole }: HostileRequest): Promise<Exchange> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  await once(socket, 'connect')
  const parts: Buffer[] = []
  return new Promise((resolve) => {
    let overdue: Exchange['overdue']
    const timer = setTimeout(() => {
      overdue = parts.length === 0 ? 'answer' : 'end'
      socket.destroy()
    }, patienceMs)
    socket.on('data', (part: Buffer) => {
      parts.push(part)
      // From then on there is nothing more to come, and the server ends the connection when it has said everything.
      if (!socket.writableEnded) socket.end()
    })
    socket.on('end', () => socket.end())
    // A reset is one of the ways in which a server may end a connection.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      const received = Buffer.concat(parts)
      resolve({ received, statuses: statusesIn(received), overdue })
    })
    socket.write(bytes)
    if (!whole) socket.end()
  })
}

function statusesIn(received: Buffer): number[] {
  const lines = received.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3}) [A-Z][A-Za-z ()'-]*\r\n/g)
  return [...lines].map(([, status]) => Number(status))
}
