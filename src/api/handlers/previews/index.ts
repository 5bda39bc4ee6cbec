import type { previewOperations } from '../../contract/previews.ts'
import type { Handlers } from '../../handler.ts'
import { previewPatient } from './preview-patient.ts'
import { readPreview } from './read-preview.ts'
import { readPreviewCsv } from './read-preview-csv.ts'

export const previewHandlers: Handlers<typeof previewOperations> = { readPreview, readPreviewCsv, previewPatient }
