export function SettingsPage() {
  return <></>
}
