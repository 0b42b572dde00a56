import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findProgram, run } from '../setup/commands.mjs'
import { formatDuration } from '../setup/console.mjs'
import { fingerprintContents, fingerprintStats } from '../setup/fingerprint.mjs'
import { requireNode } from '../setup/prepare.mjs'
import { clusterPrograms, compilerPrograms, ensurePrograms } from '../setup/programs.mjs'
import type { SetupError } from '../setup/setup-error.mjs'
import { countTests } from '../setup/vitest-runs.mjs'

describe('requireNode', () => {
  it.each(['18.20.4', '20.18.1', '19.9.0'])('refuses Node %s and says what to do', (version) => {
    expect(() => {
      requireNode(version)
    }).toThrow(/too old: Backpack needs Node 20\.19/)
  })

  it.each(['20.19.0', '20.20.2', '22.0.0', '26.1.0'])('accepts Node %s', (version) => {
    expect(() => {
      requireNode(version)
    }).not.toThrow()
  })
})

describe('countTests', () => {
  const passed = { status: 'passed', fullName: 'a test', failureMessages: [] }
  const failed = {
    status: 'failed',
    fullName: 'another',
    failureMessages: ['\u001b[31mexpected 1\u001b[39m\nat x'],
  }
  const passedFile = { name: '/pkg/test/a.test.ts', status: 'passed', assertionResults: [passed] }
  const failedFile = { name: '/pkg/test/b.test.ts', status: 'failed', assertionResults: [passed, failed] }
  const brokenFile = {
    name: '/pkg/test/c.test.ts',
    status: 'failed',
    message: 'no such module',
    assertionResults: [],
  }

  it('counts tests, and each file that could not be loaded as one failure, and names them', () => {
    const report = { numPassedTests: 2, testResults: [passedFile, failedFile, brokenFile] }
    expect(countTests(report, 1, '/pkg')).toEqual({
      passed: 2,
      failed: 2,
      failures: ['test/b.test.ts › another: expected 1', 'test/c.test.ts: no such module'],
    })
  })

  it('counts a run that ended badly although every test passed as one failure', () => {
    const report = { numPassedTests: 1, testResults: [passedFile] }
    expect(countTests(report, 3, '/pkg')).toMatchObject({ passed: 1, failed: 1 })
    expect(countTests(report, 3, '/pkg').failures).toEqual([expect.stringContaining('exit code 3')])
    expect(countTests(report, 0, '/pkg')).toEqual({ passed: 1, failed: 0, failures: [] })
  })

  it('counts a run without a report as one failure', () => {
    expect(countTests(undefined, 0, '/pkg')).toMatchObject({ passed: 0, failed: 1 })
  })
})

describe('fingerprints', () => {
  let directory: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'backpack-fingerprint-'))
    mkdirSync(join(directory, 'nested'))
    writeFileSync(join(directory, 'nested', 'a'), 'one')
  })

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true })
  })

  it('of contents change with a file, not with its time', () => {
    const before = fingerprintContents([directory])
    utimesSync(join(directory, 'nested', 'a'), 1, 1)
    expect(fingerprintContents([directory])).toBe(before)
    writeFileSync(join(directory, 'nested', 'a'), 'two')
    expect(fingerprintContents([directory])).not.toBe(before)
  })

  it('of stats change with the time of a file', () => {
    const before = fingerprintStats([directory])
    utimesSync(join(directory, 'nested', 'a'), 1, 1)
    expect(fingerprintStats([directory])).not.toBe(before)
  })

  it('tell a missing path from one that is there', () => {
    const before = fingerprintContents([join(directory, 'late')])
    writeFileSync(join(directory, 'late'), '')
    expect(fingerprintContents([join(directory, 'late')])).not.toBe(before)
  })
})

describe('run', () => {
  it('gives the exit code and the output of a program that fails', async () => {
    const script = "console.log('out'); console.error('err'); process.exit(3)"
    const result = await run(process.execPath, ['-e', script])
    expect(result.exitCode).toBe(3)
    expect(result.output).toContain('out')
    expect(result.output).toContain('err')
  })

  it('gives 127 for a program that does not exist', async () => {
    const result = await run('backpack-no-such-program', [])
    expect(result.exitCode).toBe(127)
  })
})

describe('findProgram', () => {
  it('finds a program on PATH and nothing else', () => {
    expect(findProgram('sh')).toMatch(/\/sh$/)
    expect(findProgram('backpack-no-such-program')).toBeUndefined()
  })
})

describe('ensurePrograms', () => {
  const path = process.env['PATH']

  afterEach(() => {
    process.env['PATH'] = path
  })

  it('goes on where everything is installed', async () => {
    await expect(ensurePrograms(clusterPrograms)).resolves.toBeUndefined()
  })

  it('names each missing program and its packages where nothing may be installed', async () => {
    process.env['PATH'] = '/backpack-no-such-folder'
    const refused = ensurePrograms(['redis-server', ...compilerPrograms])
    const error = (await refused.catch((reason: unknown) => reason)) as SetupError
    expect([error.code, error.message]).toEqual([
      'SETUP_FAILED',
      'Missing: redis-server, g++, make, python3; there is no apt-get to install it with.',
    ])
    expect(error.advice).toContain('apt-get install --no-install-recommends redis-server g++ make python3\n')
  })
})

describe('formatDuration', () => {
  it('gives seconds below a minute, and minutes from there', () => {
    expect(formatDuration(1234)).toBe('1.2 s')
    expect(formatDuration(59_999)).toBe('1 min 0 s')
    expect(formatDuration(125_000)).toBe('2 min 5 s')
  })
})
