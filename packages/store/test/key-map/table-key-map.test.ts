import { testKeyMap } from './key-map-contract.js'

testKeyMap('table', () => Promise.resolve({ options: { kind: 'table' }, lose: () => Promise.resolve() }))
