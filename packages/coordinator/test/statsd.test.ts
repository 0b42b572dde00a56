// What a statsd server gets over UDP.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { send } from './helpers/http-request.js'
import { smallCluster } from './helpers/small-cluster.js'
import { until } from './helpers/until.js'

/** A UDP socket that keeps the lines it gets, without their prefix; fails on one that has another. */
async function statsdServer() {
  const socket = createSocket('udp4')
  const lines: string[] = []
  const prefix = `backpack-coordinator.${hostname()}.`
  socket.on('message', (message) => {
    for (const line of message.toString().trim().split('\n')) {
      if (!line.startsWith(prefix)) throw new Error(`A line without the prefix: ${line}`)
      lines.push(line.slice(prefix.length))
    }
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return { lines, address: { host: '127.0.0.1', port: socket.address().port } }
}

/** The latest gauges. */
function gaugesIn(lines: readonly string[]): Record<string, number> {
  const gauges = lines.flatMap((line) => {
    const [, name, value] = /^(.+):(\d+)\|g$/.exec(line) ?? []
    return name === undefined ? [] : [[name, Number(value)] as const]
  })
  return Object.fromEntries(gauges)
}

test('gauges and counters come with the names of 2013', async () => {
  const { lines, address } = await statsdServer()
  const { port, tree } = await smallCluster({
    nodesPerShard: [2, 2],
    capacityBytes: 1_000_000_000,
    options: { statsd: address },
    limits: { statsdEveryMs: 50 },
  })
  const { setShardWritable } = await import('@backpack/cluster-model')
  await setShardWritable(tree, { id: '2', writable: false }, {})
  expect((await send(port, 'PUT', '/a', { body: 'meow' })).status).toBe(200)
  expect(
    (await send(port, 'PUT', '/b', { body: 'meow', headers: { 'X-Backpack-Copies': '9' } })).status,
  ).toBe(503)
  const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length
  await until(() => count(/^files\.failed:1\|c$/) === 1, 'the failure is reported')
  await until(() => gaugesIn(lines)['2.ro.available_size'] !== undefined, 'the read-only shard is reported')
  await until(() => gaugesIn(lines)['queue_length'] === 1, 'the task is reported')
  expect(count(/^add_photo\.ok:1\|c$/)).toBe(1)
  expect(count(/^add_photo\.ok:[\d.]+\|ms$/)).toBe(1)
  expect(count(/^add_photo\.error:1\|c$/)).toBe(1)
  expect(count(/^add_photo\.error:[\d.]+\|ms$/)).toBe(1)
  expect(count(/^files\.uploaded:1\|c$/)).toBe(1)
  // Gauges of one moment come in two datagrams now and then, with those of the next moment half way.
  const isWhole = ({ used_size: used = 0, available_space: available = 0 }) =>
    used + available === 2_000_000_000
  await until(() => isWhole(gaugesIn(lines)), 'what is used and what is available make up the whole')
  const gauges = gaugesIn(lines)
  expect(gauges).toMatchObject({
    total_size: 2_000_000_000,
    total_shards: 2,
    '1.rw.capacity_size': 1_000_000_000,
  })
  for (const name of [
    '1.rw.current_size',
    '1.rw.available_size',
    '2.ro.current_size',
    '2.ro.capacity_size',
  ]) {
    expect(gauges, name).toHaveProperty([name])
  }
})

test('a statsd server that is not there, or a name that does not resolve, hurts nobody', async () => {
  for (const statsd of [{ host: '127.0.0.1', port: 1 }, { host: 'no-such-host.invalid' }]) {
    const { port } = await smallCluster({ options: { statsd }, limits: { statsdEveryMs: 5 } })
    for (let at = 0; at < 20; at++) {
      expect((await send(port, 'PUT', `/${at}`, { body: 'meow' })).status).toBe(200)
    }
  }
})
