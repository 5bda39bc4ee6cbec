/** Bull Board's page without what is not for here: fonts of the Internet, which clinics have not, and buttons that are refused. */
import type { RequestHandler } from 'express'

const FONTS = /<link href="https:\/\/fonts\.googleapis\.com[^>]*>/
/** Of the buttons only those of board-actions are left: it refuses the others. Its parts have no names but those of their icons. */
const STYLE = `<style>
[class^='queueActions-'],
[class^='jobActions-'] li:not(:has(.lucide-refresh-cw)),
[role='menuitem']:has(.lucide-plus, .lucide-refresh-cw, .lucide-chart-no-axes-gantt, .lucide-gauge, .lucide-trash-2, .lucide-ban) { display: none !important }
</style>`

export const tidyPage: RequestHandler = (_request, response, next) => {
  const send = response.send.bind(response)
  response.send = (body: unknown) => send(typeof body === 'string' && FONTS.test(body) ? body.replace(FONTS, STYLE) : body)
  next()
}
