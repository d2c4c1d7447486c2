/** What is kept of a database under a name of its own. */
export type KeptType = "view" | "index" | "search";

/** The names of its rows (`derivedRowsOf`). An index has two places, of which one holds it, and the other the one that is being made. */
export const rowNames: {
  view(name: string): readonly [string];
  search(name: string): readonly [string];
  index(name: string): readonly [string, string];
} = {
  view: (name) => [`view ${name}`],
  search: (name) => [`search ${name}`],
  index: (name) => [`index ${name} a`, `index ${name} b`],
};

const NAMED = /^(?:(?<type>view|search) (?<name>.*)|index (?<index>.*) [ab])$/su;

/** What rows are of; null for what no view, search or index has. */
export function ofRows(rows: string): { readonly type: KeptType; readonly name: string } | null {
  const { type, name, index } = NAMED.exec(rows)?.groups ?? {};
  if (index !== undefined) return { type: "index", name: index };
  return name === undefined ? null : { type: type === "view" ? "view" : "search", name };
}
