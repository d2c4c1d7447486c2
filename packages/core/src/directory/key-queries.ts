// Questions about keys, answered from the catalog and from who opens what.
import { equalBytes } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import type { Member } from "./admission.ts";
import type { DirectoryView } from "./directory-view.ts";
import type { KeyCatalog } from "./key-catalog.ts";
import { isSafe, keyFitness } from "./key-fitness.ts";
import {
  everyUserKeyOf,
  type KeyRules,
  lacksUserKey,
  type PersonSlot,
  readersGained,
  recipientsOf,
  slotsOf,
  userKeysOf,
} from "./key-recipients.ts";
import type { FoundStatement } from "./statement.ts";

/** What the directory says of keys and versions. */
export function keyQueries(
  catalog: KeyCatalog,
): Pick<DirectoryView, "keys" | "key" | "commits" | "isEntitled" | "dueHistory"> {
  const { keys, find, isEntitled, dueHistory } = catalog;
  return {
    keys: () => keys,
    key: find,
    commits: (keyId, version) => find(keyId)?.versions.some((known) => equalBytes(known, version)) === true,
    isEntitled,
    dueHistory,
  };
}

/** What the directory says of who is due keys. */
export function dueQueries(
  rules: KeyRules,
  { found, users }: { readonly found: FoundStatement | null; readonly users: readonly Member[] },
): Pick<DirectoryView, "recipients" | "readersGained" | "userKeys" | "everyUserKey" | "lacksUserKey" | "slots"> {
  let slots: readonly PersonSlot[] | null = null;
  return {
    recipients: (keyId) => recipientsOf(rules, keyId),
    readersGained: (from, to) => readersGained(rules, from, to),
    userKeys: (member) => userKeysOf(rules, member),
    everyUserKey: (member) => everyUserKeyOf(rules, member),
    slots: () => {
      slots ??= found === null ? [] : slotsOf(rules, users, found.directoryKey.keyId);
      return slots;
    },
    lacksUserKey: (member) => found !== null && lacksUserKey(rules, member, found.directoryKey.keyId),
  };
}

/** What the directory says of who opens keys. */
export function fitnessQueries(rules: KeyRules): Pick<DirectoryView, "isSafe" | "keyFitness"> {
  /** Every flush asks, and the answer follows from all members. */
  const safe = new Map<string, boolean>();
  return {
    isSafe: (keyId) => {
      const known = safe.get(hexOf(keyId)) ?? isSafe(rules, keyId);
      safe.set(hexOf(keyId), known);
      return known;
    },
    keyFitness: keyFitness(rules),
  };
}
