import { Tag } from '@carbon/react'
import { CheckmarkFilled, ErrorFilled, InProgress, Pending, Misuse, Subtract, type CarbonIconType } from '@carbon/react/icons'
import { useTexts } from '../i18n/texts.tsx'

type Colour = 'green' | 'red' | 'blue' | 'gray' | 'magenta' | 'teal'

/** A state is told by word and sign, never by colour alone. */
const look = (type: Colour, icon: CarbonIconType) => ({ type, icon })
const SYNC = {
  queued: look('gray', Pending),
  running: look('blue', InProgress),
  succeeded: look('green', CheckmarkFilled),
  failed: look('red', ErrorFilled),
  cancelled: look('magenta', Misuse),
}
const LOG = { pending: SYNC.running, success: SYNC.succeeded, failed: SYNC.failed }
const EFFECT = {
  new: look('green', CheckmarkFilled),
  update: look('blue', InProgress),
  unchanged: look('gray', Subtract),
  rejected: look('red', ErrorFilled),
}

export function SyncTag({ state }: { state: keyof typeof SYNC }) {
  return <Sign {...SYNC[state]} text={useTexts().syncStates[state]} />
}
export function LogTag({ state }: { state: keyof typeof LOG }) {
  return <Sign {...LOG[state]} text={useTexts().logStates[state]} />
}
export function EffectTag({ effect }: { effect: keyof typeof EFFECT }) {
  const { type } = EFFECT[effect]
  return (
    <Tag type={type} size="sm">
      {useTexts().effects[effect]}
    </Tag>
  )
}

function Sign({ type, icon: Icon, text }: { type: Colour; icon: CarbonIconType; text: string }) {
  return (
    <Tag type={type} size="sm" className="sign">
      <Icon size={12} aria-hidden="true" /> {text}
    </Tag>
  )
}
