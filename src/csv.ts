/** RFC 4180; a cell that a spreadsheet would take for a formula gets an apostrophe. */
export function csvLine(values: readonly (string | null)[]): string {
  const cell = (value: string | null) => {
    const safe = /^[=+\-@\t\r]/.test(value ?? '') && !/^-?\d+(\.\d+)?$/.test(value ?? '') ? `'${value}` : (value ?? '')
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  return `${values.map(cell).join(',')}\r\n`
}
