import type { Mapping } from '../../src/core/mapping.ts'

type Columns = Record<string, string>

/** The mapping with other columns of the instance relation or the first event relation. */
export function withColumns(mapping: Mapping, columns: { instance?: Columns; event?: Columns }): Mapping {
  const { instance = mapping.instance.columns, event = mapping.events[0]!.columns } = columns
  return {
    ...mapping,
    instance: { ...mapping.instance, columns: instance },
    events: mapping.events.map((relation, i) => (i === 0 ? { ...relation, columns: event } : relation)),
  }
}
