// Keys that stand twice in one object of a JSON text, of which JSON.parse takes the last without a word. The yaml package
// tells them too, and takes seconds for each megabyte. Pure.

/** The string of a key with its colon, any other string, or what opens, parts and closes. */
const lexeme = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\],]/g
const toldMax = 20

/** An object or list that is open at a place in the text. */
interface Level {
  readonly isList: boolean
  readonly keys: Set<string>
  /** The key or index whose value comes. */
  at: string | number
}

/** A sentence for each, the first 20, without a full stop. The text must be valid JSON. */
export function repeatedKeys(text: string): string[] {
  const told: string[] = []
  const levels: Level[] = []
  for (const { 0: mark, 1: string, 2: colon, index } of text.matchAll(lexeme)) {
    const level = levels.at(-1)
    if (mark === '{' || mark === '[') {
      levels.push({ isList: mark === '[', keys: new Set(), at: 0 })
    } else if (mark === '}' || mark === ']') {
      levels.pop()
    } else if (level?.isList === true && mark === ',') {
      level.at = Number(level.at) + 1
    } else if (level !== undefined && string !== undefined && colon !== undefined) {
      const key = JSON.parse(string) as string
      level.at = key
      if (level.keys.has(key)) {
        const path = levels.map(({ at }) => at).join('.')
        told.push(`line ${lineOf(text, index)}: ${path} stands there twice`)
        if (told.length === toldMax) return told
      }
      level.keys.add(key)
    }
  }
  return told
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
