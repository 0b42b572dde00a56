import { describe, expect, test } from 'vitest'
import { addressOfTarget, nameOfTarget } from '../src/blob-address.js'
import { thrownBy } from './helpers/thrown.js'

describe('the name of a target', () => {
  test.each([
    ['/cat.jpg', 'cat.jpg'],
    ['/a%20b.jpg', 'a b.jpg'],
    ['/x?w=1&h=2', 'x?w=1&h=2'],
    ['/x%3Fw', 'x?w'],
    ['/100%25', '100%'],
    ['//a//b/', '/a//b/'],
    ['/a/../b', 'a/../b'],
    ['/%F0%9F%90%88.jpg', '🐈.jpg'],
    ['/a+b', 'a+b'],
    ['/1:2:3', '1:2:3'],
  ])('%s is %s', (target, name) => {
    expect(nameOfTarget(target)).toBe(name)
  })

  test.each([
    ['/', 'NAME_INVALID'],
    ['/%FF', 'NAME_INVALID'],
    ['/%', 'NAME_INVALID'],
    ['/a%00b', 'NAME_INVALID'],
    ['/a%0Ab', 'NAME_INVALID'],
    ['http://h/x', 'NAME_INVALID'],
    [`/${'x'.repeat(1025)}`, 'NAME_TOO_LONG'],
    [`/${'%C3%A4'.repeat(513)}`, 'NAME_TOO_LONG'],
  ])('%s is refused with %s', async (target, code) => {
    expect((await thrownBy(async () => nameOfTarget(target))).code).toBe(code)
  })
})

describe('the address of a target', () => {
  test.each([
    ['/1:cat.jpg', '1', 'cat.jpg'],
    ['/1:x:y.jpg', '1', 'x:y.jpg'],
    ['/1:/a//b', '1', '/a//b'],
    ['/12::', '12', ':'],
    ['/1:x?a:b', '1', 'x?a:b'],
    ['/1%3Acat.jpg', '1', 'cat.jpg'],
  ])('%s is shard %s and %s', (target, shardId, name) => {
    expect(addressOfTarget(target)).toEqual({ shardId, name })
  })

  test.each([
    ['/cat.jpg', 'ADDRESS_INVALID'],
    ['/:cat.jpg', 'ADDRESS_INVALID'],
    ['/1:', 'NAME_INVALID'],
    ['/1:%FF', 'NAME_INVALID'],
  ])('%s is refused with %s', async (target, code) => {
    expect((await thrownBy(async () => addressOfTarget(target))).code).toBe(code)
  })
})
