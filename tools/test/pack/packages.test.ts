// What npm users get: each package packed, checked, and installed from its tarball into an empty directory.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const names = ['store', 'coordinator', 'replicator'] as const
const aliases = { store: 'backpack', coordinator: 'backpack-coordinator', replicator: 'backpack-replicator' }
const privatePackages = /@backpack\/(cluster-model|command-line|tools|test-cluster)/
/** With the full counts the ZooKeeper client is compiled too, as npm does for users. */
const withOptional = process.env['BACKPACK_FAULTS_FULL'] === '1'
const installMs = 300_000

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'backpack-pack-'))
const tarballs = new Map<string, string>()

beforeAll(async () => {
  for (const name of names) {
    const args = ['pack', '--json', '--pack-destination', folder]
    const { stdout } = await run('npm', args, { cwd: join(root, 'packages', name) })
    const [packed] = JSON.parse(stdout) as { filename: string }[]
    tarballs.set(name, join(folder, packed?.filename ?? ''))
  }
}, installMs)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(names)('the tarball of @backpack/%s', (name) => {
  test('refers to no package that is not published', async () => {
    const unpacked = join(folder, `unpacked-${name}`)
    mkdirSync(unpacked)
    await run('tar', ['-xzf', tarballs.get(name) ?? '', '-C', unpacked])
    const { stdout } = await run('find', [
      unpacked,
      '-type',
      'f',
      '(',
      '-name',
      '*.js',
      '-o',
      '-name',
      '*.d.ts',
      ')',
    ])
    const files = stdout.trim().split('\n')
    expect(files.length).toBeGreaterThan(2)
    expect(files.filter((file) => privatePackages.test(readFileSync(file, 'utf8')))).toEqual([])
    const manifest = JSON.parse(readFileSync(join(unpacked, 'package', 'package.json'), 'utf8')) as Manifest
    expect(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })).not.toContainEqual(
      expect.stringMatching(privatePackages),
    )
  })

  test('passes publint and arethetypeswrong', async () => {
    const bin = (tool: string) => join(root, 'node_modules', '.bin', tool)
    const publint = await run(bin('publint'), [tarballs.get(name) ?? '', '--strict'])
    expect(publint.stdout).toContain('All good')
    const types = await run(bin('attw'), [tarballs.get(name) ?? '', '--profile', 'esm-only', '--no-emoji'])
    // It exits with 1, which rejects, when an ESM or bundled project would have a problem.
    expect(types.stdout).toContain('OK (ESM)')
  })
})

describe('installed into an empty directory', () => {
  const project = join(folder, 'project')
  const bin = (name: string) => join(project, 'node_modules', '.bin', name)

  beforeAll(async () => {
    mkdirSync(project)
    const spellings = names.flatMap((name) => [
      [`@backpack/${name}`, `file:${tarballs.get(name)}`],
      [aliases[name], `file:${tarballs.get(name)}`],
    ])
    const manifest = {
      name: 'project',
      private: true,
      type: 'module',
      dependencies: Object.fromEntries(spellings) as Record<string, string>,
    }
    writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
    const omit = withOptional ? [] : ['--omit=optional']
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...omit], { cwd: project })
  }, installMs)

  test('every command of the three packages prints its usage', async () => {
    for (const name of names) {
      const manifest = JSON.parse(
        readFileSync(join(project, 'node_modules', aliases[name], 'package.json'), 'utf8'),
      ) as Manifest
      for (const command of Object.keys(manifest.bin)) {
        const { stdout } = await run(bin(command), ['--help'], { cwd: project })
        expect(stdout, command).toContain(command)
      }
    }
  })

  test('both spellings can be imported, and hold the same', async () => {
    const script = names
      .map(
        (name) =>
          `const a_${name} = await import('@backpack/${name}'); const b_${name} = await import('${aliases[name]}');\n` +
          `console.log(Object.keys(a_${name}).join() === Object.keys(b_${name}).join() && Object.keys(a_${name}).length > 0)`,
      )
      .join('\n')
    writeFileSync(join(project, 'both.mjs'), script)
    const { stdout } = await run(process.execPath, ['both.mjs'], { cwd: project })
    expect(stdout.trim().split('\n')).toEqual(['true', 'true', 'true'])
  })

  test('the types compile in a strict project', async () => {
    const typesFolder = join(project, 'node_modules', '@types')
    mkdirSync(typesFolder, { recursive: true })
    symlinkSync(join(root, 'node_modules', '@types', 'node'), join(typesFolder, 'node'))
    writeFileSync(join(project, 'consumer.ts'), consumer)
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--skipLibCheck']
    const tsc = join(root, 'node_modules', '.bin', 'tsc')
    const { stdout } = await run(tsc, [...options, '--types', 'node', 'consumer.ts'], { cwd: project })
    expect(stdout).toBe('')
  })
})

interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** Uses what the READMEs show; a type that became `any` makes the last lines fail. */
const consumer = `
import { Coordinator } from '@backpack/coordinator'
import { Replicator } from 'backpack-replicator'
import { Store } from 'backpack'

export async function main(): Promise<string> {
  const coordinator = await Coordinator.open({ cluster: { file: './cluster.json' }, queue: { directory: './queue' } })
  const replicator = await Replicator.open({ cluster: coordinator.tree, queue: coordinator.queue })
  const { shardId } = await coordinator.put('cat.jpg', Buffer.from('cat'))
  // @ts-expect-error a shard's id is a string
  const wrong: number = shardId
  // @ts-expect-error there is no such option
  await Store.open({ path: 'x', durabilty: 'os' })
  await replicator.close()
  await coordinator.close()
  return shardId + String(wrong)
}
`
