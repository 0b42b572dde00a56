// docs/coordinator.md, the catalogue and the source name the same codes, metrics and limits.
import { clusterErrorCatalogue } from '@backpack/cluster-model'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { answerCatalogue } from '../../src/http/answers.js'

const source = new URL('../../src/', import.meta.url)
const docs = readFileSync(new URL('../../../../docs/coordinator.md', import.meta.url), 'utf8')

const text = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(new URL(path, source), 'utf8'))
  .join('\n')

/** What only a caller of the library sees, and what is passed on with a store's own code. */
const notAnswered = new Set(['INVALID_OPTIONS'])

test('every code that is thrown here is documented with its status, and no others', () => {
  const rows = [...docs.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| [^|]+ \|[^|]*\|$/gm)]
  const documented = rows.map(([, code, status]) => [code, Number(status)])
  const thrown = new Set([...text.matchAll(/new ClusterError\(\s*'([A-Z_]+)'/g)].map(([, code]) => code!))
  const expected = [...thrown]
    .filter((code) => !notAnswered.has(code))
    .map((code) => [code, clusterErrorCatalogue[code as keyof typeof clusterErrorCatalogue].status])
  expect(documented.sort()).toEqual(expected.sort())
})

test('the coordinator’s own answers are documented with their statuses', () => {
  for (const [code, status] of Object.entries(answerCatalogue))
    expect(docs).toContain(`\`${code}\` (${status})`)
})

test('every metric is documented', () => {
  const names = [...text.matchAll(/this\.#(?:set|labelled)\(\s*'([a-z_]+)'/g)].map(([, name]) => name!)
  expect(names.length).toBeGreaterThan(15)
  for (const name of names) expect(docs).toMatch(new RegExp(`\`${name}(\\{[a-z]+\\})?\``))
})
