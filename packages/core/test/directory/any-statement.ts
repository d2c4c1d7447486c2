// Statements of every type, for properties.
import {
  compareBytes,
  type DatabaseId,
  entryType,
  parseCiphertext,
  parseDatabaseId,
  parseEntryId,
  parseSalt,
  parseSignature,
  parseStatementId,
  parseWriterKey,
  toHex,
} from "@selkie/entry";
import fc from "fast-check";
import { encodeCbor } from "../../src/cbor.ts";
import type { DatabaseCuts } from "../../src/directory/cuts.ts";
import type { ForkBranch } from "../../src/directory/fork.ts";
import type { Statement } from "../../src/directory/statement.ts";
import { pattern } from "../fixture.ts";

/** Each once, ascending by the bytes that `of` takes. */
function byHex<Item>(items: readonly Item[], of: (item: Item) => Uint8Array): readonly Item[] {
  const once = new Map(items.map((item) => [toHex(of(item)), item]));
  return [...once.values()].sort((a, b) => compareBytes(of(a), of(b)));
}
const inOrder = <Item extends Uint8Array>(items: readonly Item[]): readonly Item[] => byHex(items, (item) => item);

/** So many cuts of one database. */
export function cutsOf(database: DatabaseId, count: number): DatabaseCuts {
  const cuts = Array.from({ length: count }, (_, at) => ({
    writer: parseWriterKey(Uint8Array.from([at >>> 8, at, ...pattern("writer", 30)])),
    seq: at,
    id: parseEntryId(pattern("tip", 32)),
    signature: parseSignature(pattern("signature", 64)),
  }));
  return { database, cuts };
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const name = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => !/\p{Cc}/u.test(text));
const ids = fc.array(bytes(32).map(parseStatementId), { maxLength: 5 });
const version = fc.record({ keyId: bytes(16), commitment: bytes(32) });
const history = fc.constantFrom("full" as const, "from-now" as const);

const idSet = ids.map(inOrder);
const version32 = bytes(32);
const links = fc
  .array(fc.record({ version: version32, sealed: bytes(80).map(parseCiphertext) }), { maxLength: 3 })
  .map((made) => [...byHex(made, ({ version }) => version)]);
const values = fc
  .uniqueArray(fc.tuple(name, fc.oneof(fc.maxSafeInteger(), name)), { maxLength: 5, selector: ([key]) => key })
  .map((entries) => new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
const cuts = fc
  .array(
    fc.record({
      database: version32.map(parseDatabaseId),
      cuts: fc
        .array(
          fc.record({
            writer: version32.map(parseWriterKey),
            seq: fc.maxSafeNat(),
            id: version32.map(parseEntryId),
            signature: bytes(64).map(parseSignature),
          }),
          { minLength: 1, maxLength: 3 },
        )
        .map((rows) => byHex(rows, ({ writer }) => writer)),
    }),
    { maxLength: 2 },
  )
  .map((databases) => byHex(databases, ({ database }) => database));
const branch = fc.record({
  links: fc.array(
    fc.record({
      type: fc.constantFrom(...Object.values(entryType)),
      control: fc.boolean(),
      salt: bytes(24).map(parseSalt),
      root: version32,
    }),
    { minLength: 1, maxLength: 3 },
  ),
  signature: bytes(64).map(parseSignature),
});
/** As its bytes sort. */
const firstLink = ([link]: ForkBranch["links"]): string =>
  link === undefined ? "" : `${link.type}${link.control ? 1 : 0}${toHex(link.salt)}${toHex(link.root)}`;
const revocation = {
  targets: fc.array(bytes(32).map(parseStatementId), { minLength: 1, maxLength: 4 }).map(inOrder),
  identityKeys: fc.array(version32, { maxLength: 3 }).map(inOrder),
  cuts,
  wipe: fc.option(fc.nat(2 ** 31 - 1)),
};

export const anyStatement: fc.Arbitrary<Statement> = fc.oneof(
  fc.record({
    type: fc.constant("found" as const),
    name,
    tenantSecret: bytes(32),
    directoryKey: version,
    defaultKey: version,
    history,
  }),
  fc.record({
    type: fc.constant("grant" as const),
    name,
    role: fc.constantFrom("admin" as const, "editor" as const, "reader" as const),
    after: ids,
    userKem: bytes(1_216),
    deviceSign: bytes(32),
    deviceKem: bytes(1_216),
    slot: bytes(32),
    slotSalt: bytes(16),
    keys: fc.array(bytes(16), { maxLength: 4 }),
  }),
  fc.record({
    type: fc.constant("addDevice" as const),
    deviceSign: bytes(32),
    deviceKem: bytes(1_216),
    userKeys: idSet,
  }),
  fc.record({ type: fc.constant("createKey" as const), nonce: bytes(16), name, commitment: bytes(32), history }),
  fc.record({ type: fc.constant("share" as const), keyId: bytes(16), to: ids, history }),
  fc.record({
    type: fc.constant("permit" as const),
    history,
    versions: fc.array(fc.record({ keyId: bytes(16), version: bytes(32) }), { maxLength: 4 }),
    to: fc.array(
      fc.oneof(
        fc.record({ type: fc.constant("statement" as const), id: bytes(32).map(parseStatementId) }),
        fc.record({ type: fc.constant("part" as const), index: fc.nat(4_096) }),
        fc.record({
          type: fc.constant("device" as const),
          of: fc.record({ type: fc.constant("part" as const), index: fc.nat(4_096) }),
        }),
      ),
      { maxLength: 4 },
    ),
  }),
  fc.record({ type: fc.constant("accessList" as const), list: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({
    type: fc.constant("settings" as const),
    over: ids,
    values,
  }),
  fc.record({ type: fc.constant("revoke" as const), ...revocation }),
  fc.record({
    type: fc.constant("change" as const),
    ...revocation,
    name,
    role: fc.constantFrom("admin" as const, "editor" as const, "reader" as const),
    keys: fc.array(bytes(16), { maxLength: 3 }).map(inOrder),
    devices: fc.uniqueArray(bytes(32).map(parseStatementId), { minLength: 1, maxLength: 3, selector: toHex }),
  }),
  fc.record({ type: fc.constant("readmit" as const), lifts: idSet, cuts }),
  fc.record({
    type: fc.constant("rotate" as const),
    keyId: bytes(16),
    over: idSet,
    commitment: version32,
    links,
  }),
  fc.record({ type: fc.constant("link" as const), keyId: bytes(16), version: version32, links }),
  fc.record({ type: fc.constant("userKey" as const), kem: bytes(1_216), slot: bytes(32), over: idSet, to: idSet }),
  fc.record({
    type: fc.constant("rename" as const),
    user: bytes(32).map(parseStatementId),
    over: idSet,
    name,
  }),
  fc.record({
    type: fc.constant("databaseSettings" as const),
    database: version32.map(parseDatabaseId),
    over: idSet,
    values,
  }),
  fc.record({
    type: fc.constant("purge" as const),
    database: version32.map(parseDatabaseId),
    documents: fc.array(bytes(32), { maxLength: 3 }).map(inOrder),
    parts: fc
      .array(fc.record({ entry: version32.map(parseEntryId), part: fc.nat(65_535) }), { maxLength: 4 })
      .map((parts) => byHex(parts, ({ entry }) => entry)),
  }),
  fc.record({ type: fc.constant("minVersion" as const), version: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ type: fc.constant("replaceRoot" as const), key: version32, cuts }),
  fc.record({ type: fc.constant("database" as const), name: fc.constantFrom("notes", "Verträge 2026") }),
  fc
    .record({
      database: version32.map(parseDatabaseId),
      writer: version32.map(parseWriterKey),
      seq: fc.nat(),
      prev: version32.map(parseEntryId),
      branches: fc.uniqueArray(branch, { minLength: 2, maxLength: 2, selector: ({ links }) => firstLink(links) }),
    })
    .map(({ branches, ...at }) => {
      const [a, b] = branches.toSorted((one, two) => (firstLink(one.links) < firstLink(two.links) ? -1 : 1));
      if (a === undefined || b === undefined) throw new RangeError("two branches");
      return { type: "fork" as const, ...at, branches: [a, b] as const };
    }),
  fc.tuple(fc.integer({ min: 22, max: 255 }), fc.uint8Array({ maxLength: 100 })).map(([code, rest]) => {
    const encoded = encodeCbor([code, rest]);
    return { type: "unknown" as const, code, bytes: encoded };
  }),
);
