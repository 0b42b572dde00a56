import { describe, expect, test } from 'vitest'
import { readBucketFile } from '../../src/edit/read-bucket-file.js'
import { manualAcl, manualFile, readerToken, writerToken } from './bucket-files.js'

const reasonsOf = (file: unknown): readonly string[] => readBucketFile(file).faults

describe("Backrunner's bucket file", () => {
  test('of its manual is understood whole', () => {
    const { buckets, admin } = readBucketFile(manualFile)
    expect(buckets.map(({ id, nodes }) => [id, nodes.join()])).toEqual([
      ['b1', '1,2'],
      ['b2', '3,4'],
      ['b3', '5,6'],
      ['b4', '7,8,9'],
      ['b5', '10,11,12'],
    ])
    for (const { rules } of buckets) {
      expect(rules.acl.map(({ user, token, flags }) => [user, token.reveal(), flags])).toEqual([
        ['*', readerToken, 1],
        ['writer', writerToken, 2],
      ])
      expect(rules).toMatchObject({ flags: 0, 'max-size': 0, 'max-key-num': 0 })
    }
    expect(admin).toBeUndefined()
  })

  test('gives each bucket what is generic by itself: what becomes of one list does not touch another', () => {
    const { buckets } = readBucketFile(manualFile)
    const [one, two] = buckets
    one?.rules.acl.pop()
    for (const entry of one?.rules.acl ?? []) entry.flags = 7
    expect(two?.rules.acl.map(({ user, flags }) => [user, flags])).toEqual([
      ['*', 1],
      ['writer', 2],
    ])
  })

  test('lets what a bucket says itself stand in the place of what is generic, users as a whole', () => {
    const mary = { user: 'mary', token: 't', flags: 3 }
    const { buckets } = readBucketFile({
      generic: { ...manualFile.generic, 'max-size': 5, 'max-key-num': 6 },
      buckets: {
        own: { groups: ['a'], acl: [mary], 'max-size': 0 },
        open: { groups: ['b'], acl: [] },
        other: { groups: ['c'] },
      },
    })
    const shown = buckets.map(({ rules }) => [
      rules.acl.map(({ user }) => user).join(),
      rules['max-size'],
      rules['max-key-num'],
    ])
    expect(shown).toEqual([
      ['mary', 0, 6],
      ['', 5, 6],
      ['*,writer', 5, 6],
    ])
  })

  test('may have an admin ACL, nothing generic, no buckets', () => {
    expect(readBucketFile({ admin: { acl: [] } })).toEqual({
      buckets: [],
      admin: { acl: [] },
      faults: [],
    })
    const { buckets } = readBucketFile({ buckets: { b1: { groups: ['1'] } } })
    expect(buckets[0]?.rules).toEqual({ acl: [], flags: 0, 'max-size': 0, 'max-key-num': 0 })
  })

  test('with many mistakes is refused with all of them, each with its path', () => {
    const [reader, writer] = manualAcl
    const reasons = reasonsOf({
      generic: { acl: [{ ...reader, flags: 8 }, writer], 'max-size': -1 },
      buckets: { b1: { groups: [] }, b2: { groups: [1], max_size: 5 }, b3: {}, 'b/4': { groups: [2] } },
      admin: { acl: [{ ...writer, token: '********' }] },
      bucket: {},
    })
    expect(reasons).toEqual([
      'generic.acl.0.flags: must be a sum of 1, 2 and 4',
      'generic.max-size: Too small: expected number to be >=0',
      'buckets.b1.groups: must name at least one server',
      'buckets.b2: Unrecognized key: "max_size"',
      'buckets.b3.groups: Invalid input: expected array, received undefined',
      'buckets.b/4: must be 1 to 32 letters, digits, - or _',
      'admin.acl.0.token: is a mask, not a token',
      'The file: Unrecognized key: "bucket"',
    ])
    expect(reasonsOf({ generic: { acl: [writer, writer] } })).toEqual([
      'generic.acl.1.user: "writer" stands there twice',
    ])
    expect(JSON.stringify(reasons)).not.toMatch(/secure/)
  })

  test.each([undefined, null, [], 'x', 7])('that is %j is refused', (file) => {
    expect(reasonsOf(file)).toMatchObject(
      [/^The file: /].map((says) => expect.stringMatching(says) as string),
    )
  })
})
