export function MappingsPage() {
  return <></>
}
