// A request target as it may be shown in a log or a statistic.

/** A signature may still be valid: whoever reads the statistics must not be able to use it. */
export function withoutSignature(target: string): string {
  const mark = target.indexOf('?')
  if (mark < 0) return target
  const parameters = target
    .slice(mark + 1)
    .split('&')
    .map((parameter) => {
      const equals = parameter.indexOf('=')
      const name = equals < 0 ? parameter : parameter.slice(0, equals)
      return decodedName(name).toLowerCase() === 'signature' ? `${name}=` : parameter
    })
  return `${target.slice(0, mark)}?${parameters.join('&')}`
}

/** As URLSearchParams reads it, which is how the signature is found in a request. */
function decodedName(name: string): string {
  const [decoded] = [...new URLSearchParams(name).keys()]
  return decoded ?? ''
}
