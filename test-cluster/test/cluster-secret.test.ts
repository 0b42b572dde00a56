// A cluster of real processes with a secret in their environment: everything works through coordinators, nothing beside them.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestCluster, until } from '../src/index.js'

const clusterSecret = 'correct horse battery staple'

describe('a cluster with a secret', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await TestCluster.start({
      clusterSecret,
      coordinators: 1,
      storeArguments: ['--reserve-bytes', '0'],
    })
  })

  afterAll(async () => {
    await cluster.close()
  })

  it('uploads, copies, reads and deletes', async () => {
    const { shardId } = await cluster.put('pets/cat ü.jpg', Buffer.alloc(1_500_000, 'meow'))
    await cluster.untilCopied(shardId, 'pets/cat ü.jpg')
    expect((await cluster.read(shardId, 'pets/cat ü.jpg')).body).toHaveLength(1_500_000)
    const path = `/${shardId}:pets/cat%20%C3%BC.jpg`
    expect(await cluster.ask(cluster.coordinator(1), { method: 'DELETE', path })).toMatchObject({
      status: 204,
    })
    for (const id of cluster.nodesOf(shardId)) {
      await until(async () => (await cluster.getFrom(id, 'pets/cat ü.jpg')).status === 410, 'it is deleted')
    }
  })

  it('takes nothing from anybody else, and the admin sees all nodes up', async () => {
    const refused = await cluster.ask(cluster.store(1), { method: 'PUT', path: '/a', body: 'x' })
    expect(refused.status).toBe(403)
    expect(JSON.parse(refused.body.toString())).toMatchObject({ code: 'SIGNATURE_REQUIRED' })
    const found = await cluster.ask(cluster.store(1), { path: '/a' })
    expect(found.status).toBe(404)
    expect(await cluster.admin('status')).not.toMatch(/no answer/)
  })

  it('shows the secret in no output and no argument', async () => {
    for (const each of [cluster.store(1), cluster.coordinator(1), cluster.replicator(1)]) {
      expect(each.output).not.toContain(clusterSecret)
      expect(readFileSync(`/proc/${each.pid}/cmdline`, 'utf8')).not.toContain(clusterSecret)
    }
  })
})
