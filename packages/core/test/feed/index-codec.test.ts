import { expect, test } from "vitest";
import { docIdOfBytes } from "../../src/document/doc-id.ts";
import { decodeHead, decodeSegment, encodeHead, encodeSegment, type RowState } from "../../src/feed/index-codec.ts";
import { pattern } from "../fixture.ts";

const hex = (name: string): string => Buffer.from(pattern(name, 16)).toString("hex");
const states: readonly RowState[] = ["changed", "deleted", "hidden", "revealed"];
const rows = states.map((state, at) => ({
  ...{ id: docIdOfBytes(pattern(state, 32)), state, digest: hex(`digest of ${state}`) },
  stamp: 1 + at * 2 ** 40,
}));
const head = {
  stretches: [
    { id: hex("first"), from: 1 },
    { id: hex("second"), from: 2 ** 40 },
  ],
  keys: new Set([hex("key"), hex("other key")]),
};

test("reads what it wrote, and refuses another format, an unknown state, and what is too short or too long", () => {
  expect(decodeSegment(encodeSegment(rows))).toEqual(rows);
  expect(decodeHead(encodeHead(head))).toEqual(head);
  const damaged = expect.objectContaining({ code: "LOCAL_STATE_DAMAGED" });
  for (const [bytes, decode] of [
    [encodeSegment(rows), decodeSegment],
    [encodeHead(head), decodeHead],
  ] as const) {
    expect(() => decode(bytes.subarray(1))).toThrow(damaged);
    expect(() => decode(bytes.subarray(0, -1))).toThrow(damaged);
    expect(() => decode(Uint8Array.of(...bytes, 0))).toThrow(damaged);
    expect(() => decode(Uint8Array.of(2, ...bytes.subarray(1)))).toThrow(damaged);
  }
  const unknown = encodeSegment(rows.slice(0, 1));
  unknown[2 + 32 + 1] = states.length;
  expect(() => decodeSegment(unknown)).toThrow(damaged);
});
