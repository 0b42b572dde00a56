// The needles that the key map points at, from the index logs: a few hundred records at a time, so that requests in
// between wait for milliseconds only.
import { IndexCursor } from '../index/index-format.js'
import type { KeyMap } from '../key-map/key-map.js'
import type { DamagedNeedles } from '../volume/damaged-needles.js'
import type { Volume } from '../volume/volume.js'

const recordsAtOnce = 256
/** After this long the event loop gets its turn. */
const sliceMsMax = 4

export interface CurrentNeedlesParts {
  readonly keyMap: KeyMap
  readonly damaged: DamagedNeedles
  /** Throws when nobody wants the rest any more. */
  readonly throwIfStopped: () => void
}

/** Records of one block of an index log: move `cursor.at` to each of `places`. Good until the next are asked for. */
export interface CurrentNeedles {
  readonly cursor: IndexCursor
  readonly places: readonly number[]
}

/** Shows every record to `wanted`, damage left out, and yields those that it wants and that are current. */
export async function* currentNeedles(
  { keyMap, damaged, throwIfStopped }: CurrentNeedlesParts,
  volume: Volume,
  wanted: (cursor: IndexCursor) => boolean,
): AsyncGenerator<CurrentNeedles, void, undefined> {
  const cursor = new IndexCursor()
  cursor.volumeId = volume.id
  let sliceStartMs = performance.now()
  for await (const { bytes, start, count } of volume.index.blocks()) {
    cursor.bytes = bytes
    let next = start
    for (let done = 0; done < count; done += recordsAtOnce) {
      throwIfStopped()
      const candidates: number[] = []
      for (let record = done; record < Math.min(done + recordsAtOnce, count); record++) {
        cursor.at = next
        next = cursor.nameEnd
        if (!cursor.damage && wanted(cursor)) candidates.push(cursor.at)
      }
      const places = await currentOnes(candidates, { cursor, keyMap, damaged })
      if (places.length > 0) yield { cursor, places }
      if (performance.now() - sliceStartMs < sliceMsMax) continue
      await new Promise(setImmediate)
      sliceStartMs = performance.now()
    }
  }
}

/** Those whose needle the key map points at, and that were not found damaged. */
async function currentOnes(
  places: readonly number[],
  { cursor, keyMap, damaged }: { cursor: IndexCursor; keyMap: KeyMap; damaged: DamagedNeedles },
): Promise<number[]> {
  const looked = places.map((place) => {
    cursor.at = place
    return keyMap.find(cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd))
  })
  // Redis answers all of them together; the table has answered already.
  const away = looked.some((entry) => entry instanceof Promise)
  const entries = away ? await Promise.all(looked.map(async (entry) => entry)) : looked
  return places.filter((place, at) => {
    const entry = entries[at]
    if (entry === undefined || entry instanceof Promise) return false
    cursor.at = place
    if (entry.volumeId !== cursor.volumeId || entry.offsetBytes !== cursor.offsetBytes) return false
    return !damaged.has(entry)
  })
}
