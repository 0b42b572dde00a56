// Reads a configuration and the files it names, so that what is accepted can be used: YAML, of which JSON is a part.
import { readRegularFile, readSecret, reasonOfUnread } from '@backpack/signing'
import { dirname } from 'node:path'
import { Lexer, LineCounter, parseDocument } from 'yaml'
import { readCertificate } from './certificate-files.js'
import { configError, type GatewayConfig, parseGatewayConfig } from './gateway-config.js'

export interface ReadConfig {
  readonly config: GatewayConfig
  /** Names that are known and mean nothing here. */
  readonly inert: readonly string[]
}

export const configBytesMax = 1024 * 1024
const depthMax = 20
const aliasesMax = 100
const tooDeep = `the configuration has more than ${depthMax} levels`
/** Stands before each scalar that the lexer finds: what follows is no bracket, whatever it looks like. */
const scalarMark = '\x1f'

/** The text of the file. Throws INVALID_OPTIONS: it cannot be read, is no regular file, or is above 1 MiB. */
export async function readConfigText(file: string): Promise<string> {
  try {
    return (await readRegularFile(file, { bytesMax: configBytesMax })).toString('utf8')
  } catch (cause) {
    throw configError([`${file} cannot be read: ${reasonOfUnread(cause)}`], cause)
  }
}

/** What the text says, unchecked. Throws INVALID_OPTIONS with the place of what is no YAML; the message shows no text. */
export function parseConfigText(text: string): unknown {
  if (bracketDepth(text) > depthMax) throw configError([tooDeep])
  const lines = new LineCounter()
  let value: unknown
  try {
    const document = parseDocument(text, { prettyErrors: false, lineCounter: lines })
    const [problem] = [...document.errors, ...document.warnings]
    if (problem !== undefined) {
      const { line, col } = lines.linePos(problem.pos[0])
      throw configError([`line ${line}, column ${col}: this is neither YAML nor JSON (${problem.code})`])
    }
    value = document.toJS({ maxAliasCount: aliasesMax })
  } catch (error) {
    if (error instanceof Error && 'details' in error) throw error
    // Aliases without an anchor, or too many; nested too deeply for the parser.
    throw configError(['this is neither YAML nor JSON'], error)
  }
  if (!isShallow(value, depthMax)) throw configError([tooDeep])
  return value
}

/** Checks a configuration and reads the token and the certificate it names. Throws INVALID_OPTIONS with every problem. */
export async function readConfig(value: unknown, folder: string): Promise<ReadConfig> {
  const { config, inert } = parseGatewayConfig(value, folder)
  const { redirectTokenFile, httpsAddress, certFile, keyFile } = config
  const problems: string[] = []
  let { redirectToken } = config
  if (redirectTokenFile !== undefined) {
    try {
      redirectToken = await readSecret({
        file: redirectTokenFile,
        environment: undefined,
        noun: 'redirect token',
      })
    } catch (error) {
      problems.push(`proxy.redirect-token-file: ${(error as Error).message}`)
    }
  }
  if (httpsAddress !== undefined && certFile !== undefined && keyFile !== undefined) {
    try {
      await readCertificate({ certFile, keyFile })
    } catch (error) {
      problems.push(`proxy.cert_file: ${(error as Error).message}`)
    }
  }
  if (problems.length > 0) throw configError(problems)
  return { config: Object.freeze({ ...config, redirectToken }), inert }
}

/** As readConfig() of what stands in the file; the text is for telling whether it changed. */
export async function readConfigFile(file: string): Promise<ReadConfig & { readonly text: string }> {
  const text = await readConfigText(file)
  return { ...(await readConfig(parseConfigText(text), dirname(file))), text }
}

/** Found without recursion: the parser's memory grows out of bounds with thousands of brackets that never close. */
function bracketDepth(text: string): number {
  let depth = 0
  let deepest = 0
  let before = ''
  for (const lexeme of new Lexer().lex(text)) {
    if (before !== scalarMark && (lexeme === '[' || lexeme === '{')) deepest = Math.max(deepest, ++depth)
    else if (before !== scalarMark && (lexeme === ']' || lexeme === '}')) depth--
    before = lexeme
  }
  return deepest
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((each) => isShallow(each, levels - 1))
}
