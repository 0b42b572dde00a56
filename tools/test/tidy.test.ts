import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findProblems } from '../tidy/rules.mjs'

const tidyMain = join(dirname(dirname(fileURLToPath(import.meta.url))), 'tidy', 'main.mjs')

// Put together here, so that the rules do not find them in this file.
const postponed = ['TO', 'DO'].join('')
const focused = `it.${'only'}('x', () => {})\n`
const registryUrl = `https://${'registry'}.example.org/x`
const homePath = ['', 'root', 'store'].join('/')

interface Case {
  rule: string
  path: string
  text: string
  message: RegExp
}

const violations: Case[] = [
  {
    rule: 'a source file of 301 lines',
    path: 'packages/store/src/a.ts',
    text: 'a\n'.repeat(301),
    message: /301 lines/,
  },
  { rule: 'a name in camel case', path: 'packages/store/src/keyMap.ts', text: '', message: /kebab-case/ },
  {
    rule: 'a file named utils',
    path: 'packages/store/src/http/utils.ts',
    text: '',
    message: /after what it does/,
  },
  {
    rule: 'a default export',
    path: 'packages/store/src/a.ts',
    text: 'export default 1\n',
    message: /by name/,
  },
  {
    rule: 'postponed work',
    path: 'docs/a.md',
    text: `${postponed}: later\n`,
    message: new RegExp(postponed),
  },
  {
    rule: 'a focused test',
    path: 'packages/store/test/a.test.ts',
    text: focused,
    message: /hides others/,
  },
  {
    rule: 'an import of a sibling by name',
    path: 'packages/store/src/http/a.ts',
    text: "import { x } from '@backpack/coordinator'\n",
    message: /store may not import @backpack\/coordinator/,
  },
  {
    rule: 'an import of a sibling by path',
    path: 'packages/store/src/http/a.ts',
    text: "import { x } from '../../../coordinator/src/x.js'\n",
    message: /leaves the package's src/,
  },
  {
    rule: 'an import that loads a sibling lazily',
    path: 'packages/store/src/a.ts',
    text: "const x = await import('../../coordinator/src/x.js')\n",
    message: /leaves the package's src/,
  },
  { rule: 'a registry address', path: 'docs/a.md', text: `${registryUrl}\n`, message: /registry/ },
  {
    rule: 'a registry setting',
    path: '.npmrc',
    text: 'registry=https://example.org\n',
    message: /registry/,
  },
  {
    rule: 'an address in the lockfile',
    path: 'pnpm-lock.yaml',
    text: '  resolution: {tarball: https://example.org/x.tgz}\n',
    message: /lockfile/,
  },
  {
    rule: 'a path of one machine',
    path: 'tools/a.mjs',
    text: `open('${homePath}/x')\n`,
    message: /one machine/,
  },
]

const blameless: Omit<Case, 'message'>[] = [
  {
    rule: 'a source file of 300 lines',
    path: 'packages/store/src/a.ts',
    text: 'a\n'.repeat(300),
  },
  {
    rule: 'a default export in a configuration',
    path: 'packages/store/tsup.config.ts',
    text: 'export default {}\n',
  },
  {
    rule: 'imports that stay inside the package',
    path: 'packages/store/src/http/a.ts',
    text: "import { x } from '../needle/x.js'\n",
  },
  {
    rule: 'an allowed sibling',
    path: 'packages/replicator/src/a.ts',
    text: "import { x } from '@backpack/cluster-model'\n",
  },
  {
    rule: 'an address on the web whose path looks local',
    path: 'docs/a.md',
    text: `https://example.org${homePath}/x\n`,
  },
]

describe('findProblems', () => {
  it.each(violations)('reports $rule', ({ path, text, message }) => {
    const problems = findProblems({ path, text })
    expect(problems).toHaveLength(1)
    expect(problems[0]?.message).toMatch(message)
  })

  it.each(blameless)('lets pass $rule', ({ path, text }) => {
    expect(findProblems({ path, text })).toEqual([])
  })

  it('gives the line of the violation', () => {
    const [problem] = findProblems({ path: 'docs/a.md', text: `one\ntwo ${postponed}\n` })
    expect(problem?.line).toBe(2)
  })
})

describe('the tidy command', () => {
  let directory: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'backpack-tidy-'))
    execFileSync('git', ['init', '--quiet'], { cwd: directory })
    writeFileSync(join(directory, '.gitignore'), 'ignored/\n')
    plant('packages/store/src/clean-file.ts', 'export const clean = true\n')
  })

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true })
  })

  it('exits 0 when no file breaks a rule', () => {
    const { status, stdout } = runTidy()
    expect(stdout).toBe('2 files, 0 problems\n')
    expect(status).toBe(0)
  })

  it('exits 1 and names the place when a file that is not committed yet breaks a rule', () => {
    plant('packages/store/src/planted.ts', `// ${postponed} later\n`)
    const { status, stdout } = runTidy()
    expect(stdout).toContain(`packages/store/src/planted.ts:1 ${postponed}`)
    expect(status).toBe(1)
  })

  it('leaves ignored, binary and deleted files alone', () => {
    plant('ignored/a.ts', postponed)
    plant('packages/store/test/golden/a.volume', `\0${postponed}`)
    plant('docs/deleted.md', postponed)
    execFileSync('git', ['add', 'docs'], { cwd: directory })
    rmSync(join(directory, 'docs'), { recursive: true })
    expect(runTidy().status).toBe(0)
  })

  function plant(path: string, text: string): void {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }

  function runTidy(): { status: number | null; stdout: string } {
    return spawnSync(process.execPath, [tidyMain, directory], { encoding: 'utf8' })
  }
})
