import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder with package.json, above the sources as above what is built from them: other files of the project are found from there. */
export const PROJECT = find(import.meta.dirname)

function find(folder: string): string {
  return existsSync(join(folder, 'package.json')) || dirname(folder) === folder ? folder : find(dirname(folder))
}
