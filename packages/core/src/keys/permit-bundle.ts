// What a permit opens: the secrets of key versions, all versions due to its recipients in one bundle.
import type { Plaintext } from "@selkie/crypto";
import { type ByteReader, ByteWriter, compareBytes, equalBytes, type Verifier } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { bundleFloor, pad, readPadded } from "../sealing/padme.ts";
import { commitmentOf, historyHash, type KeySecrets, type KeyVersion } from "./key-version.ts";

/** How far back a permit lets its recipient read. */
export type HistoryPolicy = "full" | "from-now";

const full = 1;
const fromNow = 0;

/** Encodes and pads. @throws CoreError `KEY_WITHHELD` when this device was not given a history secret itself */
export function encodePermitBundle(
  verifier: Verifier,
  versions: readonly KeyVersion[],
  history: HistoryPolicy,
): Plaintext {
  const ordered = versions.toSorted((a, b) => compareBytes(a.version, b.version));
  const writer = new ByteWriter(2 + 113 * ordered.length).u16(ordered.length);
  for (const { keyId, version, contentBytes, historyBytes } of ordered) {
    if (historyBytes === null) throw new CoreError("KEY_WITHHELD", "a permit needs both secrets of a key version");
    writer
      .u8(history === "full" ? full : fromNow)
      .bytes(keyId)
      .bytes(version)
      .bytes(contentBytes);
    writer.bytes(history === "full" ? historyBytes : historyHash(verifier, historyBytes));
  }
  return pad(writer.finish(), bundleFloor);
}

/**
 * Decodes a bundle and holds every version against the commitment it comes with.
 *
 * @throws CoreError `PART_MALFORMED`; `KEY_UNAUTHENTIC` when secrets are not those of the version they are said to be
 */
export function decodePermitBundle(verifier: Verifier, plaintext: Plaintext): readonly KeySecrets[] {
  return readPadded(
    plaintext,
    (reader) => readVersions(verifier, reader),
    () => bundleFloor,
  );
}

function readVersions(verifier: Verifier, reader: ByteReader): readonly KeySecrets[] {
  const versions: KeySecrets[] = [];
  for (let left = reader.u16(); left > 0; left--) {
    const version = readVersion(verifier, reader);
    const before = versions.at(-1);
    if (before !== undefined && compareBytes(before.version, version.version) >= 0) {
      throw new CoreError("PART_MALFORMED", "the versions of a bundle are not ascending");
    }
    versions.push(version);
  }
  return versions;
}

function readVersion(verifier: Verifier, reader: ByteReader): KeySecrets {
  const mode = reader.u8();
  if (mode !== full && mode !== fromNow) throw new CoreError("PART_MALFORMED", `unknown permit mode ${mode}`);
  const keyId = reader.bytes(16).slice();
  const version = reader.bytes(32).slice();
  const content = reader.bytes(32).slice();
  const last = reader.bytes(32).slice();
  const history = mode === full ? last : null;
  // SECURITY: A1, A10. Secrets that do not match their commitment are never used for anything (permit.test.ts).
  const commitment = commitmentOf(verifier, keyId, content, history === null ? last : historyHash(verifier, history));
  if (!equalBytes(commitment, version))
    throw new CoreError("KEY_UNAUTHENTIC", "a permit holds other secrets than it names");
  return { keyId, name: "", version, content, history };
}
