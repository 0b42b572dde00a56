import { describe, expect, test } from 'vitest'
import {
  daemonCodec,
  queueCodec,
  serversMapCodec,
  shardSizeCodec,
  shardsMapCodec,
  type ZnodeCodec,
} from '../../src/znode-codec.js'

const path = '/znode'
const decode = <Value>(codec: ZnodeCodec<Value>, json: unknown): Value =>
  codec.decode(path, Buffer.from(JSON.stringify(json)))
const encode = <Value>(codec: ZnodeCodec<Value>, value: Value): string => codec.encode(value).toString()

describe('the servers map', () => {
  test('is read with ports as strings and as numbers', () => {
    const servers = decode(serversMapCodec, {
      1: { host: 'one', port: '10001' },
      a_b: { host: '::1', port: 2 },
    })
    expect([...servers]).toEqual([
      ['1', { host: 'one', port: 10_001 }],
      ['a_b', { host: '::1', port: 2 }],
    ])
  })

  test('is written as in 2013: ids and ports are strings', () => {
    const servers = new Map([['1', { host: 'one', port: 10_001 }]])
    expect(encode(serversMapCodec, servers)).toBe('{"1":{"host":"one","port":"10001"}}')
  })

  test('keeps fields it does not know', () => {
    const json = { 1: { host: 'one', port: '1', rack: { row: 7 } } }
    expect(encode(serversMapCodec, decode(serversMapCodec, json))).toBe(JSON.stringify(json))
  })

  test('may have ids that are properties of every object', () => {
    const json = { constructor: { host: 'one', port: '1' } }
    expect(encode(serversMapCodec, decode(serversMapCodec, json))).toBe(JSON.stringify(json))
  })
})

describe('the shards map', () => {
  test('has ids of nodes as strings whatever they were', () => {
    expect([...decode(shardsMapCodec, { 1: { nodes: [1, '4'], read_only: true } })]).toEqual([
      ['1', { nodes: ['1', '4'], read_only: true }],
    ])
  })

  test('has no read_only for a writable shard', () => {
    const shards = new Map([['1', { nodes: ['1'], read_only: false, tag: 'x' }]])
    expect(encode(shardsMapCodec, shards)).toBe('{"1":{"nodes":["1"],"tag":"x"}}')
  })
})

test('a size is read from numbers and strings, and written as numbers', () => {
  const size = decode(shardSizeCodec, { capacity: '107374182400', current: 5 })
  expect(encode(shardSizeCodec, size)).toBe('{"capacity":107374182400,"current":5}')
})

test('the queue is written with ports as strings, unknown fields kept', () => {
  const json = { key: 'q', servers: [{ host: 'one', port: '13001', weight: 2 }], since: 2013 }
  expect(encode(queueCodec, decode(queueCodec, json))).toBe(JSON.stringify(json))
})

test('a registration comes back as it was', () => {
  const entry = {
    kind: 'coordinator',
    hostname: 'h',
    pid: 1,
    startedAtMs: 2,
    packageVersion: '1.0.0',
  } as const
  expect(daemonCodec.decode(path, daemonCodec.encode(entry))).toEqual(entry)
})

test.each([
  { what: 'no JSON', text: '{', says: /^\/znode is not JSON/ },
  { what: 'empty', text: '', says: /not JSON/ },
  { what: 'a list', text: '[]', says: /cannot be read/ },
  { what: 'a bad id', text: '{"a:b":{"host":"one","port":1}}', says: /cannot be read: a:b/ },
  { what: 'no port', text: '{"1":{"host":"one"}}', says: /1\.port/ },
  { what: 'port 0', text: '{"1":{"host":"one","port":"0"}}', says: /1\.port/ },
  { what: 'port 65536', text: '{"1":{"host":"one","port":65536}}', says: /1\.port/ },
  { what: 'a host with a space', text: '{"1":{"host":"o ne","port":1}}', says: /1\.host/ },
])('a servers map that is $what is refused as MODEL_INVALID', ({ text, says }) => {
  expect(() => serversMapCodec.decode(path, Buffer.from(text))).toThrow(
    expect.objectContaining({ code: 'MODEL_INVALID', message: expect.stringMatching(says) as string }),
  )
})

test('of many problems three are said, and how many more there are', () => {
  const json = Object.fromEntries([1, 2, 3, 4, 5].map((id) => [id, { host: '', port: 1 }]))
  expect(() => decode(serversMapCodec, json)).toThrow(/1\.host.*2\.host.*3\.host.*and 2 more/)
})
