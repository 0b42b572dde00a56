// Chromium, as Debian has it, on signed links: what it shows, and what a page of another origin uploads.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workspaceFolder } from '../../src/cluster/workspace-programs.js'
import { until } from '../../src/index.js'
import { GuardedCluster, guardedShard } from '../helpers/guarded-cluster.js'

const photoPath = join(workspaceFolder(), 'packages/store/test/fixtures/images/animals/clown_loach_01.jpg')
const photo = readFileSync(photoPath)

let guarded: GuardedCluster
let browser: Browser

beforeAll(async () => {
  guarded = await GuardedCluster.start({ headers: { 'Access-Control-Allow-Origin': '*' } })
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
})

afterAll(async () => {
  await browser?.close()
  await guarded?.close()
})

/** In a browser of its own, which remembers nothing. */
async function withPage<Result>(use: (page: Page) => Promise<Result>): Promise<Result> {
  const context = await browser.newContext()
  try {
    return await use(await context.newPage())
  } finally {
    await context.close()
  }
}

/** What a page with this image shows: its width in pixels, 0 for none, and the status it came with. */
function show(link: string): Promise<{ status: number; width: number }> {
  return withPage(async (page) => {
    const answer = page.waitForResponse(link)
    await page.setContent(`<img src="${link.replaceAll('&', '&amp;')}">`)
    const width = Number(await page.evaluate("document.querySelector('img').naturalWidth"))
    return { status: (await answer).status(), width }
  })
}

/** In a page that comes from another gateway: another origin, as every port is. */
function runElsewhere(script: string): Promise<unknown> {
  return withPage(async (page) => {
    await page.goto(`${guarded.cluster.gateway(2).url}/ping/`)
    return page.evaluate(script)
  })
}

describe('a browser', () => {
  it('shows an image by a signed link until that expires', async () => {
    const name = 'fish & chips/loach.jpg'
    const put = new URL(await guarded.link({ upload: true, name }))
    const question = { method: 'PUT', path: put.pathname + put.search, body: photo } as const
    expect((await guarded.cluster.ask(guarded.cluster.gateway(1), question)).status).toBe(200)

    const link = await guarded.link({ name, expires: '6s' })
    const shown = await show(link)
    expect(shown.status).toBe(200)
    expect(shown.width).toBeGreaterThan(0)
    await until(async () => (await show(link)).status !== 200, 'the link has expired')
    expect(await show(link)).toEqual({ status: 403, width: 0 })
    expect((await show(await guarded.link({ name }))).width).toBe(shown.width)
  })

  it('uploads from a page of another origin straight to a signed link, and reads it there', async () => {
    const name = 'from a page.jpg'
    const put = await guarded.link({ upload: true, name })
    const uploaded = await runElsewhere(`(async () => {
      const bytes = Uint8Array.from(atob(${JSON.stringify(photo.toString('base64'))}), (each) => each.charCodeAt(0))
      const body = new Blob([bytes], { type: 'image/jpeg' })
      const answer = await fetch(${JSON.stringify(put)}, { method: 'PUT', body })
      return { status: answer.status, reply: await answer.json() }
    })()`)
    expect(uploaded).toMatchObject({ status: 200, reply: { bucket: guardedShard, key: name } })

    const link = await guarded.link({ name })
    const read = await runElsewhere(`(async () => {
      const answer = await fetch(${JSON.stringify(link)})
      const bytes = new Uint8Array(await answer.arrayBuffer())
      return { type: answer.headers.get('content-type'), sizeBytes: bytes.length, refused: await (async () => {
        const refusal = await fetch(${JSON.stringify(link.replace('signature=', 'signature=0'))})
        return { status: refusal.status, said: await refusal.text() }
      })() }
    })()`)
    expect(read).toMatchObject({ type: 'image/jpeg', sizeBytes: photo.length, refused: { status: 403 } })
  })
})
