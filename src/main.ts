#!/usr/bin/env node
/** bahmni-dhis2-sync: the command line. */
import { Command, CommanderError } from 'commander'
import { runCancel } from './cli/cancel.ts'
import { runCheck } from './cli/check.ts'
import { runDemo } from './cli/demo.ts'
import { exitCodeOf, EXIT } from './cli/exit.ts'
import { exportMappings, importMappings, listMappings } from './cli/mappings.ts'
import { runMigrate } from './cli/migrate.ts'
import { runPreview } from './cli/preview.ts'
import { dismissRejected, groupRejected, listRejected, reopenRejected, retryRejected } from './cli/rejected.ts'
import { runServe, runWork } from './cli/serve.ts'
import { runSync, type SyncOptions } from './cli/sync.ts'
import { createToken, listTokens, revokeToken } from './cli/tokens.ts'
import { addUser, changePassword, changeRights, listUsers, removeUser } from './cli/users.ts'
import { validateMappings } from './cli/validate.ts'
import { runVanished } from './cli/vanished.ts'

const program = new Command('bahmni-dhis2-sync')
  .description("Sends Bahmni Mart's patients, program enrollments and visit forms to DHIS2 Tracker")
  .exitOverride()
  .showHelpAfterError()

program
  .command('migrate')
  .description('create our tables, or adopt those of the Java services')
  .action(() => finish(runMigrate(process.env)))

const mappings = program.command('mappings').description('list, import, export and validate mappings')
mappings
  .command('list')
  .description('names of the mappings')
  .action(() => finish(listMappings(process.env)))
mappings
  .command('import <file>')
  .description("import mappings from the originals' export format; all or none")
  .action((file: string) => finish(importMappings(process.env, file)))
mappings
  .command('export [name]')
  .description("print one mapping, or all, in the originals' export format")
  .action((name: string | undefined) => finish(exportMappings(process.env, name ?? null)))
mappings
  .command('validate [name]')
  .description('look whether one mapping, or all, fit the Mart and DHIS2')
  .option('--examples', 'name values of patients that DHIS2 would refuse')
  .option('--json', 'as JSON')
  .action((name: string | undefined, options: { examples?: boolean; json?: boolean }) =>
    finish(validateMappings(process.env, name ?? null, options)),
  )

program
  .command('check')
  .description('check configuration, database, mappings and DHIS2')
  .action(() => finish(runCheck(process.env)))

program
  .command('preview <mapping>')
  .description('show what a sync would look at')
  .option('--csv', 'all rows as CSV')
  .option('--from <date>', 'only this period: first day, yyyy-MM-dd')
  .option('--to <date>', 'last day')
  .action((mapping: string, options: { csv?: boolean; from?: string; to?: string }) => finish(runPreview(process.env, mapping, options)))

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
  .action((mapping: string, options: SyncOptions) => finish(runSync(process.env, mapping, options)))

program
  .command('cancel <run>')
  .description('end a sync that is going on: what it has sent stays sent')
  .action((run: string) => finish(runCancel(process.env, run)))

program
  .command('vanished <mapping>')
  .description('list what DHIS2 has and the Mart has no more; deletes nothing')
  .option('--csv', 'as CSV')
  .option('--json', 'as JSON')
  .action((mapping: string, options: { csv?: boolean; json?: boolean }) => finish(runVanished(process.env, mapping, options)))

const rejected = program.command('rejected').description('the work list of records that DHIS2 lacks because of a mistake')
const chosen = (command: Command) =>
  command
    .option('--mapping <name>', 'of this mapping')
    .option('--code <code>', 'with this cause')
    .option('--patient <id>', 'of this patient')
    .option('--run <run>', 'rejected last in this run')
chosen(rejected.command('list'))
  .description('every one of them')
  .option('--state <state>', 'open (default), settled, dismissed or all')
  .option('--csv', 'as CSV')
  .option('--json', 'as JSON')
  .action((options: Parameters<typeof listRejected>[1]) => finish(listRejected(process.env, options)))
chosen(rejected.command('groups'))
  .description('counted by cause')
  .option('--state <state>', 'open (default), settled, dismissed or all')
  .option('--json', 'as JSON')
  .action((options: Parameters<typeof groupRejected>[1]) => finish(groupRejected(process.env, options)))
chosen(rejected.command('retry'))
  .description('send them again, and nothing else')
  .requiredOption('--comment <text>', 'why, for the log')
  .option('--user <name>', 'who, for the log', process.env['USER'] ?? 'cli')
  .option('--json', "print each run's report as JSON")
  .action((options: Parameters<typeof retryRejected>[1]) => finish(retryRejected(process.env, options)))
chosen(rejected.command('dismiss'))
  .description('nobody has to mend them; each comes back when its row changes in the Mart')
  .requiredOption('--reason <text>', 'why')
  .option('--user <name>', 'who', process.env['USER'] ?? 'cli')
  .option('--all', 'every open one')
  .action((options: Parameters<typeof dismissRejected>[1]) => finish(dismissRejected(process.env, options)))
chosen(rejected.command('reopen'))
  .description('dismissed ones are to be mended after all')
  .option('--all', 'every dismissed one')
  .action((options: Parameters<typeof reopenRejected>[1]) => finish(reopenRejected(process.env, options)))

const terminal = { input: process.stdin, output: process.stderr }
const collect = (value: string, before: string[]) => [...before, value]
const users = program.command('users').description('accounts of this program, for sites where OpenMRS is not asked')
users
  .command('add <name>')
  .description('the password is asked for, or read from standard input')
  .option('--right <right>', 'mapping, upload, log or all; more than once for several', collect, [])
  .option('--generate', 'make a password, and print it')
  .action((name: string, options: Parameters<typeof addUser>[2]) => finish(addUser(process.env, name, options, terminal)))
users
  .command('passwd <name>')
  .description('another password; ends all sessions of the user')
  .option('--generate', 'make a password, and print it')
  .action((name: string, options: Parameters<typeof changePassword>[2]) => finish(changePassword(process.env, name, options, terminal)))
users
  .command('rights <name>')
  .description('these rights and no others, at once')
  .option('--right <right>', 'mapping, upload, log or all; more than once for several; left out: none', collect, [])
  .action((name: string, options: Parameters<typeof changeRights>[2]) => finish(changeRights(process.env, name, options)))
users
  .command('list')
  .description('who there is, and what they may do')
  .action(() => finish(listUsers(process.env)))
users
  .command('remove <name>')
  .description('ends all sessions of the user, too')
  .action((name: string) => finish(removeUser(process.env, name)))

const tokens = program.command('tokens').description('keys for scripts and servers that ask the HTTP API')
tokens
  .command('create')
  .description('prints the token, this once')
  .requiredOption('--name <name>', 'who will use it, for the log')
  .requiredOption('--expires <days>', 'days until it is good for nothing')
  .option('--right <right>', 'mapping, upload, log or all; more than once for several', collect, [])
  .action((options: Parameters<typeof createToken>[1]) => finish(createToken(process.env, options)))
tokens
  .command('list')
  .description('all of them, with their last use')
  .action(() => finish(listTokens(process.env)))
tokens
  .command('revoke <name>')
  .description('ends it at once')
  .action((name: string) => finish(revokeToken(process.env, name)))

program
  .command('serve')
  .description('workers and web pages (Bull Board)')
  .action(() => finish(runServe(process.env)))
program
  .command('work')
  .description('workers only')
  .action(() => finish(runWork(process.env)))
program
  .command('demo')
  .description('embedded PostgreSQL, demo Mart and sandbox DHIS2: sync "HTS Service"')
  .option('--serve', 'go on serving afterwards')
  .action((options: { serve?: boolean }) => finish(runDemo(process.env, options.serve ?? false)))

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
