/**
 * At most so many names, each once: of each author one, then of each the next. SECURITY: D12. Whoever says names without end takes the
 * places of nobody else's (by-turns.test.ts).
 */
export function byTurns(
  said: readonly { readonly author: string; readonly name: string }[],
  most: number,
): readonly string[] {
  const queues = [...Map.groupBy(said, ({ author }) => author).values()];
  const names = new Set<string>();
  const longest = queues.reduce((length, queue) => Math.max(length, queue.length), 0);
  for (let turn = 0; turn < longest; turn++)
    for (const queue of queues) {
      const name = queue[turn]?.name;
      if (name !== undefined) names.add(name);
      if (names.size === most) return [...names];
    }
  return [...names];
}
