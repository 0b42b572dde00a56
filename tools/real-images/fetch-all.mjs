// @ts-check
// Every image over HTTP, compared with its file.

import { readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { join, relative } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { once } from 'node:events'
import { SetupError } from '../setup/setup-error.mjs'

const connections = 32
const differencesShownMax = 20

/**
 * @typedef {object} ImageFile
 * @property {string} path
 * @property {string} name the blob's
 * @property {number} sizeBytes
 *
 * @param {string} folder
 * @param {string} prefix of the names
 * @returns {ImageFile[]} what `backpack import` stores of a folder: regular files with at least one byte
 */
export function listFiles(folder, prefix) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return { path, name: prefix + relative(folder, path), sizeBytes: statSync(path).size }
    })
    .filter(({ sizeBytes }) => sizeBytes > 0)
}

/**
 * Throws SetupError with the names of those that differ.
 *
 * @param {string} url ends with a slash
 * @param {readonly ImageFile[]} files
 */
export async function fetchAll(url, files) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections })
  /** @type {string[]} */
  const differences = []
  const queue = files.values()
  const work = async () => {
    for (const file of queue) {
      const difference = await compare(url, file, agent)
      if (difference !== undefined) differences.push(`${file.name}: ${difference}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: connections }, work))
  } finally {
    agent.destroy()
  }
  if (differences.length === 0) return
  const shown = differences.slice(0, differencesShownMax).join('\n')
  throw new SetupError(
    `${differences.length} of ${files.length} images did not come back as they were.`,
    shown,
  )
}

/**
 * @param {string} url
 * @param {ImageFile} file
 * @param {http.Agent} agent
 */
async function compare(url, { path, name }, agent) {
  const target = url + name.split('/').map(encodeURIComponent).join('/')
  const [wanted, [response]] = await Promise.all([
    readFile(path),
    once(http.get(target, { agent }), 'response'),
  ])
  const got = await buffer(response)
  if (response.statusCode !== 200) return `status ${response.statusCode}`
  const type = name.endsWith('.png') ? 'image/png' : 'image/jpeg'
  if (response.headers['content-type'] !== type) return `type ${response.headers['content-type']}`
  return got.equals(wanted) ? undefined : `${got.length} bytes that are not the ${wanted.length} of the file`
}
