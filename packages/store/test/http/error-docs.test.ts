// docs/errors.md, the catalogues and the source name the same codes.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorCatalogue } from '../../src/errors.js'
import { answerCatalogue } from '../../src/http/answer-codes.js'

const source = new URL('../../src/', import.meta.url)
/** What is wrong with a request is said by the rules that all listeners share. */
const rules = new URL('../../../http-rules/src/', import.meta.url)
const docs = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8')

/** Code → status of the table below a heading. */
function tableBelow(heading: string): Record<string, number> {
  const [, section = ''] = docs.split(`## ${heading}\n`)
  const rows = section.split('\n## ')[0]!.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| [^|]+ \|[^|]*\|$/gm)
  const listed = [...rows].map(([, code, status]) => [code!, Number(status)] as const)
  expect(listed.length, 'every code is listed once').toBe(new Set(listed.map(([code]) => code)).size)
  return Object.fromEntries(listed)
}

test('the store’s errors are documented with their statuses, and no others', () => {
  const catalogue = Object.entries(errorCatalogue).map(([code, { status }]) => [code, status])
  expect(tableBelow('Of the store')).toEqual(Object.fromEntries(catalogue))
})

test('the daemon’s own answers are documented with their statuses, and no others', () => {
  expect(tableBelow('Of the daemon')).toEqual(answerCatalogue)
})

test('every code of the store is thrown somewhere', () => {
  const thrown = new Set<string>()
  for (const text of sources()) {
    for (const [, argument] of text.matchAll(/new StoreError\(([^,]*),/g)) {
      for (const [, code] of argument!.matchAll(/'([A-Z_]+)'/g)) thrown.add(code!)
    }
  }
  expect([...thrown].sort()).toEqual(Object.keys(errorCatalogue).sort())
})

test('every code of the daemon is answered somewhere', () => {
  const text = [...sources(), ...sources(rules)].join('\n')
  for (const code of Object.keys(answerCatalogue)) expect(text, code).toContain(`'${code}'`)
})

function* sources(folder = source): Generator<string> {
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (path.endsWith('.ts')) yield readFileSync(new URL(path, folder), 'utf8')
  }
}
