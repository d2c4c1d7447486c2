// The executable model of DESIGN.md, read where it lies.
import { pathToFileURL } from "node:url";
import { sharedFile } from "../../../../../tools/shared.ts";
import {
  type Cut,
  chainOf,
  directory,
  type Entry,
  type RevokeFields,
  type Statement,
} from "../../../src/rules/facts.ts";
import { commonKeys, foundingVersion } from "../../../src/rules/keys.ts";

interface ModelEntry {
  readonly id: string;
}

/** What the model says of a set of entries. */
interface ModelResult {
  readonly accepted: ReadonlySet<ModelEntry>;
  readonly quarantined: ReadonlyMap<string, string>;
  readonly changes: ReadonlySet<ModelEntry>;
  readonly live: ReadonlySet<string>;
  readonly ended: ReadonlySet<string>;
  readonly stable: boolean;
  readonly heads: Readonly<Record<string, readonly string[]>>;
  entitled(admission: string, key: string): boolean | undefined;
  canOpenAll(admission: string, key: string): boolean;
  safe(key: string): boolean;
  canSeal(admission: string, key: string): boolean | undefined;
}

export interface Model {
  accept(entries: readonly unknown[]): ModelResult;
}

const file = sharedFile("model/membership.mjs");

/** Null when it is not here: its suites are then reported as not run. */
export const model: Model | null = file === null ? null : await import(/* @vite-ignore */ pathToFileURL(file).href);

/** The model's names of keys. */
export const keyInModel = (key: string): string => (key === "directory" ? "dir" : key);

/** The founding statement, which the model lacks: a chain of the root for each key that it makes. */
export function foundingInModel(): readonly ModelEntry[] {
  return [...commonKeys].map((key) => {
    const stmt = { t: "rotate", key: keyInModel(key), over: [], links: [], to: [] };
    return { id: foundingVersion(key), w: foundingVersion(key), adm: "root", db: "dir", seq: 0, prev: null, stmt };
  });
}

/** An entry as the model has it: with one statement at most, whose id is the entry's. */
export function toModel(entry: Entry): ModelEntry {
  const { id, admission: adm, database, seq, prev, statements, vector, change } = entry;
  const [statement] = statements;
  return {
    id,
    ...{ w: chainOf(entry), adm, db: database === directory ? "dir" : database, seq, prev },
    ...(statement === undefined ? {} : { stmt: statementInModel(statement) }),
    ...(vector.size === 0 ? {} : { vec: Object.fromEntries(vector) }),
    ...(change === undefined ? {} : { doc: "doc", deps: change.dependencies, key: change.key }),
  };
}

function statementInModel(statement: Statement): object {
  switch (statement.type) {
    case "grant": {
      const { role, person, after, keys } = statement.grant;
      return { t: "grant", role, ident: person[0] ?? statement.id, after, keys };
    }
    case "addDevice":
      return { t: "addDevice" };
    case "revoke":
      return { t: "revoke", ...revokeInModel(statement.revoke) };
    case "change": {
      const { role, person, keys } = statement.grant;
      return { t: "change", role, keys, ...revokeInModel(statement.revoke), ident: person[0] };
    }
    case "readmit":
      return { t: "readmit", lifts: statement.lifts, ...readmitInModel(statement.cuts) };
    case "createKey":
      return { t: "rotate", key: keyInModel(statement.key), over: [], links: [], to: [] };
    case "rotate":
      return {
        t: "rotate",
        key: keyInModel(statement.key),
        over: statement.over.map((id) => (id === "founding" ? foundingVersion(statement.key) : id)),
        links: statement.links,
        to: statement.to,
      };
    case "permit":
      return { t: "permit", versions: statement.versions, to: statement.to };
    case "share":
      return { t: "share", key: statement.key, to: statement.to[0] };
    default:
      throw new TypeError(`the model has no ${statement.type}`);
  }
}

function readmitInModel(cuts: ReadonlyMap<string, Cut>): object {
  const [first] = cuts;
  if (first === undefined || cuts.size > 1) throw new TypeError("the model readmits one chain a statement");
  const [chain, { seq, id }] = first;
  return { w: chain, seq, id };
}

function revokeInModel({ targets, keys, cuts }: RevokeFields): object {
  const pairs = [...cuts].map(([chain, { seq, id }]: [string, Cut]) => [chain, [seq, id]]);
  return { targets, ident: keys[0], cuts: Object.fromEntries(pairs) };
}
