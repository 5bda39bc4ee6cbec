import { onlineManager } from '@tanstack/react-query'
import { InlineNotification } from '@carbon/react'
import { useSyncExternalStore } from 'react'
import { useTexts } from '../i18n/texts.tsx'

export function OfflineBanner() {
  const { app } = useTexts()
  const online = useSyncExternalStore(
    (changed) => onlineManager.subscribe(changed),
    () => onlineManager.isOnline(),
  )
  return <div role="status">{online ? null : <InlineNotification kind="warning" lowContrast hideCloseButton title={app.offline} />}</div>
}
