import type { CryptoProvider } from "@selkie/crypto";
import { equalBytes } from "@selkie/entry";
import type { DirectoryKey } from "../directory/key-catalog.ts";
import type { LinkStatement, RotateStatement } from "../directory/statement.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { type KeyVersion, newKeyVersion } from "../keys/key-version.ts";
import { type SealedLink, sealLink } from "../keys/version-link.ts";

/** New versions of keys, and what the directory has to say about them. */
export interface Rotation {
  readonly versions: readonly KeyVersion[];
  readonly statements: readonly RotateStatement[];
  /** To be sealed under the new directory key: who holds only that one can't read the statement that makes it. */
  readonly links: readonly LinkStatement[];
}

/** Makes the next version of each key. It links those it follows on, as far as this device can open them, so that history stays readable. */
export async function draftRotation(
  crypto: CryptoProvider,
  ring: KeyRing,
  keys: readonly DirectoryKey[],
): Promise<Rotation> {
  const versions: KeyVersion[] = [];
  const statements: RotateStatement[] = [];
  const links: LinkStatement[] = [];
  for (const { keyId, name, kind, current, open } of keys) {
    const next = await newKeyVersion(crypto, name, keyId);
    const linked = await linksTo(crypto, ring, { next, current });
    const isDirectory = kind === "directory";
    versions.push(next);
    statements.push({ type: "rotate", keyId, over: open, commitment: next.version, links: isDirectory ? [] : linked });
    if (isDirectory) links.push({ type: "link", keyId, version: next.version, links: linked });
  }
  return { versions, statements, links };
}

async function linksTo(
  crypto: CryptoProvider,
  ring: KeyRing,
  { next, current }: { readonly next: KeyVersion; readonly current: readonly Uint8Array[] },
): Promise<readonly SealedLink[]> {
  const held = ring
    .confirmed()
    .filter(({ version, historyBytes }) => historyBytes !== null && current.some((one) => equalBytes(one, version)));
  return await Promise.all(held.map((version) => sealLink(crypto, next, version)));
}
