import { expect, onTestFinished, test } from 'vitest'
import { NodePools } from '../../src/nodes/node-pools.js'
import { httpNode } from './listening-node.js'

const minuteMs = 60_000

test('a pool that was not used for a minute is closed when another is asked for; what is under way ends well', async () => {
  const answers: (() => void)[] = []
  const node = await httpNode((_request, response) => answers.push(() => response.end('late')))
  const pools = new NodePools({ connectionsPerNodeMax: 2, connectMs: 10_000 })
  onTestFinished(() => pools.close())
  const nowMs = performance.now()
  const pool = pools.get(node.url, nowMs)
  const asked = pool.request({ method: 'GET', path: '/' })
  while (answers.length === 0) await new Promise(setImmediate)
  expect(pools.get(node.url, nowMs + minuteMs)).toBe(pool)

  pools.get('http://127.0.0.1:9', nowMs + 3 * minuteMs)
  expect(pools.size).toBe(1)
  for (const answer of answers) answer()
  expect(await (await asked).body.text()).toBe('late')
  expect(pools.get(node.url, nowMs + 3 * minuteMs)).not.toBe(pool)
})
