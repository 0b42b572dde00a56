import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { namedType, sniffedType } from '../../../src/gateway/read/content-type.js'

const suffixes = [
  { suffix: 'thumb.jpg', type: 'image/x-thumb' },
  { suffix: 'flv', type: 'video/x-flv' },
  { suffix: 'jpg', type: 'image/x-configured' },
]

describe('the type of a name', () => {
  it('is the configured one before all others, the longest suffix first', () => {
    expect(namedType('a.thumb.jpg', 'image/png', suffixes)).toBe('image/x-thumb')
    expect(namedType('a.jpg', 'image/png', suffixes)).toBe('image/x-configured')
    expect(namedType('film/flv', undefined, suffixes)).toBe('video/x-flv')
  })
  it('is the stored one before that of the extension', () => {
    expect(namedType('a.gif', 'image/png', suffixes)).toBe('image/png')
  })
  it('is that of the extension when the stored one says nothing', () => {
    expect(namedType('a.gif', 'application/octet-stream', suffixes)).toBe('image/gif')
    expect(namedType('a.gif', undefined, suffixes)).toBe('image/gif')
  })
  it('is open when nothing says it', () => {
    expect(namedType('a', 'application/octet-stream', suffixes)).toBeUndefined()
    expect(namedType('a.gif/b', undefined, suffixes)).toBeUndefined()
    expect(namedType('a.bin', undefined, suffixes)).toBeUndefined()
    expect(namedType('a.unheard-of', undefined, suffixes)).toBeUndefined()
  })
})

const text = (value: string) => Buffer.from(value)
const png = Buffer.concat([
  Buffer.from('89504e470d0a1a0a0000000d494844520000000100000001080600000', 'hex'),
  Buffer.alloc(8),
  deflateSync(Buffer.alloc(5)),
])

describe('the first bytes', () => {
  it.each([
    ['image/jpeg', Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex')],
    ['image/gif', text('GIF89a\u0001\u0000\u0001\u0000')],
    ['image/webp', text('RIFF\u0010\u0000\u0000\u0000WEBPVP8 ')],
    [
      'video/mp4',
      Buffer.concat([Buffer.from([0, 0, 0, 24]), text('ftypisom\u0000\u0000\u0002\u0000isomiso2')]),
    ],
    ['application/pdf', text('%PDF-1.7\n%')],
    ['audio/mpeg', Buffer.concat([Buffer.from('fffb9064', 'hex'), Buffer.alloc(400)])],
  ])('say %s', async (type, bytes) => {
    expect(await sniffedType(bytes)).toBe(type)
  })
  it('of a png cut short still say what it is', async () => {
    expect(await sniffedType(png)).toBe('image/png')
  })
  it.each([
    ['markup', text('<!doctype html><script>alert(1)</script>')],
    ['XML', text('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script/></html>')],
    ['SVG', text('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')],
    ['a script', text('#!/bin/sh\necho')],
    ['a module', Buffer.from('0061736d01000000', 'hex')],
    ['a program', Buffer.concat([text('MZ'), Buffer.alloc(100)])],
    ['Flash', text('FWS\u0009')],
    ['text', text('hello, world')],
    ['nothing', Buffer.alloc(0)],
  ])('never say %s', async (_title, bytes) => {
    expect(await sniffedType(bytes)).toBe('application/octet-stream')
  })
})
