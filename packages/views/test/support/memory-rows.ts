import type { DerivedRows } from "@selkie/core";

/** What is kept of an index, in memory. @param mayCommit whether a commit is still made; what is not made throws */
export function memoryRows(
  mayCommit: () => boolean = () => true,
): DerivedRows & { readonly all: Map<string, Uint8Array> } {
  const all = new Map<string, Uint8Array>();
  const name = (key: Uint8Array): string => [...key].join(" ");
  return {
    all,
    read: async (key) => all.get(name(key)),
    commit: async (put, remove) => {
      if (!mayCommit()) throw new Error("the machine has stopped");
      for (const [key, value] of put) all.set(name(key), value);
      for (const key of remove) all.delete(name(key));
    },
    restart: async () => all.clear(),
    release: () => undefined,
  };
}
