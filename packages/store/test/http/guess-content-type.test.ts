import { expect, test } from 'vitest'
import { guessContentType } from '../../src/http/guess-content-type.js'
import { runDaemon } from '../helpers/daemon.js'

const form = 'application/x-www-form-urlencoded'

test.each([
  ['cat.jpg', 'image/jpeg'],
  ['a/b/CAT.PNG', 'image/png'],
  ['cat.webp?size=large.png', 'image/webp'],
  ['notes.tar.gz', 'application/gzip'],
  ['jpg', undefined],
  ['.jpg', undefined],
  ['cat.', undefined],
  ['a.jpg/b', undefined],
  ['cat.nobody-knows', undefined],
])('the type of %s is %s', (name, type) => {
  expect(guessContentType(name)).toBe(type)
})

test.each([
  { given: undefined, name: 'cat.jpg', stored: 'image/jpeg' },
  { given: form, name: 'hello.txt', stored: 'text/plain' },
  { given: `${form.toUpperCase()}; charset=utf-8`, name: 'hello.txt', stored: 'text/plain' },
  { given: form, name: 'hello', stored: undefined },
  { given: undefined, name: 'hello', stored: undefined },
  { given: 'image/x-own', name: 'cat.jpg', stored: 'image/x-own' },
])('a PUT of $name with type $given stores the type $stored', async ({ given, name, stored }) => {
  const { url, store } = await runDaemon()
  const headers = given === undefined ? {} : { 'Content-Type': given }
  // Bytes, since fetch gives a string a type of its own.
  const { status } = await fetch(`${url}${name}`, { method: 'PUT', body: Buffer.from('x'), headers })
  expect(status).toBe(201)
  expect((await store.head(name))?.contentType).toBe(stored)
})
