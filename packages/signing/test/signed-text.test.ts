// The text and the signature of Backrunner, with its own vector.
import { expect, it } from 'vitest'
import { formEncode, isSignatureOf, Secret, signedText, signText } from '../src/index.js'

const key = new Secret('s3cret')
const text = 'POST\n/upload/photos/a b.jpg?expires=1700000000&user=mary\nx-ell-ttl:60\n'
const signature =
  '4b6dd2aea8276249dfe1709b83640b33533a80a7a5edc1cb6fe74e960e30260fba09dcc2ef68c592d6cd50bf71abe1ca9339ccc7a465c8992f3e20861d193c69'

it('signs the vector of the original, with the parameters and headers in any order', () => {
  const made = signedText({
    method: 'POST',
    path: '/upload/photos/a b.jpg',
    query: [
      ['user', 'mary'],
      ['empty', ''],
      ['expires', '1700000000'],
      ['user', 'eve'],
      ['signature', 'abc'],
    ],
    headers: [
      ['Host', 'example.com'],
      ['X-Ell-TTL', '60'],
      ['x-ell-ttl', '61'],
    ],
  })
  expect(made).toBe(text)
  expect(signText(key, made)).toBe(signature)
  expect(isSignatureOf(key, made, signature)).toBe(true)
  expect(isSignatureOf(key, made, signature.toUpperCase())).toBe(true)
})

it('has no question mark without a query, and keeps it when every value was empty', () => {
  expect(signedText({ method: 'GET', path: '/get/1/a' })).toBe('GET\n/get/1/a\n')
  expect(signedText({ method: 'GET', path: '/get/1/a', query: [['x', '']] })).toBe('GET\n/get/1/a?\n')
})

it('refuses a signature that differs in any digit, is short, long, or no hex', () => {
  for (let at = 0; at < signature.length; at++) {
    const digit = signature[at] === '0' ? '1' : '0'
    expect(isSignatureOf(key, text, signature.slice(0, at) + digit + signature.slice(at + 1))).toBe(false)
  }
  for (const wrong of ['', signature.slice(1), `${signature}0`, 'g'.repeat(128), 'é'.repeat(128)]) {
    expect(isSignatureOf(key, text, wrong)).toBe(false)
  }
  expect(isSignatureOf(new Secret('s3creT'), text, signature)).toBe(false)
})

it('encodes as Go does', () => {
  expect(formEncode("a b~c*d!e'f(g)h/i+j=k&l%é-_.")).toBe(
    'a+b~c%2Ad%21e%27f%28g%29h%2Fi%2Bj%3Dk%26l%25%C3%A9-_.',
  )
})
