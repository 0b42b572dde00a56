// What edits say about ACLs: flags mean other things in the admin list than in a bucket's.
import { Secret } from '@backpack/signing'
import { describe, expect, test } from 'vitest'
import { describeAdmin, describeRules, warnOfAdmin, warnOfRules } from '../../src/edit/bucket-sentences.js'

/** One user for each of the flags, named by them. */
const listOf = (...flags: number[]) => ({
  acl: flags.map((each) => ({ user: `u${each}`, token: new Secret('token'), flags: each })),
})

describe('the admin list', () => {
  test('is told by flag 4, and by flag 1 beside it', () => {
    expect(describeAdmin(listOf(4, 5, 6, 7))).toBe(
      'users u4 (admin), u5 (admin, unsigned), u6 (admin), u7 (admin, unsigned)',
    )
    expect(describeAdmin(listOf(0, 1, 2, 3))).toBe(
      'users u0 (nothing), u1 (nothing), u2 (nothing), u3 (nothing)',
    )
  })

  test('is warned of where somebody administers without a signature, and where nobody may', () => {
    expect(warnOfAdmin(listOf(4, 6, 3))).toEqual([])
    expect(warnOfAdmin(listOf(4, 5, 7))).toEqual([
      'Whoever calls himself u5 may administer without a signature',
      'Whoever calls himself u7 may administer without a signature',
    ])
    expect(warnOfAdmin({ acl: [{ user: '*', token: new Secret('token'), flags: 5 }] })).toEqual([
      'Everybody may administer without a signature',
    ])
    expect(warnOfAdmin(listOf(3))).toEqual(['No user of the admin ACL has flag 4: nobody may administer'])
  })
})

describe("a bucket's list", () => {
  test('is told by flags 1 and 2', () => {
    expect(describeRules(listOf(0, 1, 2, 3, 4, 5))).toBe(
      'users u0 (read), u1 (read, unsigned), u2 (read, write), u3 (read, write, unsigned), u4 (read), u5 (read, unsigned)',
    )
  })

  test('is warned of where somebody writes without a signature, and where flag 4 was meant to help', () => {
    expect(warnOfRules('bucket 1', listOf(0, 1, 2))).toEqual([])
    expect(warnOfRules('bucket 1', listOf(3, 4, 5))).toEqual([
      'Whoever calls himself u3 may read, write in bucket 1 without a signature',
      'Flag 4 of user u4 means nothing in bucket 1: only the admin list is looked at for it',
      'Flag 4 of user u5 means nothing in bucket 1: only the admin list is looked at for it',
    ])
  })
})
