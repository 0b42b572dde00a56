// Programs that people use on a gateway's signed links: curl, wget, ffprobe, and nginx as a proxy before it.
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GuardedCluster, guardedShard } from '../helpers/guarded-cluster.js'
import { makeCertificate } from '../helpers/make-certificate.js'
import { startProxy } from '../helpers/nginx-before.js'
import { curl, runClient } from '../helpers/run-client.js'
import { SeededRandom } from '../helpers/seeded-random.js'

/** What browsers, proxies and shells like to change. */
const oddName = 'holidays/a b+c&d=e%2F?f#é.bin'
const sizeBytes = 3_000_000
const partBytes = 1_234_567

let guarded: GuardedCluster
let bytes: Buffer

beforeAll(async () => {
  guarded = await GuardedCluster.start({ headers: { 'X-From': 'the gateway' } })
  bytes = new SeededRandom(1).bytes(sizeBytes)
  writeFileSync(guarded.path('bytes'), bytes)
})

afterAll(async () => {
  await guarded.close()
})

async function upload(name: string, path = guarded.path('bytes')): Promise<void> {
  const answer = await curl(await guarded.link({ upload: true, name }), '-T', path)
  expect(answer.status, answer.printed).toBe(200)
}

describe('curl', () => {
  it('uploads, reads whole and in parts, and asks for the headers by signed links', async () => {
    const put = await guarded.link({ upload: true, name: oddName })
    const uploaded = await curl(put, '-T', guarded.path('bytes'))
    expect([uploaded.status, JSON.parse(uploaded.printed)]).toMatchObject([
      200,
      { bucket: guardedShard, key: oddName },
    ])

    const link = await guarded.link({ name: oddName })
    const out = guarded.path('out')
    expect((await curl(link, '-o', out)).status).toBe(200)
    expect(readFileSync(out).equals(bytes)).toBe(true)

    const head = await curl(link, '-I')
    expect(head.status).toBe(200)
    expect(head.printed.toLowerCase()).toContain(`content-length: ${sizeBytes}\r\n`)
    expect(head.printed.toLowerCase()).toContain('x-from: the gateway\r\n')

    expect((await curl(link, '-r', '1000-1999', '-o', out)).status).toBe(206)
    expect(readFileSync(out).equals(bytes.subarray(1000, 2000))).toBe(true)
    expect((await curl(link, '-r', '-10', '-o', out)).status).toBe(206)
    expect(readFileSync(out).equals(bytes.subarray(-10))).toBe(true)
    expect((await curl(link, '-r', `${sizeBytes}-`)).status).toBe(416)
  })

  it('gets several ranges as parts of one answer', async () => {
    await upload('several.bin')
    const out = guarded.path('several')
    const link = await guarded.link({ name: 'several.bin' })
    expect((await curl(link, '-r', '0-99,2000000-2000099', '-o', out)).status).toBe(206)
    const parts = readFileSync(out)
    for (const from of [0, 2_000_000]) {
      expect(parts.includes(`Content-Range: bytes ${from}-${from + 99}/${sizeBytes}`)).toBe(true)
      expect(parts.includes(bytes.subarray(from, from + 100))).toBe(true)
    }
  })

  it('is refused without a signature, with another use of one and with another name', async () => {
    await upload('mine.bin')
    const link = await guarded.link({ name: 'mine.bin' })
    expect((await curl(link)).status).toBe(200)
    for (const refused of [
      await curl(link.replace(/\?.*/, '')),
      await curl(link.replace('/get/', '/upload/'), '-T', guarded.path('bytes')),
      await curl(link.replace('mine.bin', 'yours.bin')),
    ]) {
      expect([refused.status, refused.printed.includes('signature=')]).toEqual([403, false])
    }
  })
})

describe('wget', () => {
  it('downloads a file, and the rest of one that broke off', async () => {
    await upload('whole.bin')
    const link = await guarded.link({ name: 'whole.bin' })
    const out = guarded.path('whole.bin')
    await runClient('wget', ['-O', out, link])
    expect(readFileSync(out).equals(bytes)).toBe(true)

    truncateSync(out, partBytes)
    const { stderr } = await runClient('wget', ['-c', '-O', out, link])
    expect(stderr).toContain('206 Partial Content')
    expect(readFileSync(out).equals(bytes)).toBe(true)
  })
})

describe('ffprobe', () => {
  it('finds its way in an mp4 whose index stands at the end', async () => {
    const mp4 = guarded.path('film.mp4')
    const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25', '-t', '4']
    // Without -movflags +faststart ffmpeg writes the index (moov) behind the film.
    await runClient('ffmpeg', ['-loglevel', 'error', ...picture, '-c:v', 'mpeg4', '-q:v', '1', '-y', mp4])
    const film = readFileSync(mp4)
    expect(film.indexOf('moov')).toBeGreaterThan(film.length / 2)
    await upload('film.mp4', mp4)

    const link = await guarded.link({ name: 'film.mp4' })
    expect((await curl(link, '-I')).printed.toLowerCase()).toContain('content-type: video/mp4\r\n')
    const what = ['-show_entries', 'format=duration,size:stream=codec_name,width', '-of', 'json']
    const { stdout, stderr } = await runClient('ffprobe', ['-loglevel', 'trace', ...what, link])
    expect(JSON.parse(stdout)).toMatchObject({
      streams: [{ codec_name: 'mpeg4', width: 640 }],
      format: { duration: '4.000000', size: String(film.length) },
    })
    // It went there by a range, and did not read the film.
    expect(stderr).toMatch(/Range: bytes=[1-9]\d{3,}-/)
  })
})

describe('nginx before the gateway', () => {
  it('passes signed links on as they are, by HTTP and by HTTPS', async () => {
    const certificate = await makeCertificate(guarded.path(''))
    await using proxy = await startProxy(guarded.cluster.gateway(1).port, certificate)
    for (const base of [proxy.url, proxy.secureUrl]) {
      const trusting = ['--cacert', certificate.certFile]
      const put = await guarded.link({ upload: true, name: oddName, base })
      expect((await curl(put, '-T', guarded.path('bytes'), ...trusting)).status).toBe(200)
      const link = await guarded.link({ name: oddName, base })
      const out = guarded.path('through-nginx')
      expect((await curl(link, '-o', out, ...trusting)).status).toBe(200)
      expect(readFileSync(out).equals(bytes)).toBe(true)
      expect((await curl(link, '-r', '5-9', '-o', out, ...trusting)).status).toBe(206)
      expect(readFileSync(out).equals(bytes.subarray(5, 10))).toBe(true)
      expect((await curl(`${link}0`, ...trusting)).status).toBe(403)
    }
  })
})
