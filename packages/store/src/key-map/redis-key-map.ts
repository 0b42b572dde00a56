import type { KeyMap } from './key-map.js'
export const RedisKeyMap = undefined as unknown as new (options: object) => KeyMap
