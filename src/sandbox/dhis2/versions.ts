/** The DHIS2 versions that the sandbox can play. */
export const VERSIONS = ['2.30', '2.41', '2.42', '2.43'] as const
export type Version = (typeof VERSIONS)[number]

/** What a version says of itself, and which of the two APIs it has. */
export interface VersionFacts {
  version: Version
  minor: number
  /** what /api/system/info answers */
  reported: string
  revision: string
  /** /api/trackedEntityInstances, /enrollments, /events: gone in 2.42 */
  legacyApi: boolean
  /** /api/tracker: there since 2.36 */
  trackerApi: boolean
}

const REPORTED: Readonly<Record<Version, readonly [string, string]>> = {
  '2.30': ['2.30', 'ca284eb'],
  '2.41': ['2.41.10-SNAPSHOT', '7b5e54c'],
  '2.42': ['2.42.7-SNAPSHOT', '74bc573'],
  '2.43': ['2.43.2-SNAPSHOT', '7eb8226'],
}

export function factsOf(version: Version): VersionFacts {
  const minor = Number(version.slice(2))
  const [reported, revision] = REPORTED[version]
  return { version, minor, reported, revision, legacyApi: minor <= 41, trackerApi: minor >= 36 }
}
