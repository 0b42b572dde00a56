// A needle's length in 12 bits, rounded up by less than 1 %: 5 bits of exponent over 7 bits of mantissa, so that one
// read fetches the whole needle and hardly anything else.
const mantissaBits = 7
const mantissaSteps = 2 ** mantissaBits
const unitBytes = 8

/** The smallest class whose size is at least `lengthBytes` (1 byte .. 2 GiB). */
export function sizeClassOf(lengthBytes: number): number {
  const units = Math.ceil(lengthBytes / unitBytes)
  if (units < mantissaSteps) return units
  const exponent = 31 - Math.clz32(units) - mantissaBits
  // Rounding up may carry into the next exponent, which is what the sum below then says.
  const steps = (units + (1 << exponent) - 1) >>> exponent
  return (exponent << mantissaBits) + steps
}

/** The length in bytes that a class stands for. */
export function sizeOfClass(sizeClass: number): number {
  const exponent = (sizeClass >>> mantissaBits) - 1
  if (exponent < 0) return sizeClass * unitBytes
  return ((mantissaSteps + (sizeClass & (mantissaSteps - 1))) << exponent) * unitBytes
}
