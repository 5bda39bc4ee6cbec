import {
  Header,
  HeaderContainer,
  HeaderGlobalBar,
  HeaderMenuButton,
  HeaderMenuItem,
  HeaderName,
  HeaderNavigation,
  HeaderSideNavItems,
  SideNav,
  SideNavItems,
} from '@carbon/react'
import { NavLink, useHref, useLocation, useNavigate } from 'react-router'
import { useTexts } from '../i18n/texts.tsx'
import { mayOne, useSession } from '../login/session.tsx'
import { AccountMenu } from './account-menu.tsx'
import { DESTINATIONS, type Destination } from './navigation.ts'

/** Carbon's bar with the pages in it; on narrow screens they are behind the menu button. */
export function TopBar() {
  const { app, nav } = useTexts()
  const session = useSession()
  const mine = DESTINATIONS.filter(({ rights }) => mayOne(session, rights))
  const home = useHref('/')
  const navigate = useNavigate()
  return (
    <HeaderContainer
      render={({ isSideNavExpanded, onClickSideNavExpand }) => (
        <Header aria-label={app.title}>
          <HeaderMenuButton
            aria-label={isSideNavExpanded ? app.closeMenu : app.openMenu}
            onClick={onClickSideNavExpand}
            isActive={isSideNavExpanded}
            aria-expanded={isSideNavExpanded}
          />
          <HeaderName
            href={home}
            prefix="Bahmni"
            onClick={(event: React.MouseEvent) => {
              event.preventDefault()
              void navigate('/')
            }}
          >
            {app.title}
          </HeaderName>
          <HeaderNavigation aria-label={app.menu}>
            {mine.map((destination) => (
              <MenuItem key={destination.name} {...destination} text={nav[destination.name]} />
            ))}
          </HeaderNavigation>
          <HeaderGlobalBar>
            <AccountMenu />
          </HeaderGlobalBar>
          {isSideNavExpanded && (
            <SideNav aria-label={app.sideMenu} expanded isPersistent={false} onSideNavBlur={onClickSideNavExpand}>
              <SideNavItems>
                <HeaderSideNavItems>
                  {mine.map((destination) => (
                    <MenuItem key={destination.name} {...destination} text={nav[destination.name]} close={onClickSideNavExpand} />
                  ))}
                </HeaderSideNavItems>
              </SideNavItems>
            </SideNav>
          )}
        </Header>
      )}
    />
  )
}

function MenuItem({ to, outside, text, close }: Destination & { text: string; close?: () => void }) {
  const { pathname } = useLocation()
  const active = pathname === to || pathname.startsWith(`${to}/`) || (to === '/sync' && /^\/(runs|preview)\//.test(pathname))
  return outside ? (
    <HeaderMenuItem href={new URL(to, document.baseURI).href}>{text}</HeaderMenuItem>
  ) : (
    <HeaderMenuItem as={NavLink} to={to} isActive={active} {...(close && { onClick: close })}>
      {text}
    </HeaderMenuItem>
  )
}
