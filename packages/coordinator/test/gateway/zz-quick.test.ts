import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addServer, addShard, FileTree, initCluster, setShardWritable } from '@backpack/cluster-model'
import { it } from 'vitest'
import { StoreNode } from '../helpers/store-node.js'
import { patternBytes } from '../helpers/http-request.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
it('quick', async () => {
  const node = await new StoreNode('11').start()
  await node.store.put('a.jpg', patternBytes(20_000), { contentType: 'image/jpeg' })
  await node.store.put('unknown', patternBytes(20_000), {})
  const dir = temporaryDirectory()
  const tree = await FileTree.open({ path: join(dir, 'tree.json') })
  await initCluster(tree, { queueKey: 'backpack', queueServers: [] }, {})
  await addServer(tree, { id: '11', url: node.url, ifExists: 'refuse' }, {})
  await addShard(tree, { id: '1', nodes: ['11'], capacityBytes: 2 ** 34, ifExists: 'refuse' }, {})
  mkdirSync(join(dir, 'q'))
  const cfg = join(dir, 'c.json')
  writeFileSync(cfg, JSON.stringify({ proxy: { address: '127.0.0.1:0' } }))
  const opts = { cluster: { file: join(dir, 'tree.json') }, queue: { directory: join(dir, 'q') } }
  const child = fork('node_modules/.bench-dist/coord.mjs', [JSON.stringify(opts), cfg], { execArgv: process.env['PROF'] ? ['--cpu-prof', '--cpu-prof-dir=/tmp/gbench'] : [] })
  const [ports] = (await once(child, 'message')) as [{ port: number; gate: number }]
  const cpu = async () => {
    child.send('x')
    const [u] = (await once(child, 'message')) as [{ user: number; system: number }]
    return u.user + u.system
  }
  const { execFile } = await import('node:child_process')
  const { promisify } = await import('node:util')
  const run = promisify(execFile)
  const targets: Record<string, string> = {
    plain: `http://127.0.0.1:${ports.port}/1:a.jpg`,
    get: `http://127.0.0.1:${ports.gate}/get/1/a.jpg`,
    sniffed: `http://127.0.0.1:${ports.gate}/get/1/unknown`,
  }
  const sums: Record<string, number[]> = {}
  for (let round = 0; round < 3; round++)
    for (const [what, url] of Object.entries(targets)) {
      const before = await cpu()
      const { stdout } = await run('wrk', ['-t1', '-c8', '-d1s', url])
      const after = await cpu()
      const n = Number(/(\d+) requests in/.exec(stdout)?.[1])
      ;(sums[what] ??= []).push((after - before) / n)
      if (/Non-2xx/.test(stdout)) console.log(what, stdout)
    }
  for (const [what, list] of Object.entries(sums)) console.log(what, list.map((each) => each.toFixed(1)).join(' '), 'µs per request')
  child.disconnect()
  await once(child, 'exit')
  await tree.close()
  void execFileSync
}, 60_000)
