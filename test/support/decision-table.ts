/** The document's two tables, as data: one row is one case, for the pure decision and for every DHIS2. */
import type { EnrollmentStatus } from '../../src/core/model.ts'
import type { EnrollmentStep } from '../../src/core/reconcile.ts'

export interface DecisionRow {
  row: string
  open: 'yes' | 'no'
  step: EnrollmentStep
  status: EnrollmentStatus
  tracker: 'U1' | null
  /** enrollments of the person in DHIS2, oldest first: each is enrolled, and completed, after the one before it */
  before: readonly (readonly ['U1' | 'U2' | 'U3', EnrollmentStatus])[]
  /** statuses after the sync; `new` is the enrollment that was created */
  after: Readonly<Record<string, EnrollmentStatus>> | 'conflict'
  trackerAfter: 'U1' | 'U2' | 'new'
  /** day of the Bahmni enrollment; U1's is 2024-01-01 */
  enrolledAt: string
}

const C = 'COMPLETED'
const A = 'ACTIVE'

const row = (
  name: string,
  step: EnrollmentStep,
  tracker: 'U1' | null,
  before: DecisionRow['before'],
  after: DecisionRow['after'],
  trackerAfter: DecisionRow['trackerAfter'],
  enrolledAt = '2024-03-01',
): DecisionRow => ({
  row: name,
  open: name.startsWith('Y') ? 'yes' : 'no',
  step,
  status: step.endsWith('completed') ? C : A,
  tracker,
  before,
  after,
  trackerAfter,
  enrolledAt,
})

export const DECISION_TABLE: readonly DecisionRow[] = [
  row('Y1', 'new-completed', null, [], { new: C }, 'new'),
  row('Y2', 'new-completed', null, [['U1', A]], { U1: C }, 'U1'),
  row('Y3', 'new-completed', null, [['U1', C]], { U1: C }, 'U1'),
  row(
    'Y4',
    'new-completed',
    null,
    [
      ['U1', C],
      ['U2', C],
    ],
    { U1: C, U2: C },
    'U2',
  ),
  row('Y5', 'updated-completed', 'U1', [['U1', A]], { U1: C }, 'U1'),
  row(
    'Y6',
    'updated-completed',
    'U1',
    [
      ['U1', C],
      ['U2', A],
    ],
    'conflict',
    'U1',
  ),
  row('Y7', 'updated-completed', 'U1', [['U1', C]], { U1: C }, 'U1'),
  row(
    'Y8',
    'updated-completed',
    'U1',
    [
      ['U1', C],
      ['U2', C],
      ['U3', C],
    ],
    { U1: C, U2: C, U3: C },
    'U1',
  ),
  row('Y9', 'new-active', null, [], { new: A }, 'new'),
  row('Y10', 'new-active', null, [['U1', C]], { U1: A }, 'U1'),
  row('Y11', 'new-active', null, [['U1', A]], { U1: A }, 'U1'),
  row('Y12', 'updated-active', 'U1', [['U1', A]], { U1: A }, 'U1'),
  row('Y13', 'updated-active', 'U1', [['U1', C]], { U1: A }, 'U1'),
  row(
    'Y14',
    'updated-active',
    'U1',
    [
      ['U1', C],
      ['U2', A],
    ],
    'conflict',
    'U1',
  ),
  row('N1', 'new-completed', null, [], { new: C }, 'new'),
  row('N2', 'new-completed', null, [['U1', A]], { U1: C }, 'U1'),
  row('N3', 'new-completed', null, [['U1', C]], { U1: C, new: C }, 'new'),
  row(
    'N4',
    'new-completed',
    null,
    [
      ['U1', C],
      ['U2', C],
    ],
    { U1: C, U2: C, new: C },
    'new',
  ),
  row('N5', 'updated-completed', 'U1', [['U1', A]], { U1: C }, 'U1'),
  row(
    'N6',
    'updated-completed',
    'U1',
    [
      ['U1', C],
      ['U2', A],
    ],
    'conflict',
    'U1',
  ),
  row('N7', 'updated-completed', 'U1', [['U1', C]], { U1: C }, 'U1'),
  row(
    'N8',
    'updated-completed',
    'U1',
    [
      ['U1', C],
      ['U2', C],
      ['U3', C],
    ],
    { U1: C, U2: C, U3: C },
    'U1',
  ),
  row('N9', 'new-active', null, [], { new: A }, 'new'),
  row('N10', 'new-active', null, [['U1', C]], { U1: C, new: A }, 'new'),
  row('N11', 'new-active', null, [['U1', A]], { U1: A }, 'U1', '2024-01-25'),
  row('N12', 'new-active', null, [['U1', A]], { U1: A }, 'U1', '2023-12-23'),
  row('N13', 'updated-active', 'U1', [['U1', A]], { U1: A }, 'U1'),
  row('N14', 'updated-active', 'U1', [['U1', C]], { U1: A }, 'U1'),
  row(
    'N15',
    'updated-active',
    'U1',
    [
      ['U1', C],
      ['U2', A],
    ],
    'conflict',
    'U1',
  ),
]
