// Makes the key map that the options ask for and fills it.
import type { ResolvedOptions } from '../options.js'
import type { StoreIdentity } from '../recovery/open-directory.js'
import type { KeyMap, LocationSource } from './key-map.js'
import { NameHash } from './name-hash.js'
import { RedisKeyMap } from './redis-key-map.js'
import { TableKeyMap } from './table-key-map.js'

/** On return the map is equal to the source. Throws KEY_MAP_AWAY or KEY_MAP_REFUSED. */
export async function createKeyMap({
  options,
  identity,
  source,
}: {
  options: ResolvedOptions
  identity: StoreIdentity
  source: LocationSource
}): Promise<KeyMap> {
  const keyMap =
    options.keyMap.kind === 'redis'
      ? new RedisKeyMap({
          ...options.keyMap.redis,
          storeId: identity.hashKey,
          readOnly: options.readOnly,
          log: options.log,
        })
      : new TableKeyMap(new NameHash(Buffer.from(identity.hashKey, 'hex'), options.hashBits))
  try {
    await keyMap.load(source)
    return keyMap
  } catch (error) {
    await keyMap.close()
    throw error
  }
}
