// What a store is made of, opened in order: lock, identity, volumes as recovery left them, key map.
import { DirectoryLock } from './disk/directory-lock.js'
import { makeDirectory } from './disk/make-directory.js'
import { createKeyMap } from './key-map/create-key-map.js'
import type { KeyMap } from './key-map/key-map.js'
import { LocationIndex } from './key-map/location-index.js'
import { type ResolvedOptions, resolveOptions, type StoreOptions } from './options.js'
import { prepareFolders, readIdentity, recoverVolumes, volumesDirectory } from './recovery/open-directory.js'
import type { RecoveryReport } from './recovery/recover-volume.js'
import { VolumeSet } from './volume/volume-set.js'

export interface StoreParts {
  readonly options: ResolvedOptions
  readonly storeId: number
  readonly lock: DirectoryLock | undefined
  readonly volumes: VolumeSet
  readonly keyMap: KeyMap
  readonly reports: readonly RecoveryReport[]
}

/** Throws as Store.open; whatever was taken until then is let go. */
export async function openParts(given: StoreOptions): Promise<StoreParts> {
  const options = resolveOptions(given)
  const { path, files, log } = options
  const writable = !options.readOnly
  if (writable) await makeDirectory(path, files)
  const lock = writable ? DirectoryLock.take(path) : undefined
  try {
    const identity = await readIdentity(path, { files, writable, log })
    if (writable) await prepareFolders(path, files)
    const { storeId } = identity
    const directory = volumesDirectory(path)
    const volumes = new VolumeSet({ files, directory, storeId, volumeBytesMax: options.volumeBytesMax })
    const recovered = await recoverVolumes(path, { files, writable, log })
    volumes.adopt(recovered.volumes)
    try {
      const keyMap = await createKeyMap({ options, identity, source: new LocationIndex(volumes) })
      return { options, storeId, lock, volumes, keyMap, reports: recovered.reports }
    } catch (error) {
      await volumes.close()
      throw error
    }
  } catch (error) {
    lock?.release()
    throw error
  }
}
