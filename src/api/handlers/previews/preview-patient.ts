import { previewPatient as preview } from '../../../preview/patient.ts'
import { ApiProblem } from '../../api-problem.ts'
import type { previewOperations } from '../../contract/previews.ts'
import type { Handler } from '../../handler.ts'
import { mappingNamed, rejectionBody } from './answers.ts'

export const previewPatient: Handler<typeof previewOperations.previewPatient> = async ({ params, query: { patient } }, ctx) => {
  const { store, config, ask, factsOf, uidOf } = ctx
  const mapping = await mappingNamed(params.name, ctx)
  const facts = await factsOf(mapping)
  if ('problem' in facts) throw new ApiProblem('dhis2-unavailable', facts.problem)
  const { trackedEntityType, timeZone } = config
  const found = await preview(mapping, patient, { store, client: await ask(), facts, uidOf, trackedEntityType, timeZone })
  if (!found) throw new ApiProblem('not-found', `The relations of mapping "${mapping.name}" have nothing of a patient "${patient}".`)
  const objects = found.objects.map((object) => ({ ...object, rejection: object.rejection && rejectionBody(object.rejection) }))
  return { status: 200, body: { patientId: patient, objects, names: found.names } }
}
