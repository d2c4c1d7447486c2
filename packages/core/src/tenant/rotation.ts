import type { CryptoProvider } from "@selkie/crypto";
import { compareBytes, equalBytes } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DirectoryKey } from "../directory/key-catalog.ts";
import type { LinkStatement, RotateStatement } from "../directory/statement.ts";
import { maxItems } from "../directory/statement-fields.ts";
import { hexOf } from "../hex.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { type KeyVersion, newKeyVersion } from "../keys/key-version.ts";
import { sealLink } from "../keys/version-link.ts";
import { leadsToAll } from "./turned-keys.ts";

/** What a device knows and holds. */
export interface Held {
  readonly view: DirectoryView;
  readonly ring: KeyRing;
}

/** New versions of keys, and what the directory has to say about them. */
export interface Rotation {
  readonly versions: readonly KeyVersion[];
  /** By version: those that it leads to, in hex. */
  readonly leadsTo: ReadonlyMap<KeyVersion, ReadonlySet<string>>;
  readonly statements: readonly RotateStatement[];
  /** To be sealed under the new directory key: who holds only that one can't read the statement that makes it. */
  readonly links: readonly LinkStatement[];
}

/**
 * Makes the next version of each key. It links those it follows on, as far as this device can open them, so that history stays readable,
 * and with them what others that turned the key could not link.
 */
export async function draftRotation(
  crypto: CryptoProvider,
  held: Held,
  keys: readonly DirectoryKey[],
): Promise<Rotation> {
  const versions: KeyVersion[] = [];
  const leadsTo = new Map<KeyVersion, ReadonlySet<string>>();
  const statements: RotateStatement[] = [];
  const links: LinkStatement[] = [];
  const inFull = held.ring.confirmed().filter(({ historyBytes }) => historyBytes !== null);
  const inFullByKey = Map.groupBy(inFull, ({ keyId }) => hexOf(keyId));
  for (const { keyId, name, kind, current, open } of keys) {
    const next = await newKeyVersion(crypto, name, keyId);
    const known = inFullByKey.get(hexOf(keyId)) ?? [];
    const last = lastOf(held, { keyId, current }, known);
    leadsTo.set(next, new Set(known.map(({ version }) => hexOf(version))));
    const linked = await Promise.all(last.map((version) => sealLink(crypto, next, version)));
    const isDirectory = kind === "directory";
    const over = open.slice(0, maxItems); // what is left is turned next
    versions.push(next);
    statements.push({ type: "rotate", keyId, over, commitment: next.version, links: isDirectory ? [] : linked });
    if (isDirectory) links.push({ type: "link", keyId, version: next.version, links: linked });
  }
  return { versions, leadsTo, statements, links };
}

/**
 * Of the versions of a key that this device holds with their history, in the order they came, those that lead to all others, ascending: the
 * current ones first of all.
 */
function lastOf(
  held: Held,
  { keyId, current }: Pick<DirectoryKey, "keyId" | "current">,
  known: readonly KeyVersion[],
): readonly KeyVersion[] {
  const last = known.filter(({ version }) => current.some((one) => equalBytes(one, version)));
  if (known.length === 0 || leadsToAll(held, keyId, known)) return last;
  const ledTo = (): ReadonlySet<string> =>
    held.view.keyFitness.ledTo(
      keyId,
      last.map(({ version }) => version),
    );
  let reached = ledTo();
  // Later ones lead to earlier ones.
  for (const key of known.toReversed()) {
    if (reached.has(hexOf(key.version))) continue;
    last.push(key);
    reached = ledTo();
  }
  return last.sort((a, b) => compareBytes(a.version, b.version));
}
