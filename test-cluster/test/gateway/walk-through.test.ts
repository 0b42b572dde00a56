// The life of a user: taken over from a bucket file, uploads, gives a link away, loses the right. On every coordinator.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../src/index.js'
import { GuardedCluster, guardedShard, reader, writer } from '../helpers/guarded-cluster.js'
import { curl } from '../helpers/run-client.js'

let guarded: GuardedCluster

beforeAll(async () => {
  guarded = await GuardedCluster.start()
})

afterAll(async () => {
  await guarded.close()
})

describe('a user of a shard', () => {
  it('may upload and read by signed links until the bucket file no longer has him', async () => {
    const { cluster } = guarded
    const name = 'of a user.txt'
    const bases = [...cluster.gateways.values()].map(({ url }) => url)
    expect(bases).toHaveLength(2)

    for (const base of bases) {
      const put = await guarded.link({ upload: true, name, base })
      expect((await curl(put, '--data-binary', 'hello', '-X', 'PUT')).status).toBe(200)
    }
    await cluster.untilCopied(guardedShard, name)

    // The same link is good at every gateway: hosts are not signed.
    const linkOf = async (user: string) => {
      return (await guarded.link({ name, user })).slice(cluster.gateway(1).url.length)
    }
    const links = { reader: await linkOf(reader.user), writer: await linkOf(writer.user) }
    for (const base of bases) {
      expect(await curl(base + links.reader)).toEqual({ status: 200, printed: 'hello' })
      expect(await curl(base + links.writer)).toEqual({ status: 200, printed: 'hello' })
    }
    // The reader signs an upload himself; he has no right to it.
    await expect(guarded.link({ upload: true, name, user: reader.user })).rejects.toThrow('may not write')

    await guarded.importUsers(reader)
    for (const base of bases) {
      await until(async () => (await curl(base + links.writer)).status === 403, `${base} refuses the writer`)
      expect((await curl(base + links.reader)).status).toBe(200)
    }
    const shown = await cluster.admin('bucket', 'show', '--json')
    expect(shown).toContain(reader.user)
    expect(shown).not.toContain(writer.user)
    expect(shown).not.toContain(reader.token)
  })

  it('is let in with a new token, and no longer with the old one', async () => {
    const { cluster } = guarded
    await guarded.importUsers(reader, writer)
    const name = 'under another token.txt'
    const before = await guarded.link({ upload: true, name })
    const put = (link: string) => curl(link, '--data-binary', 'hello', '-X', 'PUT')
    await until(async () => (await put(before)).status === 200, 'the writer is known')

    await guarded.importUsers(reader, { ...writer, token: 'another token of the writer' })
    for (const { url: base } of cluster.gateways.values()) {
      const after = await guarded.link({ upload: true, name, base })
      await until(async () => (await put(after)).status === 200, `${base} takes the new token`)
      expect((await put(base + before.slice(cluster.gateway(1).url.length))).status).toBe(403)
    }
  })
})
