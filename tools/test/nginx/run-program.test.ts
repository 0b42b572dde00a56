import { expect, test } from 'vitest'
import { runProgram } from '../../src/nginx/run-program.js'

const limitMs = 20_000

test('gives the exit code and both streams', async () => {
  const result = await runProgram(['sh', '-c', 'echo out; echo err >&2; exit 3'], { limitMs })
  expect(result?.exitCode).toBe(3)
  expect(result?.output.split('\n').sort()).toEqual(['err', 'out'])
})

test('arguments are taken as they are, not by a shell', async () => {
  const result = await runProgram(['printf', '%s|', 'a b', '$HOME', '"; exit 9', ''], { limitMs })
  expect(result).toEqual({ exitCode: 0, output: 'a b|$HOME|"; exit 9||' })
})

test('a program that is not there gives undefined', async () => {
  expect(await runProgram(['no-such-program'], { limitMs })).toBeUndefined()
})

test('a program that does not end is killed', async () => {
  expect(await runProgram(['sleep', '600'], { limitMs: 100 })).toEqual({ exitCode: null, output: '' })
})

test('what it leaves running in the background is not waited for', async () => {
  const result = await runProgram(['sh', '-c', 'sleep 30 & echo $!'], { limitMs })
  process.kill(Number(result?.output))
  expect(result?.exitCode).toBe(0)
})
