// One corpus of raw requests, through the fast lane (cold, then hot) and through node:http: the same answers.
import { expect, test } from 'vitest'
import type { Daemon } from '../../src/index.js'
import { runDaemon, untilDelivered } from '../helpers/daemon.js'
import { headerOf, RawConnection, type RawResponse, requestOnce } from '../helpers/raw-http.js'
import { corpus, type CorpusEntry } from './corpus.js'
import { deletedNames, get, presentBlobs, presentVersion } from './corpus-request.js'

const httpDate = /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** What a client saw of one entry. */
interface Outcome {
  readonly answers: readonly RawResponse[]
  /** Whether the server ended the connection. */
  readonly closed: boolean
}

test('every request of the corpus gets its status, and the same answer in both lanes', async () => {
  const fast = await runDaemon({ fastLane: true })
  const slow = await runDaemon({ fastLane: false })
  for (const { store } of [fast, slow]) {
    for (const { name, data, contentType } of presentBlobs)
      await store.put(name, data, { contentType, version: presentVersion })
    for (const name of deletedNames) {
      await store.put(name, Buffer.from('gone'), { version: presentVersion - 1n })
      await store.delete(name, { version: presentVersion })
    }
  }
  const wrong: string[] = []
  for (const entry of corpus) {
    try {
      const expected = await send(slow, entry)
      check(entry, expected)
      const cold = await send(fast, entry)
      check(entry, cold)
      expectSame(entry, cold, expected)
      if (isWrite(entry)) continue
      const hot = await send(fast, entry)
      expectSame(entry, hot, expected)
    } catch (error) {
      wrong.push(`${entry.title}: ${(error as Error).message}`)
    }
  }
  expect(wrong).toEqual([])
  for (const { port } of [fast, slow]) {
    expect((await requestOnce(port, get('/plain'))).body.toString()).toBe('hello, world')
  }
  console.log(`corpus: ${corpus.length} entries through both lanes`)
})

async function send({ port }: Daemon, entry: CorpusEntry): Promise<Outcome> {
  const { send: chunks, status, head, endsEarly } = entry
  const connection = await RawConnection.open(port)
  try {
    for (const chunk of typeof chunks === 'string' ? [chunks] : chunks) {
      connection.write(chunk)
      await untilDelivered()
    }
    if (endsEarly) connection.socket.end()
    const answers: RawResponse[] = []
    for (const _ of status) {
      const answer = await connection.read({ head })
      if (answer === undefined)
        throw new Error(`only ${answers.length} answers came: ${answers.map(({ status }) => status).join()}`)
      answers.push(answer)
    }
    if (entry.closes) {
      const rest = await connection.ended()
      if (rest.length > 0) throw new Error(`more came: ${rest.toString('latin1')}`)
      return { answers, closed: true }
    }
    connection.write(get('/x'))
    const next = await connection.read()
    if (next?.body.toString() !== 'one-byte name')
      throw new Error(
        `no more after ${answers.map(({ status }) => status).join()}: ${answers.at(-1)?.body.toString('latin1').slice(0, 200)}`,
      )
    return { answers, closed: false }
  } finally {
    connection.close()
  }
}

function check(entry: CorpusEntry, { answers }: Outcome): void {
  expect(answers.map(({ status }) => status)).toEqual(entry.status)
  const last = answers.at(-1)
  if (last === undefined) return
  for (const [name, value] of Object.entries(entry.headers ?? {}))
    expect(headerOf(last, name), name).toBe(value)
  if (entry.body !== undefined) expect(last.body.toString('latin1') === entry.body, 'body').toBe(true)
  if (entry.code !== undefined)
    expect((JSON.parse(last.body.toString()) as { code: string }).code).toBe(entry.code)
}

function expectSame(entry: CorpusEntry, fast: Outcome, slow: Outcome): void {
  const [fastLines, slowLines] = [comparable(entry, fast), comparable(entry, slow)]
  const at = fastLines.findIndex((line, index) => line !== slowLines[index])
  if (at < 0 && fastLines.length === slowLines.length) return
  throw new Error(`the fast lane has "${fastLines[at]}" where node:http has "${slowLines[at]}"`)
}

/** Everything of an answer but the moment; versions that a write made up differ too, and their dates. */
function comparable(entry: CorpusEntry, { answers, closed }: Outcome): string[] {
  const writes = isWrite(entry)
  const comparableValue = (name: string, value: string) => {
    if (name === 'Date' || (writes && name.toLowerCase() === 'last-modified'))
      return value.replace(httpDate, 'a date')
    return writes ? value.replace(/[0-9a-f]{16}/g, 'version') : value
  }
  return answers.flatMap(({ status, headers, body }) => [
    `status ${status}`,
    ...headers.map(([name, value]) => `${name.toLowerCase()}: ${comparableValue(name, value)}`).sort(),
    `body ${body.toString('latin1')}`,
    `closed ${closed}`,
  ])
}

function isWrite({ send: chunks }: CorpusEntry): boolean {
  return /^(PUT|DELETE) |(PUT|DELETE) \//.test([chunks].flat().join(''))
}
