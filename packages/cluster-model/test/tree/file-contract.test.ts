import { describe } from 'vitest'
import { useTreeHome } from '../tree-homes.js'
import { describeClosing, describeEphemerals } from './lifetime-contract.js'
import { describeNodes, describeRaces } from './tree-contract.js'
import { describeTurns, describeWatches } from './watch-contract.js'

describe('FileTree keeps the contract', () => {
  const home = useTreeHome('file')
  describeNodes(home)
  describeRaces(home)
  describeEphemerals(home)
  describeWatches(home)
  describeClosing(home)
  describeTurns(home)
})
