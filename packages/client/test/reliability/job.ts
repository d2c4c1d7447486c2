// What parent and child agree on.

/** The first line the child reads. */
export interface Job {
  readonly directory: string;
  readonly seed: number;
}

/** A document of the workload: every change adds one token that comes nowhere else, in three places, and sets `last` to its number. */
export interface Note {
  tokens: string[];
  last: number;
  text: string;
  seen: Record<string, { at: Date }>;
  /** At the top level, where two beginnings of one document have no list or map of their own. */
  [mark: `+${string}`]: true;
}

/** The lines by which the child acknowledges. `deleting` comes before: killed on the way, the document may be deleted or not. */
export type Line =
  | { readonly type: "created" | "changed"; readonly id: string; readonly token: string; readonly last: number }
  | { readonly type: "many"; readonly ids: readonly string[]; readonly token: string }
  | { readonly type: "deleting" | "deleted"; readonly id: string }
  | { readonly type: "admitted"; readonly user: string }
  | { readonly type: "sealed"; readonly writer: string; readonly seq: number; readonly entry: string };

/** The acknowledgement in a line of the child, or null for one that says only how far it is. */
export function parseLine(line: string): Line | null {
  const [type = "", ...rest] = line.split(" ");
  const [first = "", second = "", third = ""] = rest;
  switch (type) {
    case "created":
    case "changed":
      return { type, id: first, token: second, last: Number(third) };
    case "many":
      return { type, token: first, ids: second.split(",") };
    case "deleting":
    case "deleted":
      return { type, id: first };
    case "admitted":
      return { type, user: first };
    case "sealed":
      return { type, writer: first, seq: Number(second), entry: third };
    default:
      return null;
  }
}
