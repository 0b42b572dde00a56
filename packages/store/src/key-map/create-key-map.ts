// Makes the key map that the options ask for and fills it.
import type { ResolvedOptions } from '../options.js'
import type { StoreIdentity } from '../recovery/open-directory.js'
import type { KeyMap, LocationSource } from './key-map.js'
import { NameHash } from './name-hash.js'
import { TableKeyMap } from './table-key-map.js'

/** On return the map is equal to the source. Throws KEY_MAP_AWAY, KEY_MAP_REFUSED or INVALID_OPTIONS. */
export async function createKeyMap({
  options,
  identity,
  source,
}: {
  options: ResolvedOptions
  identity: StoreIdentity
  source: LocationSource
}): Promise<KeyMap> {
  const keyMap = await makeKeyMap(options, identity.hashKey)
  try {
    await keyMap.load(source)
    return keyMap
  } catch (error) {
    await keyMap.close()
    throw error
  }
}

/** The client of Redis is only loaded where it is used. */
async function makeKeyMap(
  { keyMap, readOnly, log, hashBits }: ResolvedOptions,
  hashKey: string,
): Promise<KeyMap> {
  if (keyMap.kind === 'table') return new TableKeyMap(new NameHash(Buffer.from(hashKey, 'hex'), hashBits))
  const options = { ...keyMap.redis, storeId: hashKey, log }
  if (readOnly) return new (await import('./redis-reader.js')).RedisReader(options)
  return new (await import('./redis-key-map.js')).RedisKeyMap(options)
}
