import { expect, test } from 'vitest'
import { turnsOf } from '../../src/queue/task-turns.js'

const servers = ['127.0.0.1:13001', '127.0.0.1:13002', '127.0.0.1:13003']
const members = Array.from({ length: 9_000 }, (_, number) => `{"path":"/photos/${number}.jpg","to":"2"}`)

test('every server has one turn with a member, the same for whoever asks', () => {
  for (const member of members.slice(0, 100)) {
    const turns = turnsOf(member, servers)
    expect([...turns].sort()).toEqual([0, 1, 2])
    expect(turnsOf(member, [...servers].reverse())).toEqual([...turns].reverse())
  }
})

test('each server comes first for about as many members', () => {
  const firsts = members.map((member) => turnsOf(member, servers).indexOf(0))
  for (const at of servers.keys()) {
    const share = firsts.filter((first) => first === at).length / members.length
    expect(share).toBeGreaterThan(0.3)
    expect(share).toBeLessThan(0.37)
  }
})

test('a server that goes leaves the turns of the others in their order', () => {
  for (const member of members.slice(0, 100)) {
    const [one, two] = turnsOf(member, servers)
    const [oneLeft, twoLeft] = turnsOf(member, servers.slice(0, 2))
    expect((oneLeft as number) < (twoLeft as number)).toBe((one as number) < (two as number))
  }
})

test('no server has no turn', () => {
  expect(turnsOf('x', [])).toEqual([])
})
