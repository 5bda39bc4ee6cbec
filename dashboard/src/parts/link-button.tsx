import { Button, type ButtonKind, type ButtonSize } from '@carbon/react'
import type { ComponentType, ReactNode } from 'react'
import { Link } from 'react-router'

interface Props {
  to: string
  children: ReactNode
  kind?: ButtonKind
  size?: ButtonSize
  renderIcon?: ComponentType
  /** where the text alone does not say what it is about */
  label?: string
}

/** Looks like a button and is a link: it can be opened in another tab. */
export function LinkButton({ to, children, kind = 'primary', size = 'md', renderIcon, label }: Props) {
  return (
    <Button
      as={Link}
      to={to}
      kind={kind}
      size={size}
      {...(label !== undefined && { 'aria-label': label })}
      {...(renderIcon && { renderIcon })}
    >
      {children}
    </Button>
  )
}
