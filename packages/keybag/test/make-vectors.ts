// Writes docs/spec/vectors/keybag: `pnpm --filter @selkie/keybag vectors`. Once a format is released its vectors are frozen, and this
// is run only to add to them.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asPlaintext, type CryptoProvider, sealBox, sealCommittedBox } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { ByteWriter, concatBytes, toBase64url, toHex } from "@selkie/entry";
import { encodeContent } from "../src/content.ts";
import { sealExportedKey } from "../src/exported-key.ts";
import { KeyBag, type KeyBagErrorCode } from "../src/index.ts";
import { derivePasswordKey, encodePassword, encodePasswordHead, newPasswordHead } from "../src/password.ts";
import { noRecords, type Records } from "../src/records.ts";
import { fileHead, sealFile } from "../src/sealed-file.ts";
import { encodeSlot, type Slot, sealPasswordSlot } from "../src/slot.ts";
import { bytes, edited, floor, identity, keyVersion, rechecked, tenant } from "./samples.ts";

const folder = join(import.meta.dirname, "../../../docs/spec/vectors/keybag");
const password = "correct horse battery staple";
const master = bytes("vector master");
const alice = identity("alice");
const board = { ...keyVersion("board"), imported: false };

/** The platform's provider with a counter for a random generator, so that the same vectors come out every time. */
const crypto: CryptoProvider = {
  ...nativeCrypto,
  randomBytes: (
    (count = 0) =>
    (length: number) =>
      bytes(`vector random ${count++}`, length)
  )(),
};

const records: Records = {
  identities: [alice, identity("bob")],
  tenants: [
    tenant("acme", alice),
    { ...tenant("åcme", alice), founding: null, rootSeed: null, admittedBy: null, data: new Uint8Array() },
  ],
  keyVersions: [board, { ...keyVersion("board", 2), history: null, imported: true }],
};

async function passwordSlot(of = password): Promise<Slot> {
  return sealPasswordSlot(crypto, fileHead, encodePassword(of), floor, master);
}

async function file(slots: readonly Slot[], held: Records): Promise<Uint8Array> {
  using key = await crypto.importSecret(master);
  return sealFile(crypto, key, slots, held);
}

/** A file around any content, well-formed or not. */
async function fileAround(content: Uint8Array): Promise<Uint8Array> {
  using key = await crypto.importSecret(master);
  const writer = new ByteWriter()
    .bytes(fileHead)
    .u8(1)
    .bytes(encodeSlot(await passwordSlot()));
  const before = writer.u32(content.length + 40).finish();
  const box = await sealBox(crypto, key, "derive-keybag-content", before, asPlaintext(content));
  return rechecked(concatBytes(before, box, new Uint8Array(8)));
}

function json(held: Records): unknown {
  return JSON.parse(JSON.stringify(held, (_, value) => (value instanceof Uint8Array ? toHex(value) : value)));
}

async function validFiles(): Promise<unknown[]> {
  const later: Slot = { type: "unknown", kind: 7, body: bytes("later slot") };
  const cases: [string, readonly Slot[], Records][] = [
    ["one password slot, nothing in it", [await passwordSlot()], noRecords],
    ["every kind of record; optional fields present and absent", [await passwordSlot()], records],
    ["a slot of a kind that version 1 does not know, kept as it is", [later, await passwordSlot()], noRecords],
    ["two password slots, the second of which opens", [await passwordSlot("other"), await passwordSlot()], noRecords],
  ];
  return Promise.all(
    cases.map(async ([comment, slots, held]) => ({
      comment,
      password,
      master: toHex(master),
      content: toHex(encodeContent(held)),
      records: json(held),
      file: toHex(await file(slots, held)),
    })),
  );
}

/** The name "bo?rd", where the ? is a byte that UTF-8 never has. */
function notUtf8(): Uint8Array {
  const content = encodeContent({ ...noRecords, keyVersions: [{ ...board, name: "bo?rd" }] });
  return content.map((byte) => (byte === 0x3f ? 0xff : byte));
}

/** The last byte, `false`, as a simple value with an argument. */
function longBoolean(): Uint8Array {
  const content = encodeContent({ ...noRecords, keyVersions: [board] });
  return concatBytes(content.subarray(0, content.length - 1), Uint8Array.of(0xf8, 0x14));
}

type Invalid = [comment: string, code: KeyBagErrorCode, derives: boolean, bytes: Uint8Array, password?: string];

async function invalidFiles(): Promise<unknown[]> {
  const good = await file([await passwordSlot()], records);
  const content = encodeContent(noRecords);
  const change = (offset: number, value: number): Uint8Array => rechecked(edited(good, offset, () => value));
  const flip = (offset: number): Uint8Array => rechecked(edited(good, offset, (byte) => byte ^ 1));
  const memory = (kib: number): Uint8Array => {
    const copy = good.slice();
    new DataView(copy.buffer).setUint32(16, kib);
    return rechecked(copy);
  };
  const short = { ...records, identities: [{ ...alice, userSeed: bytes("short", 31) }] };
  const noSlot = concatBytes(fileHead, Uint8Array.of(0), good.subarray(142));
  const cases: Invalid[] = [
    ["another password", "WRONG_PASSWORD", true, good, "correct horse battery stable"],
    ["an empty password", "PASSWORD_UNUSABLE", false, good, ""],
    ["another magic", "DAMAGED", false, change(0, 0x53)],
    ["version 2", "UNSUPPORTED_VERSION", false, change(9, 2)],
    ["suite 0", "UNSUPPORTED_VERSION", false, change(10, 0)],
    ["a checksum that does not match", "DAMAGED", false, edited(good, good.length - 1, (byte) => byte ^ 1)],
    ["cut off before its end", "DAMAGED", false, good.subarray(0, good.length - 1)],
    ["a byte after the content, checksum repaired", "DAMAGED", false, rechecked(concatBytes(good, new Uint8Array(1)))],
    ["no slot", "DAMAGED", false, rechecked(noSlot)],
    ["nine slots announced", "DAMAGED", false, change(11, 9)],
    ["a password slot of another length", "DAMAGED", false, change(14, 126)],
    ["a password KDF that is not Argon2id", "KDF_PARAMETERS", false, change(15, 2)],
    ["8 KiB of memory", "KDF_PARAMETERS", false, memory(8)],
    ["4 GiB of memory", "KDF_PARAMETERS", false, memory(4_194_304)],
    ["one pass", "KDF_PARAMETERS", false, change(20, 1)],
    ["no lane", "KDF_PARAMETERS", false, change(21, 0)],
    ["one bit of the cost changed, within bounds", "WRONG_PASSWORD", true, memory(floor.memory + 1)],
    ["one bit of the salt changed", "WRONG_PASSWORD", true, flip(22)],
    ["one bit of the commitment changed", "WRONG_PASSWORD", true, flip(38 + 24)],
    ["one bit of the wrapped master key changed", "WRONG_PASSWORD", true, flip(38 + 24 + 32)],
    ["one bit of the content changed", "DAMAGED", true, flip(good.length - 9)],
    [
      "no slot of a kind that a password opens",
      "NO_PASSWORD_SLOT",
      false,
      await file([{ type: "unknown", kind: 7, body: bytes("x") }], noRecords),
    ],
    [
      "content: an array of indefinite length",
      "DAMAGED",
      true,
      await fileAround(Uint8Array.of(0x9f, 0x80, 0x80, 0x80, 0xff)),
    ],
    [
      "content: a length in two bytes where one would do",
      "DAMAGED",
      true,
      await fileAround(Uint8Array.of(0x98, 0x03, 0x80, 0x80, 0x80)),
    ],
    ["content: a map", "DAMAGED", true, await fileAround(Uint8Array.of(0x83, 0xa0, 0x80, 0x80))],
    ["content: a byte after its end", "DAMAGED", true, await fileAround(concatBytes(content, Uint8Array.of(0)))],
    ["content: text that is not UTF-8", "DAMAGED", true, await fileAround(notUtf8())],
    ["content: a boolean in two bytes", "DAMAGED", true, await fileAround(longBoolean())],
    ["content: a field too many", "DAMAGED", true, await fileAround(Uint8Array.of(0x84, 0x80, 0x80, 0x80, 0x80))],
    ["content: a secret of 31 bytes", "DAMAGED", true, await fileAround(encodeContent(short))],
  ];
  return cases.map(([comment, code, derives, sealed, other]) => ({
    comment,
    code,
    derives,
    password: other ?? password,
    file: toHex(sealed),
  }));
}

async function exports(): Promise<unknown> {
  const versions = [board, { ...keyVersion("board", 2), history: null, imported: false }];
  const text = await sealExportedKey(crypto, versions, encodePassword(password), floor);
  const raw = new Uint8Array(Buffer.from(text.slice("selkie-key:1:".length), "base64url"));
  const change = (offset: number, value: number): string => recheckedText(edited(raw, offset, () => value));
  const cases: [comment: string, code: KeyBagErrorCode, derives: boolean, text: string, password?: string][] = [
    ["another password", "WRONG_PASSWORD", true, text, "correct horse battery stable"],
    ["another scheme", "DAMAGED", false, text.replace("selkie-key", "selkie-kex")],
    ["version 2", "UNSUPPORTED_VERSION", false, text.replace(":1:", ":2:")],
    ["cut off before its end", "DAMAGED", false, text.slice(0, -4)],
    ["padding", "DAMAGED", false, `${text}=`],
    ["suite 0", "UNSUPPORTED_VERSION", false, change(0, 0)],
    ["a password KDF that is not Argon2id", "KDF_PARAMETERS", false, change(1, 2)],
    ["one pass", "KDF_PARAMETERS", false, change(6, 1)],
    ["one bit of the box changed", "WRONG_PASSWORD", true, recheckedText(edited(raw, 60, (byte) => byte ^ 1))],
    ["content: a history secret of a wrong type", "DAMAGED", true, await textAround(Uint8Array.of(0x82, 0xf6, 0x80))],
  ];
  return {
    comment: 'Exported keys: docs/spec/keybag.md, section "Exported key". Byte strings of records are hexadecimal.',
    valid: [
      {
        comment: "two versions of one key, the second without its history secret",
        password,
        text,
        versions: json({ ...noRecords, keyVersions: versions.map((version) => ({ ...version, imported: true })) }),
      },
    ],
    invalid: cases.map(([comment, code, derives, sealed, other]) => ({
      comment,
      code,
      derives,
      password: other ?? password,
      text: sealed,
    })),
  };
}

/** An exported key around any content. */
async function textAround(content: Uint8Array): Promise<string> {
  const head = newPasswordHead(crypto, floor);
  using key = await derivePasswordKey(crypto, encodePassword(password), head);
  const start = concatBytes(Uint8Array.of(1), encodePasswordHead(head));
  const context = concatBytes(new TextEncoder().encode("selkie-key:1:"), start);
  const box = await sealCommittedBox(crypto, key, "derive-key-export", context, asPlaintext(content));
  return recheckedText(concatBytes(start, box, new Uint8Array(8)));
}

function recheckedText(raw: Uint8Array): string {
  const body = raw.subarray(0, raw.length - 8);
  const prefix = "selkie-key:1:";
  const checksum = crypto.sha256(new TextEncoder().encode(`selkie/1/keybag-checksum\0${prefix}`), body);
  return prefix + toBase64url(concatBytes(body, checksum.subarray(0, 8)));
}

function write(name: string, value: unknown): void {
  writeFileSync(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
}

mkdirSync(folder, { recursive: true });
using check = await KeyBag.open(await file([await passwordSlot()], records), password);
if (check.identities().length !== records.identities.length)
  throw new RangeError("the sample records do not read back");
write("keybag.json", {
  comment:
    "Sealed KeyBags: docs/spec/keybag.md. Byte strings are hexadecimal; `derives` tells whether the password KDF may run.",
  valid: await validFiles(),
  invalid: await invalidFiles(),
});
write("exported-key.json", await exports());
