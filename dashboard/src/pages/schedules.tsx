export function SchedulesPage() {
  return <></>
}
