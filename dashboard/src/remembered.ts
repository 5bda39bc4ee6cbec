/** Small choices of this browser's user. A browser that keeps nothing has the defaults each time. */
const PREFIX = 'dhis2-sync.'

export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name)
  } catch {
    return null
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value)
  } catch {
    // private windows may refuse
  }
}
