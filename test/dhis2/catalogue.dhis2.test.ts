/** Searching and naming metadata, on every version. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { catalogueOf, METADATA_TYPES, type Catalogue, type MetadataSearch } from '../../src/dhis2/catalogue.ts'
import { openHttp, type Http } from '../../src/dhis2/http.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/start.ts'
import { targets } from '../support/world.ts'

const servers = targets().filter((target) => target.api === 'tracker' || target.version === '2.30')

describe.each(servers)('$name', ({ url, version }) => {
  let sandbox: Sandbox | null = null
  let http: Http
  let catalogue: Catalogue
  beforeAll(async () => {
    if (url === null) sandbox = await startSandbox({ version })
    http = openHttp({
      url: url ?? sandbox!.url,
      credentials: { username: 'sync', password: 'Sync-2024!pw' },
      connections: 4,
      timeoutMs: 30_000,
      retryBudgetMs: 0,
    })
    catalogue = catalogueOf(http)
  })
  afterAll(async () => {
    await http.close()
    await sandbox?.close()
  })

  const search = async (over: Partial<MetadataSearch>) => {
    const { items, more } = await catalogue.searchMetadata({ type: 'dataElement', text: '', program: null, limit: 100, ...over })
    return { names: items.map((item) => item.name), more }
  }

  test('our account, and the version', async () => {
    expect(await catalogue.readAccount()).toEqual({
      version: expect.stringContaining(version),
      account: 'Integration Account (sync)',
    })
  })

  test('what our account may write: in its org units, and to the programs that are shared so', async () => {
    const { orgUnits, programs } = await catalogue.readRights()
    expect(orgUnits).toBeGreaterThan(0)
    expect(programs.find(({ name }) => name.startsWith('HTS'))).toMatchObject({ writable: true })
  })

  test('by a part of the name, in any case, in order', async () => {
    expect(await search({ text: 'hTS TEST' })).toEqual({
      names: ['HTS test date', 'HTS test result', 'HTS tests in the last 12 months'],
      more: false,
    })
    expect((await search({ type: 'attribute', text: 'birth' })).names).toEqual(['Date of birth'])
    expect((await search({ type: 'programStage', text: 'initial' })).names).toContain('Initial test')
  })

  test('by code and by uid', async () => {
    expect((await search({ type: 'orgUnit', text: 'c-0' })).names).toHaveLength(9)
    expect((await search({ type: 'orgUnit', text: 'clinhre01' })).names).toEqual(['Acacia Clinic'])
    expect((await search({ text: 'dehtstst' })).names).toEqual(['HTS test date'])
  })

  test('all of a type, as far as the limit', async () => {
    const { names, more } = await search({ limit: 4 })
    expect([names.length, more]).toEqual([4, true])
    const units = await search({ type: 'orgUnit' })
    expect([units.names.length, units.more]).toEqual([19, false])
    expect((await search({ type: 'orgUnit', limit: 19 })).more).toBe(false)
    expect((await search({ type: 'orgUnit', limit: 18 })).more).toBe(true)
    expect(await search({ type: 'orgUnit', text: 'clinic', limit: 2 })).toEqual({ names: ['Acacia Clinic', 'Baobab Clinic'], more: true })
  })

  test('what belongs to a program', async () => {
    const program = 'PRGHtsTest1'
    const elements = await search({ program, text: 'hts' })
    expect(elements.names.length).toBeGreaterThan(3)
    expect((await search({ program, text: 'regimen' })).names).toEqual([])
    expect((await search({ type: 'attribute', program, text: 'uic' })).names).toEqual(['UIC'])
    expect((await search({ type: 'programStage', program })).names).toEqual(['Follow-up visit', 'Initial test'])
    expect((await search({ type: 'orgUnit', program, text: 'acacia' })).names).toEqual(['Acacia Clinic'])
    expect((await search({ type: 'program', program })).names).toHaveLength(1)
    expect(await search({ program: 'PRGNowhere1' })).toEqual({ names: [], more: false })
    expect(await search({ program: '../me' })).toEqual({ names: [], more: false })
  })

  test('a stage says whose it is, an attribute that it is unique, and of what type', async () => {
    const { items } = await catalogue.searchMetadata({ type: 'programStage', text: 'PSTHtsInit1', program: null, limit: 5 })
    expect(items).toMatchObject([{ uid: 'PSTHtsInit1', program: 'PRGHtsTest1', valueType: null, optionSet: false }])
    const uic = await catalogue.searchMetadata({ type: 'attribute', text: 'UIC', program: null, limit: 5 })
    expect(uic.items).toMatchObject([{ uid: 'TEAUicCode1', valueType: 'TEXT', unique: true, optionSet: false, program: null }])
    const gender = await catalogue.searchMetadata({ type: 'attribute', text: 'gender', program: null, limit: 5 })
    expect(gender.items).toMatchObject([{ valueType: 'TEXT', optionSet: true, unique: false }])
  })

  test.each(['a:b', 'a,b', 'a;b', "O'Hara", '[x]', '100%', '_', '\\', '/', '&', '+', '#', 'é😀', '"', '<b>', 'x'.repeat(200)])(
    'the text %s is a text like others',
    async (text) => {
      for (const type of METADATA_TYPES) {
        const { items } = await catalogue.searchMetadata({ type, text, program: null, limit: 100 })
        expect(items.filter(({ name, code, uid }) => ![name, code ?? '', uid].some((part) => part.includes(text)))).toEqual([])
      }
    },
  )

  test('uids are identified, whatever they are', async () => {
    const found = await catalogue.identify([
      'TEAUicCode1',
      'DEHtsTstDt1',
      'PRGHtsTest1',
      'PSTHtsInit1',
      'OUClinHre01',
      'Nothing0001',
      'no uid',
    ])
    expect([...found.values()].map(({ uid, type, name }) => [uid, type, name])).toEqual(
      expect.arrayContaining([
        ['TEAUicCode1', 'attribute', 'UIC'],
        ['DEHtsTstDt1', 'dataElement', 'HTS test date'],
        ['PRGHtsTest1', 'program', expect.any(String)],
        ['PSTHtsInit1', 'programStage', 'Initial test'],
        ['OUClinHre01', 'orgUnit', 'Acacia Clinic'],
      ]),
    )
    expect(found.size).toBe(5)
  })
})
