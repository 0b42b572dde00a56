import type { Shard } from '@backpack/cluster-model'
import { expect, test } from 'vitest'
import { mayDo } from '../../src/cli/may-do.js'

const open = { access: 'open' } as const
const closed: Pick<Shard, 'access'> = { access: { users: new Map() } }
const unreadable = { access: 'closed' } as const

test.each([
  ['every photo where no shard has an ACL', [open, open], 'can read, add and delete every photo'],
  ['what comes where there is no shard yet', [], 'can read, add and delete every photo'],
  [
    'that of shards without an ACL beside others',
    [open, closed, unreadable],
    'can read, add and delete every photo of 1 of 3 shards: they have no ACL',
  ],
  [
    'no photo where each shard has an ACL',
    [closed, unreadable],
    'can see what the cluster is made of; its shards ask for signatures',
  ],
])('everybody is said to have %s', (_, shards, words) => {
  expect(mayDo(shards)).toBe(words)
})
