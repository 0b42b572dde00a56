import fs from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { HeldDescriptors } from '../../src/tree/held-descriptors.js'

/** A link that is lost and made anew, a thousand times. */
test('the number of a lost socket is taken each time, and no more numbers with every loss', () => {
  const descriptors = new HeldDescriptors()
  onTestFinished(() => descriptors.release())
  let socket = fs.openSync('/dev/null', 'r')
  onTestFinished(() => fs.closeSync(socket))
  const most = socket + 10
  for (let losses = 0; losses < 1_000; losses++) {
    descriptors.note()
    fs.closeSync(socket)
    descriptors.hold()
    const lost = socket
    socket = fs.openSync('/dev/null', 'r')
    expect(socket).not.toBe(lost)
    expect(socket).toBeLessThan(most)
  }
})
