import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Task } from '../../src/queue/replication-queue.js'
import { decodeTask, encodeTask, isTask } from '../../src/queue/task-codec.js'
import { copyTask } from './some-tasks.js'

test('a member is JSON with its fields in one order, whatever the order of the task', () => {
  const { op, shard, path, version, from, to } = copyTask(1)
  const member =
    '{"op":"copy","shard":"1","path":"/photos/1.jpg","version":"019b7ca990700001","from":["1"],"to":"2"}'
  expect(encodeTask({ op, shard, path, version, from, to })).toBe(member)
  expect(encodeTask({ to, from, version, path, shard, op })).toBe(member)
  expect(decodeTask(member)).toEqual(copyTask(1))
})

test('a task of 2013 is a copy of whatever the source has', () => {
  const task = { op: 'copy', shard: undefined, path: '/a b?c', version: undefined, from: ['1', '3'], to: '2' }
  expect(decodeTask('{"from":["1","3"],"to":"2","path":"/a b?c"}')).toEqual(task)
  expect(decodeTask('{"from":[1,3],"to":2,"path":"/a b?c"}')).toEqual(task)
})

test('every task comes back from its member as it was', () => {
  const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/)
  const tasks = fc.record({
    op: fc.constantFrom('copy', 'delete'),
    shard: fc.option(id, { nil: undefined }),
    path: fc
      .string({ minLength: 1, maxLength: 1_000, unit: 'grapheme' })
      .map((name) => `/${encodeURIComponent(name)}`),
    version: fc.option(fc.stringMatching(/^[0-9a-f]{16}$/), { nil: undefined }),
    from: fc.array(id, { maxLength: 10 }),
    to: id,
  }) as fc.Arbitrary<Task>
  fc.assert(
    fc.property(tasks, (task) => {
      const decoded = decodeTask(encodeTask(task))
      expect(decoded).toEqual(task)
    }),
  )
})

test.each([
  ['no JSON', 'hello', 'no JSON'],
  ['JSON that is no object', '[1]', 'task'],
  ['no path', '{"from":["1"],"to":"2"}', 'path'],
  ['a path that does not begin with /', '{"from":["1"],"to":"2","path":"x"}', 'path'],
  ['a path with a line feed', '{"from":["1"],"to":"2","path":"/x\\ny"}', 'path'],
  [
    'a path that is too long',
    JSON.stringify({ from: ['1'], to: '2', path: `/${'x'.repeat(4_096)}` }),
    'path',
  ],
  ['no target', '{"from":["1"],"path":"/x"}', 'to'],
  ['an operation of later days', '{"op":"move","from":["1"],"to":"2","path":"/x"}', 'op'],
  ['a version that is none', '{"from":["1"],"to":"2","path":"/x","version":"1"}', 'version'],
])('a member with %s is no task, and it is said why', (_, member, field) => {
  const decoded = decodeTask(member)
  expect(isTask(decoded)).toBe(false)
  expect(isTask(decoded) ? '' : decoded.reason).toContain(field)
})

test('a task that is none has no member', () => {
  expect(() => encodeTask({ ...copyTask(1), path: 'x' })).toThrow('path: must be /')
  expect(() => encodeTask({ ...copyTask(1), to: '../2', version: 'x' })).toThrow(/version: .*; to: /)
})
