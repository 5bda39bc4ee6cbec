declare module 'virtual:addresses' {
  export const addresses: Readonly<Record<string, { method: 'get' | 'post' | 'put' | 'delete'; path: string }>>
}
