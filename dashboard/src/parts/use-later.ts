import { useEffect, useState } from 'react'

/** A value when it has rested for a while: for what is asked while somebody types. */
export function useLater<Value>(value: Value, ms = 300): Value {
  const [later, setLater] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return later
}
