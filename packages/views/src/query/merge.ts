/** Several sequences that are in order, as one. */
export async function* merge<Row>(
  sequences: readonly AsyncIterable<Row>[],
  compare: (a: Row, b: Row) => number,
): AsyncGenerator<Row, void> {
  const [only] = sequences;
  if (only !== undefined && sequences.length === 1) return yield* only;
  const iterators = sequences.map((sequence) => sequence[Symbol.asyncIterator]());
  try {
    const heads: { readonly iterator: AsyncIterator<Row>; row: Row }[] = [];
    for (const iterator of iterators) {
      const first = await iterator.next();
      if (first.done !== true) heads.push({ iterator, row: first.value });
    }
    while (heads.length > 0) {
      let [least] = heads;
      for (const head of heads) if (least !== undefined && compare(head.row, least.row) < 0) least = head;
      if (least === undefined) return;
      yield least.row;
      const next = await least.iterator.next();
      if (next.done === true) heads.splice(heads.indexOf(least), 1);
      else least.row = next.value;
    }
  } finally {
    for (const iterator of iterators) await iterator.return?.();
  }
}
