// A body that is made as fast as the client takes it.
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

/** The first chunk, which was asked for to see whether there is one at all, and those behind it. */
export function pacedStream(
  first: IteratorResult<Buffer, void>,
  chunks: AsyncGenerator<Buffer, void, undefined>,
  response: ServerResponse,
): Readable {
  return Readable.from(paced(first, chunks, response), { objectMode: false, highWaterMark: 1 })
}

/**
 * Chunks that are read when the one before has left, so that a download holds one. No generator: one that was never
 * asked for anything ends without telling `chunks`, which hold memory and a volume.
 */
function paced(
  first: IteratorResult<Buffer, void>,
  chunks: AsyncGenerator<Buffer, void, undefined>,
  response: ServerResponse,
): AsyncIterable<Buffer> {
  let ready: IteratorResult<Buffer, void> | undefined = first
  const iterator: AsyncIterator<Buffer, void> = {
    async next() {
      const next = ready
      ready = undefined
      if (next !== undefined) return next
      await drained(response)
      return chunks.next()
    },
    return: () => chunks.return(),
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

/** Resolves once what was written is the kernel's, or nobody wants it any more. */
async function drained(response: ServerResponse): Promise<void> {
  if (response.closed || !response.writableNeedDrain) return
  await new Promise<void>((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}
