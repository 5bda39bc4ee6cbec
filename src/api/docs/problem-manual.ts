/** What each code of a refusal means, and what to do: the page that a problem's `type` names. */
import { PROBLEM_CODES, PROBLEMS, type ProblemCode } from '../contract/problem.ts'

const REMEDIES: Readonly<Record<ProblemCode, string>> = {
  'bad-request': 'The answer’s “problems” name each place and what is wrong there. Compare them with the API documentation.',
  'not-signed-in':
    'Sign in, and send the request again. A script sends a token in the header Authorization: Bearer …; it may have been revoked or have run out.',
  'wrong-password':
    'Try again. After several wrong passwords there is a pause. An administrator can set a new one with “bahmni-dhis2-sync users”.',
  forbidden: 'Ask an administrator for the privilege that the answer names. Sign out and in again after it was given.',
  'foreign-origin':
    'Open this program at its own address. Behind a proxy that changes the Host header, set PUBLIC_URL to the address that users open.',
  'not-found': 'It was deleted or renamed, or its address is misspelt.',
  'method-not-allowed': 'The header Allow names the methods that this address takes.',
  'sync-active': 'Wait for the end of the sync that “syncId” names, or cancel it, then try again.',
  'sync-ended': 'There is nothing to do: the sync is over, and its state says how it ended.',
  'name-taken': 'Choose another name. Names are compared as they are written, upper and lower case included.',
  'has-history':
    'What the mapping has brought to DHIS2 stays there, but would not be synced any more. Ask for it with withHistory=true when that is meant.',
  'key-reused': 'A key names one request for ever. Send another request with a key of its own.',
  changed: 'Read it again, make your change in what it is now, and save that.',
  'too-large': 'A body may have 5 MB. Split the file, or leave out what has not changed.',
  'unsupported-media': 'Send JSON in UTF-8, with the header Content-Type: application/json.',
  invalid: 'The answer’s “problems” say what is wrong where. Correct it, then try again.',
  'precondition-required': 'Send the ETag of the version that you have read in the header If-Match.',
  'too-many-requests': 'Wait for as many seconds as the header Retry-After says.',
  internal: 'It is a defect of the program. Look for the answer’s requestId in its log, and tell its makers.',
  'dhis2-unavailable':
    'The answer says what is wrong: DHIS2 is away, or refuses our account, or is not the one that it should be. “bahmni-dhis2-sync check” tries it.',
  'openmrs-unavailable':
    'OpenMRS says who a user is, and does not answer. Check that it runs, and OPENMRS_URL. Accounts of this program go on working.',
  unavailable: 'The database or the queue does not answer. Check that PostgreSQL, and Redis where it is used, run; then try again.',
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

export const PROBLEM_MANUAL = `<!doctype html>
<html lang="en">
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>Problems · Bahmni → DHIS2 sync</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #161616 }
h2 { font-size: 1.1rem; margin: 2rem 0 0 }
h2:target { outline: 2px solid #0f62fe; outline-offset: 4px }
code { font-family: ui-monospace, monospace }
p { margin: 0.25rem 0 }
</style>
<h1>Problems</h1>
<p>A request that is refused gets an answer of type application/problem+json. Its “code” is one of these, its “detail” says what is wrong in this case, and its “requestId” names the request in the program’s log.</p>
${PROBLEM_CODES.map((code) => {
  const { status, title } = PROBLEMS[code]
  return `<h2 id="${code}"><code>${code}</code> · ${status}</h2>\n<p>${escaped(title)}.</p>\n<p>${escaped(REMEDIES[code])}</p>`
}).join('\n')}
</html>
`
