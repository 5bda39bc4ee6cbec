/** What the program offers, by right: the menu and the home page have the same order. */
import { Calendar, DataBase, Document, List, Renew, Settings, WarningAlt, type CarbonIconType } from '@carbon/react/icons'
import type { Right } from '../../../src/api/contract/operation.ts'
import type { Catalogue } from '../i18n/en.ts'

export interface Destination {
  name: keyof Catalogue['nav'] & keyof Catalogue['home']
  to: string
  rights: readonly Right[]
  icon: CarbonIconType
  /** served by the server itself, not by this interface */
  outside?: true
}

export const DESTINATIONS: readonly Destination[] = [
  { name: 'mapping', to: '/mapping', rights: ['mapping'], icon: DataBase },
  { name: 'sync', to: '/sync', rights: ['upload'], icon: Renew },
  { name: 'logs', to: '/logs', rights: ['log'], icon: Document },
  { name: 'rejected', to: '/rejected', rights: ['upload', 'log'], icon: WarningAlt },
  { name: 'schedules', to: '/schedules', rights: ['upload'], icon: Calendar },
  { name: 'queues', to: 'queues', rights: ['mapping', 'upload', 'log'], icon: List, outside: true },
  { name: 'settings', to: '/settings', rights: ['mapping'], icon: Settings },
]
