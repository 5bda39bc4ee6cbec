/** File names as the original gave them; a colon is not possible in every system's names. */
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export function exportName(name: string | undefined, now: Date): string {
  if (name !== undefined) return `${name}.json`
  const two = (n: number) => String(n).padStart(2, '0')
  const day = `${two(now.getDate())}${MONTHS[now.getMonth()]}${now.getFullYear()}`
  return `AllMappingExport_${day}_${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}.json`
}
