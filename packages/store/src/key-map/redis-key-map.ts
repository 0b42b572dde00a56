import type { KeyMap } from './key-map.js'
export declare const RedisKeyMap: new (options: object) => KeyMap
