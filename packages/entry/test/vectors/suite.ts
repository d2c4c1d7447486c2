// Runs the committed vectors on one verifier, in Node and in browsers alike.
import { describe, expect, test } from "vitest";
import body from "../../../../docs/spec/vectors/entry/body.json" with { type: "json" };
import ed25519 from "../../../../docs/spec/vectors/entry/ed25519.json" with { type: "json" };
import entry from "../../../../docs/spec/vectors/entry/entry.json" with { type: "json" };
import founding from "../../../../docs/spec/vectors/entry/founding.json" with { type: "json" };
import header from "../../../../docs/spec/vectors/entry/header.json" with { type: "json" };
import labels from "../../../../docs/spec/vectors/entry/labels.json" with { type: "json" };
import run from "../../../../docs/spec/vectors/entry/run.json" with { type: "json" };
import uleb from "../../../../docs/spec/vectors/entry/uleb.json" with { type: "json" };
import vector from "../../../../docs/spec/vectors/entry/vector.json" with { type: "json" };
import { readHeaderPrefix } from "../../src/header.ts";
import {
  ALL_LABELS,
  ByteReader,
  ByteWriter,
  decodeEntryBody,
  decodeVector,
  encodeEntryBody,
  encodeHeaderPrefix,
  encodeVector,
  entrySize,
  fromHex,
  hash,
  headerPrefixHash,
  identifyEntry,
  labelled,
  parseDatabaseId,
  parseEntryId,
  partHash,
  RunDecoder,
  RunEncoder,
  runOf,
  toHex,
  type Verifier,
  vectorDigest,
  verifyFounding,
  verifyRuns,
} from "../../src/index.ts";
import { testEntry, testWriter } from "../chain.ts";
import { codeOf, codeOfAsync } from "../codes.ts";
import { fieldsToEntry, headerToFields, type VectorFiles } from "./format.ts";

/** The committed files. */
export const committed: VectorFiles = { uleb, labels, ed25519, header, entry, body, run, founding, vector };

export function vectorSuite(verifier: Verifier): void {
  describe(`vectors on the ${verifier.name} verifier`, () => {
    test.each(committed.uleb.cases)("ULEB128: $comment", ({ bytes, value, code }) => {
      const read = (): number => {
        const reader = new ByteReader(fromHex(bytes));
        const number = reader.uleb();
        reader.end();
        return number;
      };
      if (code !== undefined || value === undefined) return expect(codeOf(read)).toBe(code);
      expect(read()).toBe(value);
      expect(toHex(new ByteWriter().uleb(value).finish())).toBe(bytes);
    });

    test.each(committed.labels.cases)("label: $comment", ({ label, prefix }) => {
      const known = ALL_LABELS.find((one) => one === label);
      expect(known && toHex(labelled(known))).toBe(prefix);
    });

    test.each(committed.ed25519.cases)("A13 Ed25519: $comment", async ({ publicKey, message, signature, isValid }) => {
      const check = { publicKey: fromHex(publicKey), message: fromHex(message), signature: fromHex(signature) };
      expect(await verifier.verifyMany([check])).toEqual([isValid]);
    });

    test.each(committed.header.cases)("header: $comment", ({ bytes, header, hash, code }) => {
      const read = () => {
        const reader = new ByteReader(fromHex(bytes));
        const read = readHeaderPrefix(reader);
        reader.end();
        return read;
      };
      if (code !== undefined) return expect(codeOf(read)).toBe(code);
      expect(headerToFields(read())).toEqual(header);
      expect(toHex(encodeHeaderPrefix(read()))).toBe(bytes);
      expect(toHex(headerPrefixHash(verifier, read()))).toBe(hash);
    });

    test.each(committed.entry.cases)("entry: $comment", async (one) => {
      const given = fieldsToEntry(one.entry, one.signature);
      if (one.code !== undefined) return expect(codeOf(() => identifyEntry(verifier, given))).toBe(one.code);
      const identified = identifyEntry(verifier, given);
      const tags = new Uint8Array([given.table.length, ...given.table.flatMap((tag) => [...tag])]);
      expect({
        prefixHash: toHex(identified.prefixHash),
        tableHash: toHex(hash(verifier, "table", tags)),
        partHashes: given.parts.map((part) => toHex(partHash(verifier, part))),
        root: toHex(identified.root),
        id: toHex(identified.id),
        size: entrySize(given),
        body: toHex(encodeEntryBody(given)),
      }).toEqual({
        prefixHash: one.prefixHash,
        tableHash: one.tableHash,
        partHashes: one.partHashes,
        root: one.root,
        id: one.id,
        size: one.size,
        body: one.body,
      });
      expect(decodeEntryBody(fromHex(one.body ?? ""), given.header)).toEqual({ ...given, signature: null });
      expect((await verifyRuns(verifier, [runOf([given])]))[0]?.type).toBe("verified");
    });

    test.each(committed.body.cases)("B1 body refused: $comment", ({ body, code }) => {
      const at = testEntry({ writer: testWriter().key }).header;
      expect(codeOf(() => decodeEntryBody(fromHex(body), at))).toBe(code);
    });

    test.each(committed.run.cases)("runs: $comment", async ({ database, messages }) => {
      const id = parseDatabaseId(fromHex(database));
      const [decoder, encoder] = [new RunDecoder(verifier), new RunEncoder()];
      for (const { bytes, code, runs: expected } of messages) {
        const decode = () => decoder.decode(fromHex(bytes), id);
        if (code !== undefined) {
          expect(codeOf(decode)).toBe(code);
          continue;
        }
        const runs = decode();
        const verdicts = await verifyRuns(verifier, runs);
        expect(
          runs.map(({ writer, firstSeq, prev, entries }, index) => {
            const verdict = verdicts[index];
            return {
              writer: toHex(writer),
              firstSeq,
              prev: toHex(prev),
              ids: entries.map((one) => toHex(one.id)),
              verdict: verdict?.type === "refused" ? verdict.code : verdict?.type,
            };
          }),
        ).toEqual(expected);
        expect(toHex(encoder.encode(runs))).toBe(bytes);
      }
    });

    test.each(committed.founding.cases)(
      "F6 founding header: $comment",
      async ({ bytes, tenant, root, database, code }) => {
        const read = () => verifyFounding(verifier, fromHex(bytes));
        if (code !== undefined) return expect(await codeOfAsync(read)).toBe(code);
        const founding = await read();
        expect(toHex(founding.tenant)).toBe(tenant);
        expect(toHex(founding.root)).toBe(root);
        expect(toHex(founding.database)).toBe(database);
      },
    );

    test.each(committed.vector.cases)("vector: $comment", ({ bytes, database, heads, digest, code }) => {
      const read = () => decodeVector(fromHex(bytes));
      if (code !== undefined) return expect(codeOf(read)).toBe(code);
      const expected = (heads ?? []).map(
        ({ writer, seq, id }) => [writer, { seq, id: parseEntryId(fromHex(id)) }] as const,
      );
      expect(read()).toEqual(new Map(expected));
      expect(toHex(encodeVector(read()))).toBe(bytes);
      expect(toHex(vectorDigest(verifier, parseDatabaseId(fromHex(database ?? "")), read()))).toBe(digest);
    });
  });
}
