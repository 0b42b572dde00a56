// Many deletes in one request, each with its own outcome.
import { describe, expect, test } from 'vitest'
import { jsonOf, send } from '../helpers/http-request.js'
import { untilSeen } from '../helpers/small-cluster.js'
import { namesIn } from './names-in.js'
import { type SmallGateway, smallGateway } from './small-gateway.js'

describe('deleting many', () => {
  function bulkDelete({ gatewayPort }: SmallGateway, body: string, target = '/bulk_delete/1') {
    return send(gatewayPort, 'POST', target, { body })
  }

  test('10,000 keys, some of them missing or impossible: each failure is reported, the others are gone', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    const { store } = gateway.node('11')
    const there = Array.from({ length: 200 }, (_, at) => `there/${at}`)
    for (const name of there) await store.put(name, Buffer.from('meow'))
    await store.put('stays', Buffer.from('meow'))
    const missing = Array.from({ length: 9_797 }, (_, at) => `missing/${at}`)
    const impossible = ['', '-/live', 'k'.repeat(1_025)]
    const keys = [...there, ...missing, ...impossible]
    expect(keys.length).toBe(10_000)
    const answer = await bulkDelete(gateway, JSON.stringify({ keys }))
    expect(answer.status).toBe(200)
    const failed = jsonOf<Record<string, string>>(answer)
    expect(Object.keys(failed).sort()).toEqual([...missing, ...impossible].sort())
    for (const message of Object.values(failed)) expect(message).not.toBe('')
    expect(await namesIn(gateway, '11')).toEqual(['stays'])
  })

  test('with a node down: what it would have to forget is queued, what nobody can say of is reported', async () => {
    const gateway = await smallGateway({ nodesPerShard: [2] })
    for (const id of ['11', '12']) await gateway.node(id).store.put('on both', Buffer.from('meow'))
    await gateway.node('12').store.put('on the other', Buffer.from('meow'))
    await gateway.node('12').stop()
    await untilSeen(gateway, '12', 'down')
    const answer = await bulkDelete(gateway, JSON.stringify({ keys: ['on both', 'on the other'] }))
    expect(answer.status).toBe(200)
    expect(Object.keys(jsonOf(answer))).toEqual(['on the other'])
    expect(await namesIn(gateway, '11')).toEqual([])
  })

  test('takes names that objects have already', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    const keys = '["__proto__","constructor","toString"]'
    const failed = JSON.parse((await bulkDelete(gateway, `{"keys":${keys}}`)).body.toString()) as object
    expect(Object.keys(failed).sort()).toEqual(['__proto__', 'constructor', 'toString'])
  })

  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['no keys', '{}'],
    ['an empty list', '{"keys":[]}'],
    ['no list', '{"keys":"a"}'],
    ['numbers', '{"keys":[1]}'],
    ['more than 10,000', JSON.stringify({ keys: Array.from({ length: 10_001 }, String) })],
  ])('refuses %s', async (_, body) => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    expect((await bulkDelete(gateway, body)).status).toBe(400)
  })

  test('refuses an address with anything behind the bucket, and a bucket that is not there', async () => {
    const gateway = await smallGateway({ nodesPerShard: [1] })
    for (const target of ['/bulk_delete', '/bulk_delete/', '/bulk_delete/1/a', '/bulk_delete/9']) {
      expect((await bulkDelete(gateway, '{"keys":["a"]}', target)).status).toBe(400)
    }
  })
})
