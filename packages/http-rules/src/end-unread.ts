// What becomes of a body that is answered before it has been read.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * A body of this size that nobody wants is read to its end, to keep the connection; a larger one ends it. At least what the
 * fast lane of a store takes in one piece, so that a refusal leaves the same connection in both lanes.
 */
const unreadBytesMax = 64 * 1024
/** So long a client that is still sending may take until it looks at its answer. */
const lingerMs = 5_000

/** To be called before the head of the answer is written. What is left of the body is never taken for a request. */
export function endUnread(request: IncomingMessage, response: ServerResponse): void {
  const { headers, readableEnded, socket } = request
  const chunked = headers['transfer-encoding'] !== undefined
  const large = Number(headers['content-length'] ?? 0) > unreadBytesMax
  if (!(chunked || large) || readableEnded) return
  response.setHeader('Connection', 'close')
  socket.destroySoon = () => linger(socket, request)
}

/**
 * In the place of closing at once behind the answer: bytes that come in unread then make the system reset the connection, and
 * the client never sees the answer (RFC 9112, 9.6).
 */
function linger(socket: Socket, request: IncomingMessage): void {
  socket.destroySoon = () => socket.destroy()
  socket.end()
  // One that was read by an iterator would not flow.
  request.removeAllListeners('readable').resume()
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}
