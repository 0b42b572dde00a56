import { describe, expect, it } from 'vitest'
import { parseClusterArguments } from '../../src/cli/cluster-arguments.js'

describe('the arguments of npm run cluster', () => {
  it('may be none at all', () => {
    expect(parseClusterArguments([])).toEqual({})
  })

  it('are the options of a test cluster', () => {
    const args = [
      '--servers',
      '3',
      '--zookeepers',
      '1',
      '--redises=2',
      '--capacity',
      '1.5tb',
      '--gateway',
      '--log-dir',
      'logs',
    ]
    expect(parseClusterArguments(args)).toEqual({
      servers: 3,
      zookeepers: 1,
      redises: 2,
      shardCapacity: '1.5tb',
      gateway: {},
      logDirectory: 'logs',
    })
  })

  it('may ask for help', () => {
    expect(parseClusterArguments(['--servers', '3', '--help'])).toBe('help')
  })

  it.each([
    [['--servers', '4'], '--servers must be 2 or 3, not 4'],
    [['--zookeepers', '02'], '--zookeepers must be 1 or 3, not 02'],
    [['--keep', 'dir'], "Unknown option '--keep'"],
    [['three'], "Unexpected argument 'three'"],
  ])('%j are refused', (args, message) => {
    expect(() => parseClusterArguments(args)).toThrow(message)
  })
})
