// Runs the committed vectors on one provider, in Node and in browsers alike.
import { asPlaintext, type CryptoProvider } from "@selkie/crypto";
import { fromHex, parseBlobHash, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import chunk from "../../../../docs/spec/vectors/attachments/chunk.json" with { type: "json" };
import content from "../../../../docs/spec/vectors/attachments/content.json" with { type: "json" };
import manifest from "../../../../docs/spec/vectors/attachments/manifest.json" with { type: "json" };
import padding from "../../../../docs/spec/vectors/attachments/padding.json" with { type: "json" };
import { chunkId, openChunk, sealChunk } from "../../src/content/chunk.ts";
import { paddedLength } from "../../src/content/layout.ts";
import { decodeManifest, encodeManifest } from "../../src/content/manifest.ts";
import { manifestBytes } from "../../src/content/write-content.ts";
import { codeOf } from "../support/codes.ts";
import { join, TestRoom } from "../support/room.ts";
import { sequence, type VectorFiles } from "./format.ts";
import { importKeys } from "./make.ts";

/** The committed files. */
export const committed: VectorFiles = { padding, chunk, manifest, content };

export function vectorSuite(crypto: CryptoProvider): void {
  describe(`attachment vectors on the ${crypto.name} provider`, () => {
    test.each(committed.padding.cases)("padding: $comment", ({ length, padded }) => {
      expect(paddedLength(length)).toBe(padded);
    });

    test.each(committed.chunk.cases)(
      "C1 C2 chunk: $comment",
      async ({ secret, version, salt, level, index, ...one }) => {
        const keys = await importKeys(crypto, secret, version);
        const opened = await openChunk(keys, fromHex(one.id), fromHex(one.sealed));
        if (one.padded === undefined) return expect(opened).toBeNull();
        expect(opened === null ? null : toHex(opened)).toBe(one.padded);
        const padded = asPlaintext(fromHex(one.padded));
        expect(toHex(await chunkId(keys, { salt: salt === null ? null : fromHex(salt), level, index }, padded))).toBe(
          one.id,
        );
        expect(toHex(await sealChunk(keys, fromHex(one.id), padded))).toBe(one.sealed);
      },
    );

    test.each(committed.manifest.cases)("manifest: $comment", async ({ bytes, code, version, length, salt, table }) => {
      const read = async () => decodeManifest(fromHex(bytes));
      if (code !== undefined) return expect(await codeOf(read)).toBe(code);
      const found = await read();
      expect({ version: toHex(found.version), length: found.length, table: toHex(found.table) }).toEqual({
        version,
        length,
        table,
      });
      expect(found.salt === null ? null : toHex(found.salt)).toBe(salt);
      expect(toHex(encodeManifest(found))).toBe(bytes);
    });

    test.each(committed.content.cases)(
      "content: $comment",
      async ({ secret, version, salt, length, manifest, blobs }) => {
        const room = new TestRoom(await importKeys(crypto, secret, version));
        const bytes = sequence(length);
        const written = await room.write(bytes, { salt: salt === null ? null : fromHex(salt) });
        expect(toHex(manifestBytes(written))).toBe(manifest);
        expect(written.blobs.map(toHex)).toEqual(blobs.map(({ hash }) => hash));
        for (const blob of blobs) expect(await room.blobs.sizeOf(parseBlobHash(fromHex(blob.hash)))).toBe(blob.length);
        const read = await join(room.reader(decodeManifest(fromHex(manifest))).read(0, length));
        expect(toHex(crypto.sha256(read))).toBe(toHex(crypto.sha256(bytes)));
      },
    );
  });
}
