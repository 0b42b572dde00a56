// `backpack-replicator-push` with its arguments and output of 2013, against real Redis servers.
import { freePort, runProgram } from '@backpack/test-cluster'
import { expect, test } from 'vitest'
import { patternBytes } from '../helpers/pattern-bytes.js'
import { RealCluster, useServers } from '../helpers/real-cluster.js'
import { untilDrained } from '../helpers/small-cluster.js'
import { builtBin, useBuiltCli } from './built-cli.js'

useBuiltCli()
useServers({ redis: 2 })

function push(...args: readonly string[]) {
  return runProgram(process.execPath, [builtBin('backpack-replicator-push'), ...args])
}

test('a task pushed by hand is copied', async () => {
  const cluster = await RealCluster.start()
  const data = patternBytes(1_000)
  const [first] = cluster.stores
  await first?.store.put('ä name?x=1', data)
  const place = [cluster.zkServers, cluster.root, cluster.redisAddresses, cluster.queueKey]
  expect(await push(...place, '1,7', '2', '/%C3%A4 name?x=1')).toEqual({
    exitCode: 0,
    stdout: 'Pushed!\n',
    stderr: '',
  })
  expect(await cluster.queue.figures()).toMatchObject({ total: 1 })
  await cluster.startDaemon()
  await untilDrained(cluster.queue)
  const [one, two] = await cluster.etags('ä name?x=1')
  expect(one).toBeDefined()
  expect(two).toBe(one)
})

test('it needs no ZooKeeper, and one Redis server of several', async () => {
  const cluster = await RealCluster.start()
  const dead = `127.0.0.1:${await freePort()}`
  const servers = `${dead},${cluster.redisAddresses}`
  const pushed = await push(dead, '/backpack', servers, cluster.queueKey, '1', '2', '/cat.jpg')
  expect(pushed).toMatchObject({ exitCode: 0, stdout: 'Pushed!\n' })
  // It may have to wait for the turn of the dead one.
  expect(await cluster.queue.figures()).toMatchObject({ total: 1 })
})

test('it fails when no server takes the task, and when an argument is wrong', async () => {
  const dead = `127.0.0.1:${await freePort()}`
  const away = await push('zk:1', '/backpack', dead, 'queue', '1', '2', '/cat.jpg')
  expect(away).toMatchObject({ exitCode: 1, stdout: '' })
  expect(away.stderr).toContain('QUEUE_AWAY')
  const wrong = await push('zk:1', '/backpack', 'nowhere', 'queue', '1,', 'a b', 'cat.jpg')
  expect(wrong).toMatchObject({ exitCode: 2, stdout: '' })
  for (const name of ['redis-servers', 'from', 'to', 'path']) expect(wrong.stderr).toContain(`${name}: must`)
  expect(await push('zk:1', '/backpack')).toMatchObject({
    exitCode: 1,
    stdout:
      'Usage: backpack-replicator-push <zk_servers> </zk/root> <redis servers> <redis key> <from,from> <to> </path>\n',
  })
})
