import { asPlaintext } from "@selkie/crypto";
import { nativeCrypto as crypto } from "@selkie/crypto/native";
import { describe, expect, test } from "vitest";
import { type ChangeKind, encodeChangePart } from "../../src/sealing/change-part.ts";
import { decodeContents, encodeContents, type ToldPart, withContents } from "../../src/sealing/contents-part.ts";
import type { PartDraft } from "../../src/sealing/seal-entry.ts";
import { codeOf } from "../codes.ts";
import { pattern, testKey } from "../fixture.ts";

const stem = pattern("stem", 16);
const byCounter = (counter: number): ToldPart["document"] => ({ type: "counter", counter });
const byStem: ToldPart["document"] = { type: "stem", stem };

const [red, blue] = await Promise.all([testKey(crypto, "red"), testKey(crypto, "blue")]);

function change(
  document: ToldPart["document"],
  { bytes = 10, kind = "change" as ChangeKind, key = red } = {},
): PartDraft & { readonly kind: "change" } {
  const part = {
    kind,
    codec: 0,
    document,
    branch: null,
    time: 5,
    metadata: null,
    payload: new Uint8Array(bytes),
  } as const;
  return { kind: "change", key, plaintext: encodeChangePart(part) };
}

describe("the contents of an entry", () => {
  test("say of each change under a key which document it is of, where these are many bytes", () => {
    const changes = [
      change(byCounter(0), { kind: "create" }),
      change(byStem, { bytes: 5_000 }),
      change(byStem, { key: blue }),
      change(byCounter(2 ** 40), { kind: "delete" }),
    ];
    const drafts = withContents(changes);
    expect(drafts.slice(0, 4)).toEqual(changes);
    expect(drafts.slice(4)).toMatchObject([{ kind: "contents", key: red }]);
    const [, , , , contents] = drafts;
    if (contents?.kind !== "contents") throw new RangeError("no contents");
    expect(decodeContents(contents.plaintext, 3)).toEqual([
      { document: byCounter(0), marks: false },
      { document: byStem, marks: false },
      { document: byCounter(2 ** 40), marks: true },
    ]);
  });

  test("are left out where the changes are few bytes, or none", () => {
    const few = [change(byStem), change(byStem, { bytes: 2_000 }), change(byStem, { bytes: 3_000, key: blue })];
    expect(withContents(few)).toEqual(few);
    expect(withContents([])).toEqual([]);
  });

  test("of a hundred new documents take less than a fiftieth of what they stand for", () => {
    const created = Array.from({ length: 100 }, (_, at) =>
      change(byCounter(5_000 + at), { kind: "create", bytes: 120 }),
    );
    const contents = withContents(created).at(-1);
    const bytes = created.reduce((sum, { plaintext }) => sum + plaintext.length + 16, 0);
    expect(contents?.kind).toBe("contents");
    if (contents?.kind !== "contents") return;
    expect(contents.plaintext.length + 16 + 6).toBeLessThan(bytes / 50);
  });

  test.each([
    ["of another number of parts", encodeContents([{ document: byStem, marks: false }]), 2],
    ["that stop short", asPlaintext(encodeContents([{ document: byStem, marks: false }]).slice(0, 12)), 1],
    ["with something in the padding", asPlaintext(encodeContents([]).with(9, 1)), 0],
    ["that are nothing", asPlaintext(new Uint8Array()), 0],
  ] as const)("D8 %s are refused", (_, plaintext, count) => {
    expect(codeOf(() => decodeContents(plaintext, count))).toBe("PART_MALFORMED");
  });
});
