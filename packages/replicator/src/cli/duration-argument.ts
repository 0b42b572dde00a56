import { z } from 'zod'

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const pattern = /^(\d{1,6}(?:\.\d+)?)(s|m|h|d)$/
const message = 'must be a duration such as 30m, 6h or 1d'

/** In ms; `0` or `never` for 0. */
export const durationArgument = z.string().transform((text, context): number => {
  if (text === '0' || text === 'never') return 0
  const [, number, unit = ''] = pattern.exec(text) ?? []
  const milliseconds = Math.round(Number(number) * (unitsMs[unit] ?? Number.NaN))
  if (milliseconds > 0) return milliseconds
  context.issues.push({ code: 'custom', message, input: text })
  return z.NEVER
})
