import type { Catalogue } from './en.ts'
export { en as fr } from './en.ts'
