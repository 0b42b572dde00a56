// What scripts give, checked: lists of strings and numbers, however the connection writes them.
import { z } from 'zod'

const listSchema = z.array(z.unknown())
const textsSchema = z.array(z.union([z.string(), z.number().transform(String)]))

/** A list of whatever. */
export function asList(reply: unknown): unknown[] {
  return listSchema.parse(reply)
}

export function asTexts(reply: unknown): string[] {
  return textsSchema.parse(reply)
}

/** A flat list cut into rows. */
export function asRows(reply: unknown, fields: number): string[][] {
  const texts = asTexts(reply)
  const rows: string[][] = []
  for (let at = 0; at < texts.length; at += fields) rows.push(texts.slice(at, at + fields))
  return rows
}

export function asNumber(reply: unknown): number {
  return z.coerce.number().parse(reply)
}
