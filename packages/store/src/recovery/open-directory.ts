// Finds what is in a data directory and brings its volumes up.
//   DIR/store.json   who this store is        DIR/volumes/   NNNNNNNN.volume, .index and, after a failure, .sealed
//   DIR/incoming/    uploads under way        DIR/lock-*     the process that writes here
import { randomBytes, randomInt } from 'node:crypto'
import fs from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { DiskFiles } from '../disk/disk-files.js'
import { writeFully } from '../disk/whole-io.js'
import { StoreError } from '../errors.js'
import { hashKeyBytes } from '../key-map/name-hash.js'
import { decodeSuperblock, superblockBytes } from '../volume/superblock.js'
import type { Volume } from '../volume/volume.js'
import { indexFileName } from '../volume/volume-file.js'
import { type RecoverOptions, type RecoveryReport, recoverVolume } from './recover-volume.js'

const formatVersion = 1
const volumeFile = /^\d{8}\.volume$/

const identitySchema = z.object({
  formatVersion: z.literal(formatVersion),
  /** Goes into the low bits of the versions this store assigns. */
  storeId: z.int().min(0).max(65_535),
  hashKey: z.string().regex(/^[0-9a-f]{16}$/),
  createdAt: z.string(),
})

export type StoreIdentity = z.output<typeof identitySchema>

export function volumesDirectory(path: string): string {
  return join(path, 'volumes')
}

export function incomingDirectory(path: string): string {
  return join(path, 'incoming')
}

/** Makes the directory when it is missing and reads who it is. Throws FORMAT_UNKNOWN. */
export async function readIdentity(
  path: string,
  { files, writable }: RecoverOptions,
): Promise<StoreIdentity> {
  const identityPath = join(path, 'store.json')
  try {
    const parsed = identitySchema.safeParse(JSON.parse(await fs.readFile(identityPath, 'utf8')))
    if (parsed.success) return parsed.data
    throw new StoreError('FORMAT_UNKNOWN', `${identityPath} is not of format version ${formatVersion}`, {
      cause: parsed.error,
    })
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new StoreError('FORMAT_UNKNOWN', `${identityPath} is no JSON; remove it and it is made anew`, {
        cause: error,
      })
    }
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  if (!writable)
    throw new StoreError('FORMAT_UNKNOWN', `${path} is not a store: it has no store.json`, { path })
  return createIdentity(path, identityPath, files)
}

async function createIdentity(path: string, identityPath: string, files: DiskFiles): Promise<StoreIdentity> {
  const identity: StoreIdentity = {
    formatVersion,
    storeId: randomInt(65_536),
    hashKey: randomBytes(hashKeyBytes).toString('hex'),
    createdAt: new Date().toISOString(),
  }
  const temporary = `${identityPath}.tmp`
  await files.remove(temporary)
  const file = await files.open(temporary, 'wx+')
  await writeFully(file, [Buffer.from(`${JSON.stringify(identity, undefined, 2)}\n`)], 0)
  await file.dataSync()
  await file.close()
  await files.rename(temporary, identityPath)
  await files.syncDirectory(path)
  return identity
}

/** Makes the folders and empties `incoming/`: what is there was never acknowledged. */
export async function prepareFolders(path: string, files: DiskFiles): Promise<void> {
  await fs.mkdir(volumesDirectory(path), { recursive: true })
  await fs.mkdir(incomingDirectory(path), { recursive: true })
  for (const name of await fs.readdir(incomingDirectory(path)))
    await files.remove(join(incomingDirectory(path), name))
  await files.syncDirectory(path)
}

/** Every volume, recovered, in order of id. */
export async function recoverVolumes(
  path: string,
  options: RecoverOptions,
): Promise<{ volumes: Volume[]; reports: RecoveryReport[] }> {
  const directory = volumesDirectory(path)
  const volumes: Volume[] = []
  const reports: RecoveryReport[] = []
  const names = (await fs.readdir(directory)).filter((name) => volumeFile.test(name)).sort()
  try {
    for (const name of names) {
      if (await isUnborn(directory, name)) {
        if (options.writable) await options.files.remove(join(directory, name))
        continue
      }
      const { volume, report } = await recoverVolume(join(directory, name), options)
      volumes.push(volume)
      reports.push(report)
    }
  } catch (error) {
    for (const volume of volumes) await volume.close()
    throw error
  }
  return { volumes, reports }
}

/** A volume whose creation was cut short: no superblock, no room for a needle, no index log. */
export async function isUnborn(directory: string, name: string): Promise<boolean> {
  const path = join(directory, name)
  const { size } = await fs.stat(path)
  if (size > superblockBytes) return false
  const indexed = await fs
    .stat(join(directory, indexFileName(Number.parseInt(name, 10))))
    .catch(() => undefined)
  return indexed === undefined && decodeSuperblock(await fs.readFile(path)) === undefined
}
