import type { Attribute, DataElement, Metadata, OptionSet, OrgUnit, Program } from './metadata.ts'

/** The default metadata: a small country, one person type, and the three programs of the demo. */

const clinic = (id: string, code: string, name: string, parent: string): OrgUnit => ({ id, code, name: `${name} Clinic`, parent })

const orgUnits: readonly OrgUnit[] = [
  { id: 'OUCountry01', code: 'TL', name: 'Testland' },
  { id: 'OUProvHre01', code: 'P-N', name: 'Northern Province', parent: 'OUCountry01' },
  { id: 'OUProvByo01', code: 'P-S', name: 'Southern Province', parent: 'OUCountry01' },
  { id: 'OUDistHre01', code: 'D-N1', name: 'Lakeside District', parent: 'OUProvHre01' },
  { id: 'OUDistHre02', code: 'D-N2', name: 'Hilltop District', parent: 'OUProvHre01' },
  { id: 'OUDistByo01', code: 'D-S1', name: 'Riverside District', parent: 'OUProvByo01' },
  { id: 'OUDistByo02', code: 'D-S2', name: 'Savanna District', parent: 'OUProvByo01' },
  clinic('OUClinHre01', 'C-01', 'Acacia', 'OUDistHre01'),
  clinic('OUClinHre02', 'C-02', 'Baobab', 'OUDistHre01'),
  clinic('OUClinHre03', 'C-03', 'Cedar', 'OUDistHre01'),
  clinic('OUClinHre04', 'C-04', 'Date Palm', 'OUDistHre02'),
  clinic('OUClinHre05', 'C-05', 'Ebony', 'OUDistHre02'),
  clinic('OUClinHre06', 'C-06', 'Fig Tree', 'OUDistHre02'),
  clinic('OUClinByo01', 'C-07', 'Gum Tree', 'OUDistByo01'),
  clinic('OUClinByo02', 'C-08', 'Hibiscus', 'OUDistByo01'),
  clinic('OUClinByo03', 'C-09', 'Ironwood', 'OUDistByo01'),
  clinic('OUClinByo04', 'C-10', 'Jacaranda', 'OUDistByo02'),
  clinic('OUClinByo05', 'C-11', 'Kapok', 'OUDistByo02'),
  clinic('OUClinByo06', 'C-12', 'Lemon Tree', 'OUDistByo02'),
]

export const REFERENCE_CLINICS: readonly string[] = orgUnits.filter((unit) => unit.id.startsWith('OUClin')).map((unit) => unit.id)

const optionSet = (id: string, name: string, options: readonly (readonly [id: string, code: string, name: string])[]): OptionSet => ({
  id,
  name,
  options: options.map(([optionId, code, optionName]) => ({ id: optionId, code, name: optionName })),
})

const optionSets: readonly OptionSet[] = [
  optionSet('OPSGender00', 'Gender', [
    ['OPTGendMale', 'Male', 'Male'],
    ['OPTGendFema', 'Female', 'Female'],
  ]),
  optionSet('OPSHivResul', 'HIV test result', [
    ['OPTHivPosit', 'POSITIVE', 'Positive'],
    ['OPTHivNegat', 'NEGATIVE', 'Negative'],
    ['OPTHivIncon', 'INCONCLUSIVE', 'Inconclusive'],
  ]),
  optionSet('OPSHtsEntry', 'HTS entry point', [
    ['OPTEntryOPD', 'OPD', 'Outpatient department'],
    ['OPTEntryANC', 'ANC', 'Antenatal care'],
    ['OPTEntryTBc', 'TB', 'TB clinic'],
    ['OPTEntryOut', 'OUTREACH', 'Community outreach'],
  ]),
  optionSet('OPSTbOutcom', 'TB treatment outcome', [
    ['OPTTbOnTrea', 'ON_TREATMENT', 'On treatment'],
    ['OPTTbCured1', 'CURED', 'Cured'],
    ['OPTTbFailed', 'FAILED', 'Failed'],
    ['OPTTbLostFu', 'LOST', 'Lost to follow-up'],
  ]),
  optionSet('OPSArtRegim', 'ART regimen', [
    ['OPTArtTld01', 'TLD', 'TDF + 3TC + DTG'],
    ['OPTArtTle01', 'TLE', 'TDF + 3TC + EFV'],
    ['OPTArtAzt01', 'AZT_3TC_NVP', 'AZT + 3TC + NVP'],
  ]),
]

const attributes: readonly Attribute[] = [
  { id: 'TEAUicCode1', name: 'UIC', valueType: 'TEXT', unique: true },
  { id: 'TEAFirstNm1', name: 'First name', valueType: 'TEXT' },
  { id: 'TEALastNam1', name: 'Last name', valueType: 'TEXT' },
  { id: 'TEABirthDt1', name: 'Date of birth', valueType: 'DATE' },
  { id: 'TEAGenderS1', name: 'Gender', valueType: 'TEXT', optionSet: 'OPSGender00' },
  { id: 'TEAPhoneNo1', name: 'Phone', valueType: 'PHONE_NUMBER' },
]

/** One row for each data element of a stage: uid, name, value type, option set, compulsory. */
type StageRow = readonly [id: string, name: string, valueType: string, optionSet?: string | null, compulsory?: boolean]
interface StageTable {
  id: string
  name: string
  repeatable: boolean
  rows: readonly StageRow[]
}

const programTables: readonly { id: string; name: string; shortName: string; incidentDateLabel: string; stages: readonly StageTable[] }[] =
  [
    {
      id: 'PRGHtsTest1',
      name: 'HTS - HIV testing',
      shortName: 'HTS',
      incidentDateLabel: 'Date of presentation',
      stages: [
        {
          id: 'PSTHtsInit1',
          name: 'Initial test',
          repeatable: false,
          rows: [
            ['DEHtsTstDt1', 'HTS test date', 'DATE', null, true],
            ['DEHtsEntry1', 'HTS entry point', 'TEXT', 'OPSHtsEntry'],
            ['DEHtsResul1', 'HTS test result', 'TEXT', 'OPSHivResul', true],
            ['DEHtsCouns1', 'HTS counselled', 'BOOLEAN'],
            ['DEHtsTests1', 'HTS tests in the last 12 months', 'INTEGER_POSITIVE'],
            ['DEHtsNotes1', 'HTS notes', 'LONG_TEXT'],
          ],
        },
        {
          id: 'PSTHtsFoll1',
          name: 'Follow-up visit',
          repeatable: true,
          rows: [
            ['DEFupNextD1', 'HTS next appointment', 'DATE'],
            ['DEFupReslt1', 'HTS re-test result', 'TEXT', 'OPSHivResul'],
            ['DEFupLinkd1', 'HTS linked to care', 'BOOLEAN'],
            ['DEFupVisNo1', 'HTS visit number', 'INTEGER_POSITIVE'],
            ['DEFupArtNo1', 'HTS ART number', 'TEXT'],
            ['DEFupNotes1', 'HTS follow-up notes', 'LONG_TEXT'],
          ],
        },
      ],
    },
    {
      id: 'PRGTbTreat1',
      name: 'TB treatment',
      shortName: 'TB',
      incidentDateLabel: 'Date of diagnosis',
      stages: [
        {
          id: 'PSTTbVisit1',
          name: 'Treatment visit',
          repeatable: true,
          rows: [
            ['DETbRegNum1', 'TB registration number', 'TEXT'],
            ['DETbVisDat1', 'TB smear date', 'DATE'],
            ['DETbWeight1', 'TB weight (kg)', 'NUMBER'],
            ['DETbDosesN1', 'TB doses supplied', 'INTEGER_POSITIVE'],
            ['DETbAdhere1', 'TB adherence good', 'BOOLEAN'],
            ['DETbOutcom1', 'TB treatment outcome', 'TEXT', 'OPSTbOutcom'],
          ],
        },
      ],
    },
    {
      id: 'PRGArtCare1',
      name: 'ART care',
      shortName: 'ART',
      incidentDateLabel: 'Date of ART start',
      stages: [
        {
          id: 'PSTArtInit1',
          name: 'ART initiation',
          repeatable: false,
          rows: [
            ['DEArtStart1', 'ART start date', 'DATE', null, true],
            ['DEArtRegim1', 'ART first regimen', 'TEXT', 'OPSArtRegim', true],
            ['DEArtCd4No1', 'ART baseline CD4 count', 'INTEGER_ZERO_OR_POSITIVE'],
            ['DEArtStage1', 'ART WHO stage', 'INTEGER_POSITIVE'],
          ],
        },
        {
          id: 'PSTArtVisit',
          name: 'ART visit',
          repeatable: true,
          rows: [
            ['DEArtVisDt1', 'ART visit date', 'DATE'],
            ['DEArtWeigh1', 'ART weight (kg)', 'NUMBER'],
            ['DEArtViral1', 'ART viral load', 'INTEGER_ZERO_OR_POSITIVE'],
            ['DEArtAdher1', 'ART adherence good', 'BOOLEAN'],
            ['DEArtNextD1', 'ART next appointment', 'DATE'],
            ['DEArtNotes1', 'ART notes', 'LONG_TEXT'],
          ],
        },
      ],
    },
  ]

const dataElements: readonly DataElement[] = programTables.flatMap((program) =>
  program.stages.flatMap((stage) =>
    stage.rows.map(([id, name, valueType, set]) => ({ id, name, valueType, ...(set ? { optionSet: set } : {}) })),
  ),
)

const programs: readonly Program[] = programTables.map(({ stages, ...program }) => ({
  ...program,
  trackedEntityType: 'TETPerson01',
  attributes: attributes.map(({ id }) => ({ id, mandatory: id === 'TEAUicCode1' })),
  orgUnits: REFERENCE_CLINICS,
  stages: stages.map(({ rows, ...stage }) => ({
    ...stage,
    dataElements: rows.map(([id, , , , compulsory]) => ({ id, compulsory: compulsory === true })),
  })),
}))

export const REFERENCE_METADATA: Metadata = {
  orgUnits,
  optionSets,
  attributes,
  dataElements,
  trackedEntityTypes: [{ id: 'TETPerson01', name: 'Person', attributes: attributes.map(({ id }) => ({ id })) }],
  programs,
}
