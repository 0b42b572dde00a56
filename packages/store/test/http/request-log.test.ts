// The daemon's log: one JSON object per line, whatever a name holds.
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { lanes, runDaemon, until } from '../helpers/daemon.js'
import { requestOnce } from '../helpers/raw-http.js'
import { get, put } from './corpus-request.js'

interface Line {
  readonly msg: string
  readonly method: string
  readonly target: string
  readonly status: number
}

function memoryLog(level: string) {
  const written: string[] = []
  const log = pino({ level }, { write: (line: string) => void written.push(line) })
  return { log, written }
}

const targets = [
  '/"quoted"',
  '/a%0Ab',
  '/a%0D%0A{"level":60}',
  "/it's\\u0000\\n",
  '/%22%7D%0A',
  '/%F0%9F%98%80',
]

describe.each(lanes)('through the $lane', ({ fastLane }) => {
  test('at debug every request is one line of JSON with its target as it came', async () => {
    const { log, written } = memoryLog('debug')
    const { port, store } = await runDaemon({ fastLane, log })
    await store.put('"quoted"', Buffer.from('x'))
    await store.put('😀', Buffer.from('x'))
    for (const target of targets) await requestOnce(port, get(target))
    await requestOnce(port, get('/"quoted"'))
    await requestOnce(port, put('/"put"', 'x'))
    const expected = [...targets.map((target) => `GET ${target}`), 'GET /"quoted"', 'PUT /"put"']
    await until(() => written.length >= expected.length, 'all requests are logged')
    const lines = written.map((text) => {
      expect(text.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f]/)
      return JSON.parse(text) as Line
    })
    expect(lines.map(({ method, target }) => `${method} ${target}`)).toEqual(expected)
    expect(lines.map(({ status }) => status)).toEqual([200, 400, 400, 404, 400, 200, 200, 201])
    expect(new Set(lines.map(({ msg }) => msg))).toEqual(new Set(['request']))
  })

  test('at info requests leave no line', async () => {
    const { log, written } = memoryLog('info')
    const { port, store } = await runDaemon({ fastLane, log })
    await store.put('plain', Buffer.from('x'))
    await requestOnce(port, get('/plain'))
    await requestOnce(port, get('/nothing'))
    expect(written).toEqual([])
  })
})
