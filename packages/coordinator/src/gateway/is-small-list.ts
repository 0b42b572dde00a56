// Looks at JSON before it is parsed: a parser makes of a few megabytes of brackets some hundred megabytes of objects, and
// stops everything else meanwhile. Pure.

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const openingBrace = 0x7b
const openingBracket = 0x5b

/** Whether it is no more than one object with one list of so many parts: what else is wrong is for the parser to find. */
export function isSmallList(json: Uint8Array, partsMax: number): boolean {
  let isInString = false
  let commas = 0
  let openings = 0
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (isInString) {
      if (byte === backslash) at++
      else if (byte === quote) isInString = false
    } else if (byte === quote) isInString = true
    else if (byte === comma) commas++
    else if (byte === openingBrace || byte === openingBracket) openings++
    if (commas >= partsMax || openings > 2) return false
  }
  return true
}
