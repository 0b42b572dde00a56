import type { CommandModule } from 'yargs'

/** A command that only has subcommands: `server add`, `server list`. */
export function commandGroup({
  name,
  describe,
  commands,
  example,
}: {
  name: string
  describe: string
  commands: readonly CommandModule[]
  example: readonly [string, string]
}): CommandModule {
  return {
    command: name,
    describe,
    builder: (yargs) =>
      yargs
        .command([...commands])
        .demandCommand(1, 'A command is missing.')
        .recommendCommands()
        .example(...example),
    // yargs runs one of the subcommands, or refuses.
    handler: () => undefined,
  }
}
