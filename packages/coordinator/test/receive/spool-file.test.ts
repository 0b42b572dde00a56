import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { prepareSpool, SpoolFile } from '../../src/receive/spool-file.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { thrownBy } from '../helpers/thrown.js'

test('a directory is made when missing, and what a killed coordinator left in it is removed, nothing else', async () => {
  const directory = join(temporaryDirectory(), 'a/b')
  await prepareSpool(directory)
  writeFileSync(join(directory, `backpack-upload-${'0a'.repeat(12)}.spool`), 'left')
  writeFileSync(join(directory, 'backpack-upload-mine.spool'), 'kept')
  await prepareSpool(directory)
  expect(readdirSync(directory)).toEqual(['backpack-upload-mine.spool'])
})

test('a spool that is no directory, or cannot be one, is refused at the start', async () => {
  const path = join(temporaryDirectory(), 'file')
  writeFileSync(path, '')
  for (const bad of [path, join(path, 'below'), '/proc/none']) {
    expect((await thrownBy(() => prepareSpool(bad))).code).toBe('SPOOL_FAILED')
  }
})

test('what was appended is read from the beginning, as often as wanted', async () => {
  const spool = await SpoolFile.create(temporaryDirectory())
  for (const part of ['one ', 'two ', 'three']) await spool.append(Buffer.from(part))
  expect(spool.sizeBytes).toBe(13)
  for (let reads = 0; reads < 2; reads++) {
    const parts: Buffer[] = []
    for await (const part of spool.read()) parts.push(part as Buffer)
    expect(Buffer.concat(parts).toString()).toBe('one two three')
  }
  const given = spool.read()
  given.destroy()
  await once(given, 'close')
  expect((await spool.read().toArray()).length).toBe(1)
  await spool.close()
  expect((await thrownBy(() => spool.append(Buffer.from('late')))).code).toBe('SPOOL_FAILED')
})
