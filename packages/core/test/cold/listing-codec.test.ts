import { toHex } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeListing, encodeListing, type RowState, stampBytes } from "../../src/cold/listing-codec.ts";
import { docIdOfBytes } from "../../src/document/doc-id.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const state = fc.constantFrom<RowState>("shown", "deleted", "unread");
const listing = bytes(16).chain((common) =>
  fc.record({
    stamp: bytes(stampBytes).map(toHex),
    rows: fc.array(
      fc.record({
        id: fc
          .tuple(bytes(16), fc.oneof(fc.constant(common), bytes(16)))
          .map(([stem, keyId]) => docIdOfBytes(Uint8Array.of(...stem, ...keyId))),
        state,
      }),
    ),
  }),
);

test("a listing comes back as it was, under however many keys its documents are", () => {
  fc.assert(
    fc.property(listing, ({ stamp, rows }) => {
      const ids = rows.map(({ id }) => id);
      const states = rows.map((row) => row.state);
      expect(decodeListing(encodeListing(stamp, rows))).toEqual({ stamp, ids, states });
    }),
  );
});

test("what is cut, goes on, or is of another format is no listing", () => {
  fc.assert(
    fc.property(listing, fc.nat(), ({ stamp, rows }, at) => {
      const written = encodeListing(stamp, rows);
      expect(decodeListing(written.subarray(0, at % written.length))).toBeNull();
      expect(decodeListing(Uint8Array.of(...written, 0))).toBeNull();
      expect(decodeListing(Uint8Array.of((written[0] ?? 0) ^ 1, ...written.subarray(1)))).toBeNull();
    }),
  );
});
