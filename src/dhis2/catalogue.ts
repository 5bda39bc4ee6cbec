/** What DHIS2 has, to choose from in a mapping and to name what one names. The same requests work from 2.30 to 2.43. */
import { isUid } from '../core/uid.ts'
import { RequestRefused } from './errors.ts'
import type { Http, Query } from './http.ts'
import { inParts, readAll, UIDS_IN_URL } from './paging.ts'

export const METADATA_TYPES = ['attribute', 'dataElement', 'program', 'programStage', 'orgUnit'] as const
export type MetadataType = (typeof METADATA_TYPES)[number]

interface MetadataItem {
  uid: string
  name: string
  code: string | null
  /** of attributes and data elements */
  valueType: string | null
  optionSet: boolean
  unique: boolean
  /** of program stages: uid of their program */
  program: string | null
}

export interface MetadataSearch {
  type: MetadataType
  /** part of the name, the code or the uid, in any case; "": all */
  text: string
  /** only what belongs to this program */
  program: string | null
  limit: number
}

interface Identified extends MetadataItem {
  type: MetadataType
}

interface AccountRights {
  /** org units in which it may capture data; those below them are not counted */
  orgUnits: number
  programs: { name: string; writable: boolean }[]
}

/** The part of the port that mappings are made with. */
export interface Catalogue {
  /** DHIS2's version now, and our account as DHIS2 calls it */
  readAccount: () => Promise<{ version: string; account: string }>
  /** what our account may write */
  readRights: () => Promise<AccountRights>
  /** in order of their names; `more`: there are more than `limit` */
  searchMetadata: (search: MetadataSearch) => Promise<{ items: MetadataItem[]; more: boolean }>
  /** what these uids are; those that are nothing of the five types are left out */
  identify: (uids: readonly string[]) => Promise<Map<string, Identified>>
}

interface Raw {
  id: string
  name: string
  code?: string
  valueType?: string
  unique?: boolean
  optionSet?: { id: string }
  program?: { id: string }
}

/** DHIS2 keeps what belongs to a program by position: where one was taken out there may be a null. */
interface RawProgram {
  programTrackedEntityAttributes?: ({ trackedEntityAttribute: Raw } | null)[]
  programStages?: (Raw & { programStageDataElements?: ({ dataElement: Raw } | null)[] })[]
  organisationUnits?: Raw[]
}

const LISTS: Readonly<Record<MetadataType, { path: string; fields: string; filter?: string }>> = {
  attribute: { path: 'trackedEntityAttributes', fields: 'id,name,code,valueType,unique,optionSet[id]' },
  dataElement: { path: 'dataElements', fields: 'id,name,code,valueType,optionSet[id]', filter: 'domainType:eq:TRACKER' },
  program: { path: 'programs', fields: 'id,name,code', filter: 'programType:eq:WITH_REGISTRATION' },
  programStage: { path: 'programStages', fields: 'id,name,code,program[id]', filter: 'program.programType:eq:WITH_REGISTRATION' },
  orgUnit: { path: 'organisationUnits', fields: 'id,name,code' },
}

export function catalogueOf(http: Http): Catalogue {
  return {
    async readAccount() {
      const [info, me] = (await Promise.all([
        http.get('system/info', [['fields', 'version']]),
        // 2.30 has the name for signing in elsewhere
        http.get('me', [['fields', 'name,username,userCredentials[username]']]),
      ])) as [{ version?: string }, { name?: string; username?: string; userCredentials?: { username?: string } }]
      const username = me.username ?? me.userCredentials?.username
      return { version: info.version ?? '', account: [me.name, username && `(${username})`].filter(Boolean).join(' ') }
    },

    async readRights() {
      const [me, programs] = await Promise.all([
        http.get('me', [['fields', 'organisationUnits[id]']]) as Promise<{ organisationUnits?: unknown[] }>,
        readAll<{ name: string; access?: { data?: { write?: boolean } } }>(http, LISTS.program.path, [
          ['fields', 'name,access[data[write]]'],
          ['filter', LISTS.program.filter!],
        ]),
      ])
      return {
        orgUnits: me.organisationUnits?.length ?? 0,
        programs: programs.map(({ name, access }) => ({ name, writable: access?.data?.write ?? true })),
      }
    },

    async searchMetadata(search) {
      const found = (search.program === null ? await searchList(http, search) : await searchProgram(http, search, search.program))
        .map(itemOf)
        .filter((item) => hasText(item, search.text))
      const items = [...new Map(found.map((item) => [item.uid, item])).values()].toSorted(byName)
      return { items: items.slice(0, search.limit), more: items.length > search.limit }
    },

    async identify(uids) {
      const found = new Map<string, Identified>()
      for (const part of inParts([...new Set(uids.filter(isUid))], UIDS_IN_URL)) {
        const lists = METADATA_TYPES.map(async (type) => {
          const raw = await readAll<Raw>(http, LISTS[type].path, [
            ['fields', LISTS[type].fields],
            ['filter', `id:in:[${part.join(',')}]`],
          ])
          return raw.map((one) => ({ type, ...itemOf(one) }))
        })
        for (const item of (await Promise.all(lists)).flat()) found.set(item.uid, item)
      }
      return found
    },
  }
}

/**
 * A request for each of the three, whose filters all have to be met: joined by "or", the type's own filter would be one of them, and DHIS2 has data
 * elements by the ten thousand.
 */
async function searchList(http: Http, { type, text, limit }: MetadataSearch): Promise<Raw[]> {
  const { path, fields, filter } = LISTS[type]
  const query: Query = [
    ['fields', fields],
    // one more than is shown tells that there are more
    ['pageSize', String(limit + 1)],
    ['order', 'name:asc'],
    ...(filter === undefined ? [] : [['filter', filter] as const]),
  ]
  const page = async (more: Query) => ((await http.get(path, [...query, ...more])) as Record<string, Raw[] | undefined>)[path] ?? []
  if (text === '') return page([])
  return (await Promise.all(['name', 'code', 'id'].map((key) => page([['filter', `${key}:ilike:${text}`]])))).flat()
}

/** A program has some hundred of each at most: they come with it. */
async function searchProgram(http: Http, { type }: MetadataSearch, uid: string): Promise<Raw[]> {
  if (!isUid(uid)) return []
  const { fields } = LISTS[type]
  const inside: Readonly<Record<MetadataType, string>> = {
    attribute: `programTrackedEntityAttributes[trackedEntityAttribute[${fields}]]`,
    dataElement: `programStages[programStageDataElements[dataElement[${fields}]]]`,
    program: fields,
    programStage: `programStages[${fields}]`,
    orgUnit: `organisationUnits[${fields}]`,
  }
  let program: RawProgram
  try {
    program = (await http.get(`programs/${uid}`, [['fields', inside[type]]])) as RawProgram
  } catch (error) {
    if (error instanceof RequestRefused && error.status === 404) return []
    throw error
  }
  const stages = program.programStages ?? []
  switch (type) {
    case 'attribute':
      return (program.programTrackedEntityAttributes ?? []).flatMap((a) => (a === null ? [] : [a.trackedEntityAttribute]))
    case 'dataElement':
      return stages.flatMap((stage) => (stage.programStageDataElements ?? []).flatMap((d) => (d === null ? [] : [d.dataElement])))
    case 'program':
      return [program as unknown as Raw]
    case 'programStage':
      return stages.map((stage) => ({ ...stage, program: { id: uid } }))
    case 'orgUnit':
      return program.organisationUnits ?? []
  }
}

const itemOf = (raw: Raw): MetadataItem => ({
  uid: raw.id,
  name: raw.name,
  code: raw.code ?? null,
  valueType: raw.valueType ?? null,
  optionSet: raw.optionSet !== undefined,
  unique: raw.unique ?? false,
  program: raw.program?.id ?? null,
})

/** DHIS2's own filter takes some signs for a pattern. */
const hasText = ({ name, code, uid }: MetadataItem, text: string) =>
  [name, code ?? '', uid].some((part) => part.toLowerCase().includes(text.toLowerCase()))

const byName = (a: MetadataItem, b: MetadataItem) => inOrder.compare(a.name, b.name) || (a.uid < b.uid ? -1 : 1)
const inOrder = new Intl.Collator('en', { numeric: true })
