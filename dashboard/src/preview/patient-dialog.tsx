import { InlineNotification } from '@carbon/react'
import { useRead } from '../api/use-read.ts'
import type { Answer } from '../api/client.ts'
import { causeOf } from '../i18n/cause-of.ts'
import { useTexts } from '../i18n/texts.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Read } from '../parts/read.tsx'
import { EffectTag } from '../parts/state-tag.tsx'
import { differenceOf, type Line } from './difference.ts'

type PatientAnswer = Answer<'previewPatient'>

/** One patient's objects as DHIS2 will get them, beside what it has. */
export function PatientDialog({ mapping, patient, close }: { mapping: string; patient: string; close: () => void }) {
  const { preview } = useTexts()
  const query = useRead('previewPatient', { params: { name: mapping }, query: { patient } })
  return (
    <Dialog title={preview.patientTitle(patient)} size="lg" close={close}>
      <Read query={query}>
        {({ objects, names }) =>
          objects.map((object) => <PatientObject key={`${object.kind} ${object.recordKey}`} object={object} names={names} />)
        }
      </Read>
    </Dialog>
  )
}

function PatientObject({ object, names }: { object: PatientAnswer['objects'][number]; names: PatientAnswer['names'] }) {
  const { preview, kind, rejections } = useTexts()
  const { sending, there, rejection, program, programStage } = object
  const cause = rejection && causeOf(rejection, rejections)
  const named = (uid: string) => names[uid] ?? uid
  const fixed = {
    uid: preview.uid,
    orgUnit: preview.orgUnit,
    status: preview.status,
    enrolledAt: preview.enrolledAt,
    occurredAt: preview.occurredAt,
  }
  const lines = differenceOf(sending, there)
  const title = [kind[object.kind], program && named(program), programStage && named(programStage), object.recordKey]
    .filter(Boolean)
    .join(' · ')
  const value = (line: Line, side: 'sending' | 'there') => {
    const text = line[side]
    return line.field === 'orgUnit' && text !== null ? named(text) : (text ?? '')
  }
  return (
    <section className={`object ${object.kind === 'event' ? 'nested' : ''}`} aria-label={title}>
      <h3>
        <EffectTag effect={object.effect} /> {title}
      </h3>
      {rejection !== null && cause !== null && (
        <InlineNotification kind="error" role="status" lowContrast hideCloseButton title={cause.title}>
          <p lang="en">{rejection.message}</p>
          <p>{cause.remedy}</p>
        </InlineNotification>
      )}
      {sending === null && <p className="quiet">{preview.notSent}</p>}
      {there === null && <p className="quiet">{preview.notThere}</p>}
      <DataTable
        caption={title}
        rows={lines}
        keyOf={({ field }) => field}
        rowClass={({ differs }) => (differs && there !== null && sending !== null ? 'differs' : undefined)}
        columns={[
          {
            key: 'field',
            head: preview.field,
            cell: ({ field, differs }) => (
              <>
                {field in fixed ? fixed[field as keyof typeof fixed] : named(field)}
                {differs && there !== null && sending !== null && <span className="quiet small"> · {preview.differs}</span>}
              </>
            ),
          },
          { key: 'sending', head: preview.sending, className: 'changed', cell: (line: Line) => value(line, 'sending') },
          { key: 'there', head: preview.there, cell: (line: Line) => value(line, 'there') },
        ]}
      />
    </section>
  )
}
