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

/** What a device knows and holds. */
export interface Held {
  readonly view: DirectoryView;
  readonly ring: KeyRing;
}

/** New versions of keys, and what the directory has to say about them. */
export interface Rotation {
  readonly versions: readonly KeyVersion[];
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
  const statements: RotateStatement[] = [];
  const links: LinkStatement[] = [];
  for (const { keyId, name, kind, current, open } of keys) {
    const next = await newKeyVersion(crypto, name, keyId);
    const linked = await Promise.all(lastOf(held, keyId, current).map((version) => sealLink(crypto, next, version)));
    const isDirectory = kind === "directory";
    const over = open.slice(0, maxItems); // what is left is turned next
    versions.push(next);
    statements.push({ type: "rotate", keyId, over, commitment: next.version, links: isDirectory ? [] : linked });
    if (isDirectory) links.push({ type: "link", keyId, version: next.version, links: linked });
  }
  return { versions, statements, links };
}

/** The versions of a key that this device holds with their history and that lead to all others it so holds, ascending: the current ones first of all. */
function lastOf({ view, ring }: Held, keyId: Uint8Array, current: readonly Uint8Array[]): readonly KeyVersion[] {
  const held = ring
    .confirmed()
    .toReversed() // later ones lead to earlier ones
    .filter((key) => key.historyBytes !== null && hexOf(key.keyId) === hexOf(keyId));
  const last = held.filter(({ version }) => current.some((one) => equalBytes(one, version)));
  let reached = view.keyFitness.ledTo(
    keyId,
    last.map(({ version }) => version),
  );
  for (const key of held) {
    if (reached.has(hexOf(key.version))) continue;
    last.push(key);
    reached = view.keyFitness.ledTo(
      keyId,
      last.map(({ version }) => version),
    );
  }
  return last.sort((a, b) => compareBytes(a.version, b.version));
}
