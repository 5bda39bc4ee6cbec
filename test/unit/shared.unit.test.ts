/** Answers that many ask for at the same time. */
import { describe, expect, test } from 'vitest'
import { openShared } from '../../src/preview/shared.ts'

function shared() {
  const clock = { ms: 0 }
  let made = 0
  const answers = openShared<number>(1000, () => clock.ms)
  const ask = (key: string, takes = 0) =>
    answers(key, async () => {
      made++
      await Promise.resolve()
      clock.ms += takes
      return made
    })
  return { ask, made: () => made }
}

describe('those who ask for the same', () => {
  test('at the same time get one answer, others theirs', async () => {
    const { ask, made } = shared()
    expect(await Promise.all([ask('a'), ask('a'), ask('b')])).toEqual([2, 2, 2])
    expect(made()).toBe(2)
  })
  test('later get a new one', async () => {
    const { ask } = shared()
    expect([await ask('a', 999), await ask('a', 999)]).toEqual([1, 2])
  })
  test('get one that took long for a while', async () => {
    const { ask } = shared()
    expect([await ask('a', 1000), await ask('a', 1000)]).toEqual([1, 1])
  })
  test('are not kept from a new one by one that failed', async () => {
    const answers = openShared<number>(0)
    const refused = () => answers('a', () => Promise.reject(new Error('away')))
    await expect(Promise.all([refused(), refused()])).rejects.toThrow('away')
    expect(await answers('a', () => Promise.resolve(1))).toBe(1)
  })
})
