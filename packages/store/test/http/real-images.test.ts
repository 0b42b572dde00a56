import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { DirectorySource } from '../../src/import/directory-source.js'
import { HttpTarget } from '../../src/import/http-target.js'
import { lanes, runDaemon } from '../helpers/daemon.js'
import { runToEnd } from '../import/run.js'

const folder = fileURLToPath(new URL('../fixtures/images', import.meta.url))
const rounds = 3

function imagePaths(): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort()
}

test.each(lanes)(
  'real images are imported and served byte by byte, hot and cold, by the $lane',
  async ({ fastLane }) => {
    const { url, store } = await runDaemon({ fastLane })
    const target = new HttpTarget(new URL(url), { connectionsMax: 4 })
    const { summary } = await runToEnd(new DirectorySource(folder), target, { verify: true })
    await target.close()
    const paths = imagePaths()
    expect(paths.filter((path) => /\.(png|jpg)$/.test(path))).toHaveLength(7)
    expect(summary).toMatchObject({ counts: { imported: paths.length, failed: 0 }, mismatched: 0 })
    for (let round = 0; round < rounds; round++) {
      await Promise.all(paths.map((path) => compare(url, path)))
    }
    const names: string[] = []
    for await (const { info } of store.scan()) names.push(info.name)
    expect(names.sort()).toEqual(paths)
  },
)

const types: Record<string, string> = { png: 'image/png', jpg: 'image/jpeg', md: 'text/markdown' }

async function compare(url: string, path: string): Promise<void> {
  const response = await fetch(url + path)
  expect([path, response.status]).toEqual([path, 200])
  expect(response.headers.get('content-type')).toBe(types[path.split('.').at(-1) ?? ''])
  expect(Buffer.from(await response.arrayBuffer()).equals(readFileSync(join(folder, path)))).toBe(true)
}
