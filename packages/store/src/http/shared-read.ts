// Reads what comes on a socket into one buffer that all connections share, instead of a new one of 64 KiB for every
// read, which costs about as much as answering from it. Node does so (`onread`) for sockets that a program makes itself
// but not for those that a server accepts; so the accepted connection moves to a socket made here. Where this Node
// does not let it, reading goes the usual way.
import { Socket } from 'node:net'

/** What a read may bring at most; more stays in the kernel for the next one. */
const sharedBytes = 64 * 1024
const shared = Buffer.allocUnsafeSlow(sharedBytes)

interface SocketInternals {
  _handle: { useUserBuffer?: unknown } | null
  /** The server that counts the socket among its connections until it closes. */
  _server: unknown
}

export interface SharedRead {
  /** The socket to use from now on. */
  readonly socket: Socket
  /** Makes the socket an ordinary stream, whose 'data' gives what comes from now on. */
  end(): void
}

/** Calls `onBytes` with all that comes; the bytes are good only until it returns. The accepted socket is paused. */
export function readShared(accepted: Socket, onBytes: (bytes: Buffer) => void): SharedRead {
  const from = accepted as unknown as SocketInternals
  const { _handle: handle, _server: server } = from
  if (typeof handle?.useUserBuffer !== 'function') {
    accepted.on('data', onBytes)
    accepted.resume()
    return { socket: accepted, end: () => accepted.off('data', onBytes) }
  }
  let ended = false
  from._handle = null
  from._server = null
  const onread = {
    buffer: shared,
    callback(length: number) {
      const bytes = shared.subarray(0, length)
      if (ended) return socket.push(Buffer.from(bytes))
      onBytes(bytes)
      return true
    },
  }
  const socket: Socket = new Socket({ handle, allowHalfOpen: true, onread } as object)
  Object.assign(socket, { _server: server })
  socket.resume()
  return {
    socket,
    end() {
      ended = true
    },
  }
}
