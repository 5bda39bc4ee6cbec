/** Builds the web interface into dist/web, where the server looks for it. */
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { operations } from './operations.ts'

/** The contract without its schemas, which only the server needs: they would be a third of the first load. */
function addresses(): Plugin {
  const id = 'virtual:addresses'
  return {
    name: 'addresses',
    resolveId: (source) => (source === id ? `\0${id}` : null),
    load(resolved) {
      if (resolved !== `\0${id}`) return null
      const table = Object.fromEntries(Object.entries(operations).map(([name, { method, path }]) => [name, { method, path }]))
      return `export const addresses = ${JSON.stringify(table)}`
    },
  }
}

export default defineConfig({
  root: import.meta.dirname,
  // relative: the page says in <base> under which prefix it is served
  base: './',
  plugins: [react(), addresses()],
  css: { preprocessorOptions: { scss: { quietDeps: true } } },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    // the server's Content-Security-Policy takes no data: scripts, and fonts are better cached alone
    assetsInlineLimit: 0,
    manifest: 'manifest.json',
    // test/web/bundle has a budget for what counts: the first load, compressed
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
})
