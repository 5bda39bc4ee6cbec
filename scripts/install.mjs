// Makes `npm start` and `npm test` work in a fresh clone: installs the packages when they are missing or older than the lock file.
// Not `npm ci`: it refuses a lock file that lacks packages for other platforms, as npm writes it where a registry has not all of them.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'

const stamp = 'node_modules/.installed'
const wanted = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex')
const read = (file) => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
if (read(stamp) !== wanted) {
  console.log('Installing packages …')
  const { status } = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
    stdio: 'inherit',
    // packages that would report their installation
    env: { ...process.env, IBM_TELEMETRY_DISABLED: 'true', SCARF_ANALYTICS: 'false', DO_NOT_TRACK: '1' },
  })
  if (status !== 0) process.exit(status ?? 1)
  writeFileSync(stamp, wanted)
}
