import { expect, test } from 'vitest'
import { backpack, runCli, useBuiltCli } from './built-cli.js'

useBuiltCli()

const commands = ['serve', 'upload', 'get', 'list', 'info', 'volumes', 'dump-index', 'rebuild']
const siblings = {
  'backpack-add': '<path> [redis host] [redis port]',
  'backpack-upload': '<host> <port> </path/to/file> <upload path>',
  'backpack-list': '<path> [redis host] [redis port]',
  'backpack-dump-log': '<data file>',
  'backpack-get-file-info': '<path> <name> [redis host] [redis port]',
  'backpack-restore-from-log': '<path> <data file id> [redis host] [redis port]',
}

test('without arguments backpack prints its usage and exits 1', async () => {
  const { code, stderr, stdout } = await backpack([])
  expect(code).toBe(1)
  expect(stdout).toBe('')
  for (const command of commands) expect(stderr).toContain(`backpack ${command} `)
})

test('--help names every command, has examples, the 2013 form and the exit codes', async () => {
  const { code, stdout } = await backpack(['--help'])
  expect(code).toBe(0)
  for (const command of commands) expect(stdout).toContain(`backpack ${command} `)
  expect(stdout).toMatch(/Examples:\n {2}backpack serve/)
  expect(stdout).toContain('backpack <path> <listen host> <listen port> [redis host] [redis port]')
  expect(stdout).toContain('Exit codes: 0 done')
})

test('the help of serve says what refusing reads needs', async () => {
  const { stdout } = await backpack(['serve', '--help'])
  expect(stdout.replace(/\s+/g, ' ')).toContain('links; needs a cluster secret or a redirect token')
})

test('the help of every command has an example', async () => {
  const helps = await Promise.all(commands.map((command) => backpack([command, '--help'])))
  for (const [at, { code, stdout }] of helps.entries()) {
    expect(stdout).toMatch(new RegExp(`Examples:\\n(.|\\n)*backpack ${commands[at]}`))
    expect(code).toBe(0)
  }
})

test('--version prints the version of the package', async () => {
  expect((await backpack(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test.each([
  { args: ['frobnicate'], says: /There is no command frobnicate\.\nSee: backpack --help/ },
  { args: ['serv', 'x'], says: /Did you mean serve\?/ },
  { args: ['--frobnicate'], says: /See: backpack --help/ },
  { args: ['list', 'x', '--frobnicate'], says: /frobnicate\n.*\nSee: backpack list --help/ },
  { args: ['list'], says: /Usage: backpack list <directory>/ },
  { args: ['list', 'x', 'y'], says: /Unknown argument: y/ },
  { args: ['get', 'x', '--url', 'ftp://x'], says: /url: must be an address/ },
  { args: ['get', 'x', '--range', '9'], says: /range: must be first-last/ },
  { args: ['list', 'x', '--after', 'first'], says: /after: must be the cursor/ },
  { args: ['upload', 'x', 'y', '--name', 'z'], says: /name: is for one file only/ },
  { args: ['upload', '-'], says: /name: standard input has none/ },
  { args: ['serve', 'x', '--port', '1', '--port', '2'], says: /port: is given more than once/ },
])('$args is refused with exit code 2 and a hint', async ({ args, says }) => {
  const { code, stdout, stderr } = await backpack(args)
  expect(stderr).toMatch(says)
  expect(stdout).toBe('')
  expect(code).toBe(2)
})

test('every problem of a command line is reported at once', async () => {
  const options = ['--port', '99999', '--durability', 'maybe', '--reserve-bytes', '10 x', '--redis', 'a:b:c']
  const more = ['--batch-blobs-max', '0', '--blob-bytes-max', '2gb', '--log-level', 'loud']
  const { code, stderr } = await backpack(['serve', 'x', ...options, ...more])
  expect(code).toBe(2)
  expect(stderr.trim().split('\n').sort()).toEqual([
    'batch-blobs-max: must be a whole number from 1 to 4096',
    'blob-bytes-max: must be from 1 to 1gb',
    'durability: must be sync or os',
    'log-level: must be one of fatal, error, warn, info, debug, trace, silent',
    'port: must be a whole number from 0 to 65535',
    'redis: must be host:port, such as 127.0.0.1:6379',
    'reserve-bytes: must be a size such as 500mb, 10gb or 1.5tb',
  ])
})

test('the siblings of 2013 print their usage and exit 1 without arguments', async () => {
  const results = await Promise.all(Object.keys(siblings).map((bin) => runCli(bin, [])))
  for (const [at, [bin, usage]] of Object.entries(siblings).entries()) {
    expect(results[at]).toMatchObject({ code: 1, stdout: `Usage: ${bin} ${usage}\n` })
  }
})

test('the help of the siblings has an example', async () => {
  const results = await Promise.all(Object.keys(siblings).map((bin) => runCli(bin, ['--help'])))
  for (const [at, bin] of Object.keys(siblings).entries()) {
    expect(results[at]?.stdout).toContain(`Example: ${bin} `)
    expect(results[at]?.code).toBe(0)
  }
})

test('a sibling with too many arguments is refused', async () => {
  const { code, stdout } = await runCli('backpack-dump-log', ['a', 'b'])
  expect(code).toBe(1)
  expect(stdout).toMatch(/^Usage: /)
})
