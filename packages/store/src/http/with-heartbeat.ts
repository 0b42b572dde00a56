// Keeps an answer alive whose next piece takes long: an empty line every second tells that somebody is working on it.

const heartbeatMs = 1_000
const heartbeat = Buffer.from('\n')

/** What `make` yields; its signal is aborted when nobody wants the rest. */
export async function* withHeartbeat(
  make: (signal: AbortSignal) => AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  const abort = new AbortController()
  const chunks = make(abort.signal)
  let next: Promise<IteratorResult<Buffer, void>> | undefined
  try {
    while (true) {
      next ??= chunks.next()
      const result = await withinHeartbeat(next)
      if (result === undefined) {
        yield heartbeat
        continue
      }
      next = undefined
      if (result.done === true) return
      yield result.value
    }
  } finally {
    abort.abort(new Error('Nobody reads the answer any more'))
    next?.catch(() => undefined)
    await chunks.return().catch(() => undefined)
  }
}

async function withinHeartbeat<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, heartbeatMs, undefined)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
