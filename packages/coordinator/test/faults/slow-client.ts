// Clients that keep a connection as long as they are let: each sends, or reads, one byte at a time.
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { toBytes } from '../helpers/raw-http.js'

export interface SlowClient {
  /** For messages. */
  readonly what: string
  readonly socket: Socket
  /** One byte more, in or out. */
  tick(): void
}

/** Sends `begin` at once, then what `drip` gives, byte by byte, for ever. */
export function slowSender(port: number, begin: string, drip: string): SlowClient {
  const socket = held(connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true }))
  socket.resume()
  socket.write(toBytes(begin))
  let at = 0
  return {
    what: `after ${JSON.stringify(begin)}`,
    socket,
    tick: () => {
      if (!socket.destroyed && drip !== '') socket.write(toBytes(drip[at++ % drip.length] as string))
    },
  }
}

/** Sends a request and reads a byte of its answer at each tick. */
export function slowReader(port: number, request: string): SlowClient {
  // Into a buffer of one byte, so that nothing is read ahead here.
  const onread = { buffer: Buffer.alloc(1), callback: () => false }
  const socket = held(connect({ port, host: '127.0.0.1', noDelay: true, onread }))
  socket.write(toBytes(request))
  return { what: 'reading', socket, tick: () => void socket.resume() }
}

function held(socket: Socket): Socket {
  socket.on('error', () => socket.destroy())
  onTestFinished(() => void socket.destroy())
  return socket
}
