// What one device holds, in a text that fits one QR code: two people compare it where no relay can change it. docs/spec/directory.md section 7.3.
import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import {
  ByteReader,
  ByteWriter,
  EntryError,
  labelled,
  parseSignature,
  type Signature,
  type TenantId,
} from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { fromBase32, toBase32 } from "./base32.ts";

/** Beginnings of ids, bytes. What decides is the whole digest of a database; these find and name what differs. */
export const heads = { tenant: 16, device: 8, database: 4, digest: 16, writer: 4, entry: 8 } as const;

/** A chain as its holder has it. */
export interface SaidChain {
  readonly writer: Uint8Array;
  readonly seq: number;
  readonly entry: Uint8Array;
}

/** A database, and as many of its chains as there is room for. */
export interface SaidDatabase {
  readonly database: Uint8Array;
  readonly digest: Uint8Array;
  /** Chains there are. */
  readonly count: number;
  readonly chains: readonly SaidChain[];
}

/** What a device says that it holds. */
export interface SaidHeads {
  readonly tenant: Uint8Array;
  readonly device: Uint8Array;
  /** Databases that it holds and that found no room. */
  readonly left: number;
  readonly databases: readonly SaidDatabase[];
}

/** Said, and by whom: whether the signature holds is for `verifyHeads`. */
export interface SignedHeads extends SaidHeads {
  readonly payload: Uint8Array;
  readonly signature: Signature;
}

const PREFIX = "SELKIE:HEADS:1:";
/** Of a payload. With signature and prefix 1,239 characters: a QR code of version 23 at error correction M holds 1,248. */
const MOST_BYTES = 701;
const MOST_DATABASES = 20;
/** Characters that are looked at: several times the longest valid text. */
const MOST_CHARACTERS = 8_192;

/** Databases as they come; of their chains each has one after the other, until there is no room. */
export function fitHeads(held: Omit<SaidHeads, "left">): SaidHeads {
  const listed = held.databases.slice(0, MOST_DATABASES);
  const left = held.databases.length - listed.length;
  const taken = listed.map(() => 0);
  const said = (): SaidHeads => ({
    ...held,
    left,
    databases: listed.map((each, at) => ({ ...each, chains: each.chains.slice(0, taken[at]) })),
  });
  for (let isFull = false; !isFull; ) {
    isFull = true;
    for (const [at, { chains }] of listed.entries()) {
      const before = taken[at] ?? 0;
      if (before === chains.length) continue;
      taken[at] = before + 1;
      if (encodeHeads(said()).length <= MOST_BYTES) isFull = false;
      else taken[at] = before;
    }
  }
  return said();
}

/** The text, signed by the device that says it. */
export async function signHeads(crypto: CryptoProvider, key: SigningKey, said: SaidHeads): Promise<string> {
  const payload = encodeHeads(said);
  const [signature] = await crypto.signMany(key, "sign-heads", [payload]);
  if (signature === undefined) throw new CoreError("KEY_UNKNOWN", "no signature was made");
  return PREFIX + toBase32(new ByteWriter(payload.length + 64).bytes(payload).bytes(signature).finish());
}

/** White space and case are ignored. @throws CoreError `HEADS_MALFORMED` */
export function readHeads(text: string): SignedHeads {
  if (text.length > MOST_CHARACTERS) throw malformed();
  const plain = text.replaceAll(/\s/g, "").toUpperCase();
  const bytes = plain.startsWith(PREFIX) ? fromBase32(plain.slice(PREFIX.length)) : null;
  if (bytes === null || bytes.length < 64) throw malformed();
  const payload = bytes.subarray(0, -64);
  try {
    return { ...decodeHeads(payload), payload, signature: parseSignature(bytes.slice(-64)) };
  } catch (cause) {
    if (cause instanceof EntryError) throw malformed(cause);
    throw cause;
  }
}

/** Whether the device of this 32-byte signing key said it. */
export async function verifyHeads(crypto: CryptoProvider, device: Uint8Array, said: SignedHeads): Promise<boolean> {
  const message = labelled("sign-heads", said.payload);
  const [isValid] = await crypto.verifyMany([{ publicKey: device, message, signature: said.signature }]);
  return isValid === true;
}

function encodeHeads({ tenant, device, left, databases }: SaidHeads): Uint8Array {
  const writer = new ByteWriter(1_024).bytes(tenant).bytes(device).uleb(left).uleb(databases.length);
  for (const { database, digest, count, chains } of databases) {
    writer.bytes(database).bytes(digest).uleb(count).uleb(chains.length);
    for (const { writer: key, seq, entry } of chains) writer.bytes(key).uleb(seq).bytes(entry);
  }
  return writer.finish();
}

function decodeHeads(bytes: Uint8Array): SaidHeads {
  const reader = new ByteReader(bytes);
  const [tenant, device, left] = [reader.bytes(heads.tenant), reader.bytes(heads.device), reader.uleb()];
  const databases = Array.from({ length: reader.uleb(MOST_DATABASES) }, (): SaidDatabase => {
    const [database, digest] = [reader.bytes(heads.database), reader.bytes(heads.digest)];
    const count = reader.uleb();
    const chains = Array.from({ length: reader.uleb(Math.min(count, MOST_BYTES)) }, (): SaidChain => {
      return { writer: reader.bytes(heads.writer), seq: reader.uleb(), entry: reader.bytes(heads.entry) };
    });
    return { database, digest, count, chains };
  });
  reader.end();
  return { tenant, device, left, databases };
}

/** Whether an id begins so. */
export function begins(id: Uint8Array, beginning: Uint8Array): boolean {
  return beginning.every((byte, at) => id[at] === byte);
}

/** How a tenant is named in such a text. */
export const tenantIn = (tenant: TenantId): Uint8Array => tenant.slice(0, heads.tenant);

const malformed = (cause?: EntryError): CoreError =>
  new CoreError("HEADS_MALFORMED", "the text is not what another device holds, or incomplete or damaged", { cause });
