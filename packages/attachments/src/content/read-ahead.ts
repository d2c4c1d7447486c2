// What is asked for soon is fetched while what came before is being used.

/** The results of `load` for each item, in order; so many are loaded ahead. Nothing is left running when it ends. */
export async function* readAhead<Item, Result>(
  items: AsyncGenerator<Item, void>,
  load: (item: Item) => Promise<Result>,
  ahead: number,
): AsyncGenerator<Result, void> {
  const loading: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      loading.push(begun(load(item)));
      const [first] = loading;
      if (loading.length < ahead || first === undefined) continue;
      yield await first;
      loading.shift();
    }
    for (let first = loading[0]; first !== undefined; first = loading[0]) {
      yield await first;
      loading.shift();
    }
  } finally {
    await Promise.allSettled(loading);
  }
}

/** Its failure is told to who waits for it, or to nobody. */
function begun<Result>(work: Promise<Result>): Promise<Result> {
  work.catch(() => undefined);
  return work;
}
