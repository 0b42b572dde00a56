// A process of clients: uploads and downloads large blobs in parallel, making and checking the bytes as they flow, so
// that neither side holds a whole one. Told what to do on the command line; ends with 0 when every byte was right.
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export interface LoadOrders {
  readonly port: number
  readonly action: 'upload' | 'download'
  readonly count: number
  readonly sizeBytes: number
  /** Every so many-th client takes its time. */
  readonly slowEvery: number
}

const partBytes = 64 * 1024
const slowPauseMs = 5
const period = Buffer.alloc(partBytes)
for (let at = 0; at < partBytes; at += 4) period.writeUInt32LE(Math.imul(at, 0x9e3779b1) >>> 0, at)
const pattern = Buffer.concat([period, period])

/** The bytes of a blob from `start` on: a pattern that a part put in another place or blob does not fit. */
function part(blob: number, start: number, lengthBytes: number): Buffer {
  const shift = (start + blob * 509) % partBytes
  return pattern.subarray(shift, shift + lengthBytes)
}

const orders = JSON.parse(process.argv[2]!) as LoadOrders
const agent = new Agent({ keepAlive: false })

function connect(blob: number, method: string, headers: Record<string, string> = {}): ClientRequest {
  return request({ agent, host: '127.0.0.1', port: orders.port, path: `/load/${blob}`, method, headers })
}

function answer(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => sent.once('response', resolve).once('error', reject))
}

async function upload(blob: number, slow: boolean): Promise<void> {
  const { sizeBytes } = orders
  const sent = connect(blob, 'PUT', { 'Content-Length': String(sizeBytes) })
  const answered = answer(sent)
  for (let start = 0; start < sizeBytes; start += partBytes) {
    const bytes = part(blob, start, Math.min(partBytes, sizeBytes - start))
    if (!sent.write(bytes))
      await Promise.race([new Promise((resolve) => sent.once('drain', resolve)), answered])
    if (slow) await sleep(slowPauseMs)
  }
  sent.end()
  const { statusCode } = (await answered).resume()
  if (statusCode !== 201) throw new Error(`The upload of ${blob} was answered with ${statusCode}`)
}

async function download(blob: number, slow: boolean): Promise<void> {
  const sent = connect(blob, 'GET')
  sent.end()
  const response = await answer(sent)
  if (response.statusCode !== 200)
    throw new Error(`The download of ${blob} was answered with ${response.statusCode}`)
  let received = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; at += partBytes) {
      const bytes = chunk.subarray(at, at + partBytes)
      if (!bytes.equals(part(blob, received, bytes.length)))
        throw new Error(`Blob ${blob} is wrong at ${received}`)
      received += bytes.length
    }
    if (slow) await sleep(slowPauseMs)
  }
  if (received !== orders.sizeBytes) throw new Error(`Blob ${blob} has ${received} bytes`)
}

const act = orders.action === 'upload' ? upload : download
await Promise.all(Array.from({ length: orders.count }, (_, blob) => act(blob, blob % orders.slowEvery === 0)))
