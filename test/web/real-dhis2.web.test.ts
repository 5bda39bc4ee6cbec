/** One journey on a genuine DHIS2: what a clerk sees is what that server has. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PASSWORD } from '../support/site.ts'
import { openRealSite, type RealSite } from './support/real-site.ts'

const url = process.env['DHIS2_241_URL']

describe.runIf(url)('on DHIS2 2.41', () => {
  let real: RealSite
  beforeAll(async () => {
    real = await openRealSite({
      patients: 4,
      env: { DHIS2_URL: url, DHIS2_USERNAME: 'sync', DHIS2_PASSWORD: PASSWORD, DHIS2_RETRY_SECONDS: '30', SITE_ID: `web-${Date.now()}` },
    })
  })
  afterAll(() => real.close())

  test('a clerk syncs, and the run’s numbers are what DHIS2 has', async () => {
    const { page, complaints } = await real.openSignedIn('/sync')
    const row = page.getByRole('row', { name: /^HTS Service/ })
    await row.getByLabel('Comments for HTS Service').fill('On the real one')
    await row.getByRole('button', { name: 'Sync to DHIS HTS Service' }).click()
    await row.getByRole('link', { name: /Details|Failed|Succeeded/ }).click()
    await page.getByText('Ended', { exact: true }).waitFor({ timeout: 120_000 })
    const patients = page.getByRole('table', { name: 'Records' }).getByRole('row', { name: /^Patients/ })
    const [created, updated, unchanged, rejected] = (await patients.getByRole('cell').allInnerTexts()).slice(1, 5).map(Number)
    // a server that has met this clinic before finds its patients again
    expect([created! + updated! + unchanged!, rejected]).toEqual([4, 0])
    const [{ instance_id: uid } = { instance_id: '' }] = await real.site.db.query<{ instance_id: string }>(
      'select instance_id from instance_tracker limit 1',
    )
    const answer = await fetch(`${url}/api/tracker/trackedEntities/${uid}?fields=attributes[attribute,value]`, {
      headers: { authorization: `Basic ${btoa(`sync:${PASSWORD}`)}` },
    })
    expect(await answer.json()).toMatchObject({
      attributes: expect.arrayContaining([expect.objectContaining({ attribute: 'TEAUicCode1' })]),
    })
    await page.goto(`${real.url}/settings`)
    await page
      .getByText(/^2\.41/)
      .first()
      .waitFor()
    expect(complaints).toEqual([])
  })
})
