// `npm run build:web`: builds the web interface into dist/web, unless it is there already as the sources are now.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

// whoever starts this may be a test, and React has another build for those
process.env.NODE_ENV = 'production'

const OUT = join('dist', 'web')
const STAMP = join(OUT, '.built')
const sources = ['dashboard', join('src', 'api', 'contract')].flatMap((folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name)),
)
// the English texts have the catalogue of rejections from the server
sources.push(join('src', 'core', 'rejection.ts'))
const hash = createHash('sha256')
for (const file of [...sources.toSorted(), 'package-lock.json']) hash.update(file).update(readFileSync(file))
const wanted = hash.digest('hex')
if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== wanted) {
  await build({ configFile: join('dashboard', 'vite.config.ts'), logLevel: 'warn' })
  writeFileSync(STAMP, wanted)
}
