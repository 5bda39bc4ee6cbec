export async function runDemo(_env: Readonly<Record<string, string | undefined>>, _serve: boolean): Promise<number> {
  throw new Error('to come')
}
