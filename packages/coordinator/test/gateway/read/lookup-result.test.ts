import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { lookupResultOf } from '../../../src/gateway/read/lookup-result.js'

const node = (id: string, host = 'one') => ({ id, host, port: 10_004, url: `http://${host}:10004` })
const version = '018bcfe568000001'
const blob = { version, etag: `"${version}-0badcafe"`, sizeBytes: 42 }

it('a LookupResult has the fields and groups of Backrunner', () => {
  const result = lookupResultOf('a b/ü', [
    { node: node('1'), blob },
    { node: node('b12'), absent: 'missing' },
    { node: node('007', '::1'), away: 'It is away' },
  ])
  const id = createHash('sha512').update('a b/ü').digest('hex')
  const none = { backend: 0, id, csum: '', filename: '', size: 0, 'offset-within-data-file': 0, mtime: null }
  expect(result).toEqual({
    info: [
      {
        group: 1,
        backend: 0,
        id,
        csum: '0badcafe',
        filename: '/a%20b/%C3%BC',
        size: 42,
        'offset-within-data-file': 0,
        mtime: '2023-11-14T22:13:20.000Z',
        server: 'one:10004',
        error: null,
      },
      {
        ...none,
        group: 'b12',
        server: 'one:10004',
        error: { Code: -2, Flags: 0, Message: 'There is no blob of this name' },
      },
      { ...none, group: '007', server: '[::1]:10004', error: { Code: -6, Flags: 0, Message: 'It is away' } },
    ],
    'success-groups': [1],
    'error-groups': ['b12', '007'],
  })
})
