// As much of YAML as compose.yaml uses, since no package of the workspace reads it: maps by indentation, [lists] and scalars on
// one line, anchors of maps (`key: &name`) and their merge (`<<: *name`). Anything else throws.

export type YamlValue = string | undefined | YamlValue[] | { [key: string]: YamlValue }

interface Line {
  readonly indent: number
  readonly key: string
  readonly value: string
}

const linePattern = /^(?<indent> *)(?<key>[A-Za-z_<][\w<-]*):(?: (?<value>\S.*))?$/

export function readYaml(text: string): { [key: string]: YamlValue } {
  const lines = text
    .split('\n')
    .filter((line) => !/^ *(#.*)?$/.test(line))
    .map(readLine)
  const anchors = new Map<string, { [key: string]: YamlValue }>()
  let next = 0

  const readMap = (indent: number): { [key: string]: YamlValue } => {
    const map: { [key: string]: YamlValue } = {}
    for (let line = lines[next]; line !== undefined && line.indent >= indent; line = lines[next]) {
      const { key, value } = line
      if (line.indent > indent) throw new Error(`${key}: indented too far`)
      if (Object.hasOwn(map, key)) throw new Error(`${key}: there twice`)
      next++
      if (key === '<<') Object.assign(map, anchorOf(anchors, value))
      else if (value !== '' && !value.startsWith('&')) map[key] = readScalar(value)
      else {
        const below = lines[next]
        const nested = below !== undefined && below.indent > indent ? readMap(below.indent) : undefined
        map[key] = nested
        if (value.startsWith('&') && nested !== undefined) anchors.set(value.slice(1), nested)
      }
    }
    return map
  }

  const map = readMap(0)
  if (next < lines.length) throw new Error(`${lines[next]?.key}: does not belong anywhere`)
  return map
}

function readLine(text: string): Line {
  const { indent = '', key = '', value = '' } = linePattern.exec(text)?.groups ?? {}
  if (key === '') throw new Error(`not understood: ${text}`)
  return { indent: indent.length, key, value }
}

function readScalar(value: string): YamlValue {
  if (/^[{|>*!'"@`%]/.test(value) || value.includes(' #') || value.includes(': ')) {
    throw new Error(`not understood: ${value}`)
  }
  if (!value.startsWith('[')) return value
  if (!/^\[[^[\]{}'"]*\]$/.test(value)) throw new Error(`not understood: ${value}`)
  return value.slice(1, -1).split(', ')
}

function anchorOf(anchors: ReadonlyMap<string, { [key: string]: YamlValue }>, value: string) {
  const anchor = anchors.get(value.replace(/^\*/, ''))
  if (anchor === undefined) throw new Error(`${value}: no such anchor`)
  return anchor
}
