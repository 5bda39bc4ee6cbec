#!/usr/bin/env node
/** bahmni-dhis2-sync: the command line. */
import { setFlagsFromString } from 'node:v8'
import { Command, CommanderError } from 'commander'
import { exitCodeOf, EXIT } from './cli/exit.ts'
import type { SyncOptions } from './cli/sync.ts'

// By itself V8 lets more and more garbage lie while there is memory: 280 MB after 150,000 objects, 200 after 15,000. This way it is 185 and 175, for 2 % more time.
setFlagsFromString('--heap-growing-percent=75')

// Each command's own code is read when it is called: the whole takes a clinic's machine two seconds, the help and the users none of them.
const program = new Command('bahmni-dhis2-sync')
  .description("Sends Bahmni Mart's patients, program enrollments and visit forms to DHIS2 Tracker")
  .exitOverride()
  .showHelpAfterError()

program
  .command('migrate')
  .description('create our tables, or adopt those of the Java services')
  .action(() => finish(import('./cli/migrate.ts').then((m) => m.runMigrate(process.env))))

const mappings = program.command('mappings').description('list, import, export and validate mappings')
mappings
  .command('list')
  .description('names of the mappings')
  .action(() => finish(import('./cli/mappings.ts').then((m) => m.listMappings(process.env))))
mappings
  .command('import <file>')
  .description("import mappings from the originals' export format; all or none")
  .action((file: string) => finish(import('./cli/mappings.ts').then((m) => m.importMappings(process.env, file))))
mappings
  .command('export [name]')
  .description("print one mapping, or all, in the originals' export format")
  .action((name: string | undefined) => finish(import('./cli/mappings.ts').then((m) => m.exportMappings(process.env, name ?? null))))
mappings
  .command('validate [name]')
  .description('look whether one mapping, or all, fit the Mart and DHIS2')
  .option('--examples', 'name values of patients that DHIS2 would refuse')
  .option('--json', 'as JSON')
  .action((name: string | undefined, options: { examples?: boolean; json?: boolean }) =>
    finish(import('./cli/validate.ts').then((m) => m.validateMappings(process.env, name ?? null, options))),
  )

program
  .command('check')
  .description('check configuration, database, mappings and DHIS2')
  .action(() => finish(import('./cli/check.ts').then((m) => m.runCheck(process.env))))

program
  .command('preview <mapping>')
  .description('show what a sync would look at')
  .option('--csv', 'all rows as CSV')
  .option('--from <date>', 'only this period: first day, yyyy-MM-dd')
  .option('--to <date>', 'last day')
  .action((mapping: string, options: { csv?: boolean; from?: string; to?: string }) =>
    finish(import('./cli/preview.ts').then((m) => m.runPreview(process.env, mapping, options))),
  )

program
  .command('sync <mapping>')
  .description('send what DHIS2 lacks')
  .requiredOption('--comment <text>', 'why, for the log')
  .option('--user <name>', 'who, for the log', process.env['USER'] ?? 'cli')
  .option('--dry-run', 'let DHIS2 validate everything, and write nothing')
  .option('--from <date>', 'send this period again: first day, yyyy-MM-dd')
  .option('--to <date>', 'last day')
  .option('--resync', 'compare every record with DHIS2, not only the delta')
  .option('--json', "print the run's report as JSON")
  .action((mapping: string, options: SyncOptions) => finish(import('./cli/sync.ts').then((m) => m.runSync(process.env, mapping, options))))

program
  .command('cancel <run>')
  .description('end a sync that is going on: what it has sent stays sent')
  .action((run: string) => finish(import('./cli/cancel.ts').then((m) => m.runCancel(process.env, run))))

program
  .command('vanished <mapping>')
  .description('list what DHIS2 has and the Mart has no more; deletes nothing')
  .option('--csv', 'as CSV')
  .option('--json', 'as JSON')
  .action((mapping: string, options: { csv?: boolean; json?: boolean }) =>
    finish(import('./cli/vanished.ts').then((m) => m.runVanished(process.env, mapping, options))),
  )

const rejected = program.command('rejected').description('the work list of records that DHIS2 lacks because of a mistake')
const chosen = (command: Command) =>
  command
    .option('--mapping <name>', 'of this mapping')
    .option('--code <code>', 'with this code')
    .option('--cause <cause>', 'of this group, as "rejected groups" names it')
    .option('--patient <id>', 'of this patient')
    .option('--kind <kind>', 'patient, enrollment or event')
    .option('--run <run>', 'rejected in this run')
    .option('--id <number...>', 'these alone')
chosen(rejected.command('list'))
  .description('every one of them')
  .option('--state <state>', 'open (default), settled, dismissed or all')
  .option('--csv', 'as CSV')
  .option('--json', 'as JSON')
  .action((options: Parameters<typeof import('./cli/rejected.ts').listRejected>[1]) =>
    finish(import('./cli/rejected.ts').then((m) => m.listRejected(process.env, options))),
  )
chosen(rejected.command('groups'))
  .description('counted by cause')
  .option('--state <state>', 'open (default), settled, dismissed or all')
  .option('--json', 'as JSON')
  .action((options: Parameters<typeof import('./cli/rejected.ts').groupRejected>[1]) =>
    finish(import('./cli/rejected.ts').then((m) => m.groupRejected(process.env, options))),
  )
chosen(rejected.command('retry'))
  .description('send open ones again, and nothing else')
  .requiredOption('--comment <text>', 'why, for the log')
  .option('--user <name>', 'who, for the log', process.env['USER'] ?? 'cli')
  .option('--json', "print each run's report as JSON")
  .action((options: Parameters<typeof import('./cli/rejected.ts').retryRejected>[1]) =>
    finish(import('./cli/rejected.ts').then((m) => m.retryRejected(process.env, options))),
  )
chosen(rejected.command('dismiss'))
  .description('nobody has to mend them; each comes back when its row changes in the Mart')
  .requiredOption('--reason <text>', 'why')
  .option('--user <name>', 'who', process.env['USER'] ?? 'cli')
  .option('--all', 'every open one')
  .action((options: Parameters<typeof import('./cli/rejected.ts').dismissRejected>[1]) =>
    finish(import('./cli/rejected.ts').then((m) => m.dismissRejected(process.env, options))),
  )
chosen(rejected.command('reopen'))
  .description('dismissed ones are to be mended after all')
  .option('--all', 'every dismissed one')
  .action((options: Parameters<typeof import('./cli/rejected.ts').reopenRejected>[1]) =>
    finish(import('./cli/rejected.ts').then((m) => m.reopenRejected(process.env, options))),
  )

const terminal = { input: process.stdin, output: process.stderr }
const collect = (value: string, before: string[]) => [...before, value]
const users = program.command('users').description('accounts of this program, for sites where OpenMRS is not asked')
users
  .command('add <name>')
  .description('the password is asked for, or read from standard input')
  .option('--right <right>', 'mapping, upload, log or all; more than once for several', collect, [])
  .option('--generate', 'make a password, and print it')
  .action((name: string, options: Parameters<typeof import('./cli/users.ts').addUser>[2]) =>
    finish(import('./cli/users.ts').then((m) => m.addUser(process.env, name, options, terminal))),
  )
users
  .command('passwd <name>')
  .description('another password; ends all sessions of the user')
  .option('--generate', 'make a password, and print it')
  .action((name: string, options: Parameters<typeof import('./cli/users.ts').changePassword>[2]) =>
    finish(import('./cli/users.ts').then((m) => m.changePassword(process.env, name, options, terminal))),
  )
users
  .command('rights <name>')
  .description('these rights and no others, at once')
  .option('--right <right>', 'mapping, upload, log or all; more than once for several; left out: none', collect, [])
  .action((name: string, options: Parameters<typeof import('./cli/users.ts').changeRights>[2]) =>
    finish(import('./cli/users.ts').then((m) => m.changeRights(process.env, name, options))),
  )
users
  .command('list')
  .description('who there is, and what they may do')
  .action(() => finish(import('./cli/users.ts').then((m) => m.listUsers(process.env))))
users
  .command('remove <name>')
  .description('ends all sessions of the user, too')
  .action((name: string) => finish(import('./cli/users.ts').then((m) => m.removeUser(process.env, name))))

const tokens = program.command('tokens').description('keys for scripts and servers that ask the HTTP API')
tokens
  .command('create')
  .description('prints the token, this once')
  .requiredOption('--name <name>', 'who will use it, for the log')
  .requiredOption('--expires <days>', 'days until it is good for nothing')
  .option('--right <right>', 'mapping, upload, log or all; more than once for several', collect, [])
  .action((options: Parameters<typeof import('./cli/tokens.ts').createToken>[1]) =>
    finish(import('./cli/tokens.ts').then((m) => m.createToken(process.env, options))),
  )
tokens
  .command('list')
  .description('all of them, with their last use')
  .action(() => finish(import('./cli/tokens.ts').then((m) => m.listTokens(process.env))))
tokens
  .command('revoke <name>')
  .description('ends it at once')
  .action((name: string) => finish(import('./cli/tokens.ts').then((m) => m.revokeToken(process.env, name))))

program
  .command('serve')
  .description('workers and web pages (Bull Board)')
  .action(() => finish(import('./cli/serve.ts').then((m) => m.runServe(process.env))))
program
  .command('work')
  .description('workers only')
  .action(() => finish(import('./cli/serve.ts').then((m) => m.runWork(process.env))))
program
  .command('demo')
  .description('embedded PostgreSQL, demo Mart and sandbox DHIS2: sync "HTS Service"')
  .option('--serve', 'go on serving afterwards')
  .action((options: { serve?: boolean }) => finish(import('./cli/demo.ts').then((m) => m.runDemo(process.env, options.serve ?? false))))

// `preview --csv | head`: the reader has seen enough
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed))

async function finish(command: Promise<number>): Promise<void> {
  process.exitCode = await command
}

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
  else process.exitCode = exitCodeOf(error, process.stderr)
}
// the embedded PostgreSQL's exit hook would end the process with 0
process.exit()
