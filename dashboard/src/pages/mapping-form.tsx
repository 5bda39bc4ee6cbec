export function NewMappingPage() {
  return <></>
}
export function EditMappingPage() {
  return <></>
}
