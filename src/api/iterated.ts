/** What a callback gives, as something to iterate over: the giver waits until the taker has taken, and is told when the taker has gone. */
export function iterated<Item>(produce: (give: (item: Item) => Promise<void>) => Promise<void>): AsyncIterable<Item> {
  const { readable, writable } = new TransformStream<Item, Item>()
  const writer = writable.getWriter()
  produce((item) => writer.write(item))
    .then(
      () => writer.close(),
      (error: unknown) => writer.abort(error),
    )
    .catch(() => {})
  return readable
}
