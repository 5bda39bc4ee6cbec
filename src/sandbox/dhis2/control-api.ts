import { z } from 'zod'
import type { Control, ForeignEdit } from './controls.ts'
import type { Call, Reply } from './http.ts'
import type { Json } from './json.ts'
import { VERSIONS, type Version } from './versions.ts'

const fault = z.object({
  kind: z.enum(['status', 'reset', 'timeout', 'html', 'truncated']),
  status: z.int().min(200).max(599).optional(),
  retryAfter: z.number().optional(),
  body: z.json().optional(),
  method: z.string().optional(),
  path: z.string().optional(),
  times: z.int().min(1).optional(),
  after: z.int().min(0).optional(),
  processed: z.boolean().optional(),
})
const values = z.record(z.string(), z.string().nullable()).optional()
const place = { uid: z.string(), orgUnit: z.string().optional(), deleted: z.literal(true).optional() }
const edit = z.discriminatedUnion('kind', [
  z.object({ ...place, kind: z.literal('trackedEntity'), attributes: values }),
  z.object({ ...place, kind: z.literal('enrollment'), status: z.string().optional(), enrolledAt: z.string().optional() }),
  z.object({ ...place, kind: z.literal('event'), status: z.string().optional(), occurredAt: z.string().optional(), dataValues: values }),
])
const latency = z.object({ milliseconds: z.number().min(0) })
const version = z.object({ version: z.enum(VERSIONS) })

/** Leaves out what is undefined, for types that tell a missing key from an undefined one. */
function without<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

/**
 * The controls over HTTP, below /sandbox/: GET dump, requests, counts; POST latency, fault, edit, reset, version; DELETE requests, faults.
 * They need no login: they are only there when the sandbox was started with them.
 */
export function controlApi(call: Call, control: Control, setVersion: (version: Version) => void): Reply {
  const name = call.segments.join('/')
  const body = (): unknown => JSON.parse(call.body || '{}')
  const done: Reply = { status: 200, body: { done: true } }
  try {
    switch (`${call.method} ${name}`) {
      case 'GET dump':
        return { status: 200, body: control.dump() as unknown as Json }
      case 'GET counts':
        return { status: 200, body: control.counts() }
      case 'GET requests':
        return {
          status: 200,
          body: { counts: control.requestCounts(), imports: control.importRequests(), requests: control.requests() as unknown as Json },
        }
      case 'DELETE requests':
        control.clearRequests()
        return done
      case 'DELETE faults':
        control.clearFaults()
        return done
      case 'POST latency':
        control.latency = latency.parse(body()).milliseconds
        return done
      case 'POST fault':
        control.inject(without(fault.parse(body())))
        return done
      case 'POST edit':
        control.edit(without<ForeignEdit>(edit.parse(body())))
        return done
      case 'POST reset':
        control.reset()
        return done
      case 'POST version':
        setVersion(version.parse(body()).version)
        return done
      default:
        return { status: 404, body: { message: `no such control: ${call.method} ${name}` } }
    }
  } catch (error) {
    return { status: 400, body: { message: error instanceof Error ? error.message : String(error) } }
  }
}
