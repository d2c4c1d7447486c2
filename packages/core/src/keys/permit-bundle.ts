// What a permit opens: the secrets of key versions, all versions due to its recipients in one bundle.
import type { Plaintext } from "@selkie/crypto";
import { type ByteReader, ByteWriter, compareBytes, equalBytes, type Verifier } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { bundleFloor, pad, readPadded } from "../sealing/padme.ts";
import { commitmentOf, historyHash, type KeySecrets, type KeyVersion } from "./key-version.ts";

/** How far back a permit lets its recipient read. */
export type HistoryPolicy = "full" | "from-now";

/** A secret that the devices of one person share. */
export interface UserKeySecret {
  /** The person's KEM key, or the key that lets its devices in at relays. */
  readonly kind: "user" | "slot";
  /** `identityKeyName` of the public key, 32 bytes. */
  readonly name: Uint8Array;
  /** 32 bytes. */
  readonly seed: Uint8Array;
}

/** What a bundle holds. */
export interface PermitBundle {
  readonly versions: readonly KeySecrets[];
  /** Not compared with their names yet: that takes a key. */
  readonly userKeys: readonly UserKeySecret[];
}

const fromNow = 0;
const full = 1;
const userKey = 2;
const slotKey = 3;

/** Encodes and pads the secrets of user keys. */
export function encodeUserKeys(userKeys: readonly UserKeySecret[]): Plaintext {
  const ordered = userKeys.toSorted((a, b) => compareBytes(a.name, b.name));
  const writer = new ByteWriter(2 + 65 * ordered.length).u16(ordered.length);
  for (const { kind, name, seed } of ordered)
    writer
      .u8(kind === "user" ? userKey : slotKey)
      .bytes(name)
      .bytes(seed);
  return pad(writer.finish(), bundleFloor);
}

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
export function decodePermitBundle(verifier: Verifier, plaintext: Plaintext): PermitBundle {
  return readPadded(
    plaintext,
    (reader) => readBundle(verifier, reader),
    () => bundleFloor,
  );
}

function readBundle(verifier: Verifier, reader: ByteReader): PermitBundle {
  const versions: KeySecrets[] = [];
  const userKeys: UserKeySecret[] = [];
  let before: Uint8Array = new Uint8Array();
  for (let left = reader.u16(); left > 0; left--) {
    const mode = reader.u8();
    const isPersonal = mode === userKey || mode === slotKey;
    const kind = mode === userKey ? "user" : "slot";
    if (isPersonal) userKeys.push({ kind, name: reader.bytes(32).slice(), seed: reader.bytes(32).slice() });
    else versions.push(readVersion(verifier, reader, mode));
    const name = (isPersonal ? userKeys.at(-1)?.name : versions.at(-1)?.version) ?? before;
    if (compareBytes(before, name) >= 0)
      throw new CoreError("PART_MALFORMED", "the rows of a bundle are not ascending");
    before = name;
  }
  return { versions, userKeys };
}

function readVersion(verifier: Verifier, reader: ByteReader, mode: number): KeySecrets {
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
