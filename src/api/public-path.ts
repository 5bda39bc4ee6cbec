/** What a proxy takes away of our addresses, as a browser has to write it: "" or "/dhis2-sync". */
export const publicPath = (publicUrl: string | null): string => (publicUrl === null ? '' : new URL(publicUrl).pathname.replace(/\/$/, ''))
