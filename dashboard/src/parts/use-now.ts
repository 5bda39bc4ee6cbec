import { useEffect, useState } from 'react'

/** The time, again every some seconds: for "3 minutes ago". */
export function useNow(seconds = 30): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), seconds * 1000)
    return () => clearInterval(timer)
  }, [seconds])
  return now
}
