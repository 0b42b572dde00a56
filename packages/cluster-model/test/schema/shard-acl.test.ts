import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { shardAclCodec } from '../../src/znode-codec.js'

const path = '/shard-acl-1'
const token = 'very secret token'
const mary = { user: 'mary', token, flags: 2 }

const decode = (json: unknown) => shardAclCodec.decode(path, Buffer.from(JSON.stringify(json)))

function failureOf(text: string): Error & { code?: string } {
  try {
    shardAclCodec.decode(path, Buffer.from(text))
  } catch (error) {
    return error as Error
  }
  throw new Error('It was understood')
}

describe('an ACL', () => {
  test('is written back as it was read, unknown fields kept', () => {
    const json = {
      acl: [{ user: '*', token, flags: 1, note: 'everybody' }],
      flags: 0,
      'max-size': 10,
      'max-key-num': 20,
      owner: { team: 'photos' },
    }
    expect(JSON.parse(shardAclCodec.encode(decode(json)).toString())).toEqual(json)
  })

  test('keeps its tokens as secrets', () => {
    const { acl } = decode({ acl: [mary] })
    expect(acl[0]?.token.reveal()).toBe(token)
    expect(inspect(acl, { depth: null, showHidden: true }) + JSON.stringify(acl)).not.toContain(token)
  })

  test('may have no users, users in every script, and no limits', () => {
    expect(decode({ acl: [] })).toEqual({ acl: [] })
    const names = ['*', 'a:b', 'Zoë', '\u5199\u771f', '\u{1f600}', ' ']
    const { acl } = decode({ acl: names.map((user) => ({ ...mary, user })) })
    expect(acl.map(({ user }) => user)).toEqual(names)
  })

  test.each([
    { what: 'a user twice', json: { acl: [mary, mary] }, says: 'acl.1.user: "mary" stands there twice' },
    { what: 'flags above 7', json: { acl: [{ ...mary, flags: 8 }] }, says: 'acl.0.flags: must be a sum' },
    { what: 'flags below 0', json: { acl: [{ ...mary, flags: -1 }] }, says: 'acl.0.flags' },
    { what: 'half a flag', json: { acl: [{ ...mary, flags: 1.5 }] }, says: 'acl.0.flags' },
    { what: 'flags as text', json: { acl: [{ ...mary, flags: '2' }] }, says: 'acl.0.flags' },
    { what: 'no flags', json: { acl: [{ user: 'mary', token }] }, says: 'acl.0.flags' },
    { what: 'no token', json: { acl: [{ user: 'mary', flags: 2 }] }, says: 'acl.0.token' },
    {
      what: 'an empty token',
      json: { acl: [{ ...mary, token: '' }] },
      says: 'acl.0.token: must not be empty',
    },
    { what: 'a token too long', json: { acl: [{ ...mary, token: 'x'.repeat(4097) }] }, says: 'acl.0.token' },
    { what: 'a user without a name', json: { acl: [{ ...mary, user: '' }] }, says: 'acl.0.user' },
    { what: 'a line end in a user', json: { acl: [{ ...mary, user: 'a\nb' }] }, says: 'acl.0.user' },
    { what: 'half a character', json: { acl: [{ ...mary, user: '\ud800' }] }, says: 'acl.0.user' },
    { what: 'a user too long', json: { acl: [{ ...mary, user: 'x'.repeat(129) }] }, says: 'acl.0.user' },
    { what: 'no list', json: {}, says: 'acl' },
    { what: 'a negative limit', json: { acl: [mary], 'max-size': -1 }, says: 'max-size' },
    { what: 'a broken limit', json: { acl: [mary], 'max-key-num': 1.5 }, says: 'max-key-num' },
    { what: 'a limit past 2^53', json: { acl: [mary], 'max-size': 2 ** 53 }, says: 'max-size' },
    { what: 'a limit as text', json: { acl: [mary], 'max-size': '1' }, says: 'max-size' },
  ])('with $what is refused, with its path and without its token', ({ json, says }) => {
    const error = failureOf(JSON.stringify(json))
    expect(error).toMatchObject({ code: 'MODEL_INVALID' })
    expect(error.message).toContain(`${path} cannot be read: ${says}`)
    expect(inspect(error, { depth: null })).not.toContain(token)
  })

  test.each([`{"acl":[{"token":${token}`, token, `{"acl":[{"user":"mary","token":"${token}"} "flags"`])(
    'that is no JSON is refused without quoting it',
    (text) => {
      const error = failureOf(text)
      expect(error.message).toBe(`${path} is not JSON`)
      expect(inspect(error, { depth: null })).not.toContain('very')
    },
  )
})
