import { asPlaintext, type CryptoProvider } from "@selkie/crypto";
import { concatBytes, fromHex, toHex } from "@selkie/entry";
import { type ChunkKeys, chunkId, sealChunk } from "../../src/content/chunk.ts";
import { CHUNK_BYTES, paddedLength } from "../../src/content/layout.ts";
import { encodeManifest } from "../../src/content/manifest.ts";
import { encodeRow } from "../../src/content/table.ts";
import { manifestBytes } from "../../src/content/write-content.ts";
import { noise } from "../support/noise.ts";
import { hashOf, portable, TestRoom } from "../support/room.ts";
import type { ChunkCase, ContentCase, ManifestCase, VectorFiles } from "./format.ts";
import { sequence } from "./format.ts";

const SECRET = "11".repeat(32);
const VERSION = "22".repeat(32);
const TWO_VERSIONS = `${VERSION}${"23".repeat(32)}`;
const SALT = "33".repeat(32);

export async function importKeys(crypto: CryptoProvider, secret: string, version: string): Promise<ChunkKeys> {
  return { crypto, keys: { chunks: await crypto.importSecret(fromHex(secret)), version: fromHex(version) } };
}

export async function makeVectors(): Promise<VectorFiles> {
  return {
    padding: {
      comment: "Bytes of a last chunk, and with its padding.",
      cases: [1, 4_095, 4_096, 4_097, 8_192, 8_193, 65_536, 65_537, 100_000, 229_376, 229_377, 262_143, 262_144].map(
        (length) => ({ comment: `${length} bytes`, length, padded: paddedLength(length) }),
      ),
    },
    chunk: {
      comment:
        "A padded plaintext, the chunk secret and the joined ids of the key versions: the chunk's id and its sealed bytes. With a code, the sealed bytes do not open.",
      cases: await chunkCases(),
    },
    manifest: { comment: "Manifests and what they say.", cases: manifestCases() },
    content: {
      comment:
        "The first bytes of the sequence in which byte i is 7 i + floor(i / 251), modulo 256, written where nothing was before: the manifest and the blobs.",
      cases: await contentCases(),
    },
  };
}

async function chunkCases(): Promise<readonly ChunkCase[]> {
  const padded = asPlaintext(concatBytes(sequence(5), new Uint8Array(4_091)));
  const make = async (comment: string, version: string, salt: string | null, [level, index]: [number, number]) => {
    const keys = await importKeys(portable(), SECRET, version);
    const id = await chunkId(keys, { salt: salt === null ? null : fromHex(salt), level, index }, padded);
    const sealed = toHex(await sealChunk(keys, id, padded));
    return { comment, secret: SECRET, version, salt, level, index, padded: toHex(padded), id: toHex(id), sealed };
  };
  const plain = await make("shared, of one key version", VERSION, null, [0, 0]);
  const { padded: _, ...refused } = { ...plain, code: "ATTACHMENT_DAMAGED" };
  return [
    plain,
    await make("shared, of two versions that are used as one", TWO_VERSIONS, null, [0, 0]),
    await make("with a salt", VERSION, SALT, [0, 0]),
    await make("with a salt, another place", VERSION, SALT, [1, 0x1_0000_0001]),
    { ...refused, comment: "under another name", id: "44".repeat(32) },
    { ...refused, comment: "of another key version", version: "23".repeat(32) },
    { ...refused, comment: "under another secret", secret: "12".repeat(32) },
    { ...refused, comment: "a bit flipped", sealed: flipped(plain.sealed) },
    { ...refused, comment: "cut short", sealed: plain.sealed.slice(0, -2) },
  ];
}

const flipped = (hex: string): string => `${hex.startsWith("0") ? "1" : "0"}${hex.slice(1)}`;

function manifestCases(): readonly ManifestCase[] {
  const blob = hashOf(portable(), new Uint8Array());
  const row = (at: number, slot = at % 16): Uint8Array => encodeRow({ id: noise(32, at + 1), blob, slot });
  const rows = (count: number): Uint8Array => concatBytes(...Array.from({ length: count }, (_, at) => row(at)));
  const valid = (comment: string, length: number, chunks: number, salt: string | null = null): ManifestCase => {
    const fields = {
      version: fromHex(VERSION),
      length,
      salt: salt === null ? null : fromHex(salt),
      table: rows(chunks),
    };
    return {
      comment,
      bytes: toHex(encodeManifest(fields)),
      version: VERSION,
      length,
      salt,
      table: toHex(fields.table),
    };
  };
  const one = valid("one chunk", 1_000, 1);
  const refuse = (comment: string, bytes: string): ManifestCase => ({ comment, bytes, code: "ATTACHMENT_DAMAGED" });
  const length = (hex: string, chunks: number): string => `0101${VERSION}${hex}00${toHex(rows(chunks))}`;
  return [
    valid("empty", 0, 0),
    one,
    valid("with a salt", 1_000, 1, SALT),
    valid("the longest table in the manifest: 63 chunks", 63 * CHUNK_BYTES, 63),
    valid("a table of its own: 64 chunks", 64 * CHUNK_BYTES, 1),
    valid("2^48 bytes: four tables", 2 ** 48, 1),
    refuse("nothing", ""),
    refuse("another format", `02${one.bytes.slice(2)}`),
    refuse("no key version", `0100${one.bytes.slice(4 + 64)}`),
    refuse("65 key versions", `0141${VERSION.repeat(65)}${one.bytes.slice(4 + 64)}`),
    refuse("a byte short", one.bytes.slice(0, -2)),
    refuse("a byte more", `${one.bytes}00`),
    refuse("a row more than it has chunks", length("0000000000040000", 2)),
    refuse("a row less than it has chunks", length("0000000000040001", 1)),
    refuse("a table of its own, and another one in the manifest", length("0000000001000000", 64)),
    refuse("2^48 + 1 bytes", length("0001000000000001", 1)),
    refuse("2^53 bytes", length("0020000000000000", 1)),
    refuse("2^64 - 1 bytes", length("ffffffffffffffff", 1)),
    refuse(
      "neither with a salt nor without",
      one.bytes.replace(`${VERSION}00000000000003e800`, `${VERSION}00000000000003e802`),
    ),
    refuse("slot 16", `${one.bytes.slice(0, -2)}10`),
  ];
}

async function contentCases(): Promise<readonly ContentCase[]> {
  const make = async (comment: string, length: number, salt: string | null = null): Promise<ContentCase> => {
    const room = new TestRoom(await importKeys(portable(), SECRET, VERSION));
    const written = await room.write(sequence(length), { salt: salt === null ? null : fromHex(salt) });
    const blobs = await Promise.all(
      written.blobs.map(async (hash) => ({ hash: toHex(hash), length: (await room.blobs.sizeOf(hash)) ?? 0 })),
    );
    return { comment, secret: SECRET, version: VERSION, salt, length, manifest: toHex(manifestBytes(written)), blobs };
  };
  return [
    await make("empty", 0),
    await make("one byte", 1),
    await make("one chunk", CHUNK_BYTES),
    await make("a chunk and a byte", CHUNK_BYTES + 1),
    await make("a chunk and a byte, with a salt", CHUNK_BYTES + 1, SALT),
    await make("a blob", 16 * CHUNK_BYTES),
    await make("a table of its own, in a blob of its own", 64 * CHUNK_BYTES),
  ];
}
