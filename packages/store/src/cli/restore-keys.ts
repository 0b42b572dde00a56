// Puts names back into a key map that lost some of them while its position says that it is complete.
import { CliError } from '@backpack/command-line'
import { DirectoryLock } from '../disk/directory-lock.js'
import { nodeDiskFiles } from '../disk/disk-files.js'
import type { IndexRecord } from '../index/index-format.js'
import { createKeyMap } from '../key-map/create-key-map.js'
import type { KeyMap, LocationSource } from '../key-map/key-map.js'
import { LocationIndex } from '../key-map/location-index.js'
import { compareRank } from '../needle/blob-version.js'
import { resolveOptions, type StoreOptions } from '../options.js'
import { readIdentity, recoverVolumes, volumesDirectory } from '../recovery/open-directory.js'
import { VolumeSet } from '../volume/volume-set.js'
import { noteLog } from './open-store.js'

const pageRecords = 1024

interface Newest {
  readonly volumeId: number
  readonly record: IndexRecord
}

interface RestoreOptions {
  readonly keyMap: NonNullable<StoreOptions['keyMap']>
  readonly volumeId: number
  readonly signal: AbortSignal
  readonly onRestore: (name: string) => void
}

/**
 * Looks every name of a volume up in the key map and publishes those that are missing, each with its newest needle
 * wherever that stands, so that nothing comes back that was overwritten or deleted since. Gives their number. Throws
 * DIRECTORY_LOCKED while a daemon runs, FORMAT_UNKNOWN, KEY_MAP_AWAY, KEY_MAP_REFUSED.
 */
export async function restoreKeys(path: string, restore: RestoreOptions): Promise<number> {
  const options = resolveOptions({ path, keyMap: restore.keyMap, log: noteLog })
  const { files, log } = options
  const identity = await readIdentity(path, { files, writable: false, log })
  const lock = DirectoryLock.take(path)
  try {
    const { storeId } = identity
    const directory = volumesDirectory(path)
    const volumes = new VolumeSet({ files, directory, storeId, volumeBytesMax: options.volumeBytesMax })
    volumes.adopt((await recoverVolumes(path, { files: nodeDiskFiles, writable: true, log })).volumes)
    try {
      const source = new LocationIndex(volumes)
      const keyMap = await createKeyMap({ options, identity, source })
      try {
        return await restoreMissing(keyMap, source, restore)
      } finally {
        await keyMap.close()
      }
    } finally {
      await volumes.close()
    }
  } finally {
    lock.release()
  }
}

async function restoreMissing(
  keyMap: KeyMap,
  source: LocationSource,
  { volumeId, signal, onRestore }: RestoreOptions,
): Promise<number> {
  const toBytes = source.ends().get(volumeId)
  if (toBytes === undefined) throw new CliError(`There is no volume ${volumeId}.`)
  const missing = new Map<string, Newest | undefined>()
  for await (const page of source.pages({ volumeId, fromBytes: 0, toBytes }, pageRecords)) {
    signal.throwIfAborted()
    for (const { name } of page) {
      if ((await keyMap.find(name)) === undefined) missing.set(name.toString('utf8'), undefined)
    }
  }
  if (missing.size === 0) return 0
  await findNewest(missing, source)
  for (const [name, newest] of [...missing].reverse()) {
    signal.throwIfAborted()
    if (newest === undefined) continue
    onRestore(name)
    await publish(keyMap, source, newest)
  }
  return missing.size
}

async function findNewest(missing: Map<string, Newest | undefined>, source: LocationSource): Promise<void> {
  await source.forEach((cursor) => {
    const name = cursor.bytes.toString('utf8', cursor.nameStart, cursor.nameEnd)
    if (!missing.has(name)) return
    const present = missing.get(name)
    const record = cursor.record()
    if (present !== undefined && compareRank(record, present.record) <= 0) return
    missing.set(name, { volumeId: cursor.volumeId, record })
  })
}

async function publish(keyMap: KeyMap, source: LocationSource, { volumeId, record }: Newest): Promise<void> {
  const { name, version, offsetBytes, lengthBytes, tombstone } = record
  const entry = { volumeId, offsetBytes, lengthBytes, tombstone }
  const endBytes = source.ends().get(volumeId) ?? 0
  await keyMap.publish([{ name, entry, version, replaces: undefined }], { volumeId, endBytes })
}
