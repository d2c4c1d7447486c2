// E1: what a relay learns from lengths, with changes as Automerge makes them and parts as they travel.
import * as A from "@automerge/automerge";
import { nativeCrypto } from "@selkie/crypto/native";
import { encodeEntryBody, toHex } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { parseChange } from "../../src/automerge/change-chunk.ts";
import { encodeChanges } from "../../src/automerge/change-codec.ts";
import { encodeChangePart } from "../../src/sealing/change-part.ts";
import { padmeLength } from "../../src/sealing/padme.ts";
import { sealEntry } from "../../src/sealing/seal-entry.ts";
import { pattern, testKey, testPlace } from "../fixture.ts";

const crypto = nativeCrypto;
const actor = toHex(pattern("actor", 16));

interface Note {
  title: string;
  count: number;
  status: A.ImmutableString;
}
const note = A.from<Record<string, unknown>>(
  { title: "John Doe", count: 1, status: new A.ImmutableString("new") },
  { actor },
);

/** Bytes on the wire of an entry with this one edit, and of its part. */
async function sizeOf(edit: (note: Note) => void): Promise<{ entry: number; part: number }> {
  const edited = A.change(A.clone(note, { actor }), { time: 0 }, (draft) => edit(draft as unknown as Note));
  const raw = A.getLastLocalChange(edited);
  if (raw === undefined) throw new RangeError("the edit changes nothing");
  const { codec, payload } = encodeChanges([parseChange(raw, crypto.sha256)]);
  const plaintext = encodeChangePart({
    kind: "change",
    codec,
    document: { type: "stem", stem: pattern("document", 16) },
    branch: null,
    time: 1_763_760_000_000,
    metadata: null,
    payload,
  });
  const key = await testKey(crypto, "default");
  const entry = await sealEntry(crypto, await testPlace(crypto), [{ kind: "change", key, plaintext }]);
  return { entry: encodeEntryBody(entry).length, part: plaintext.length };
}

const letters = (count: number) => "abcdefghijklmnopqrstuvwxyz".slice(0, count);

describe("a short edit and a longer one have one length", () => {
  test.each<[string, (size: number) => (note: Note) => void]>([
    ["what is typed into a text", (size) => (draft) => A.splice(draft, ["title"], 0, 0, letters(size))],
    [
      "a string that is replaced as a whole",
      (size) => (draft) => Object.assign(draft, { status: new A.ImmutableString(letters(size)) }),
    ],
    ["a number", (size) => (draft) => Object.assign(draft, { count: 10 ** Math.min(size, 15) + 1 })],
  ])("E1 %s has one length, whether of 1 or 20", async (_, edit) => {
    const [short, long] = [await sizeOf(edit(1)), await sizeOf(edit(20))];
    expect(long).toEqual(short);
    expect(short.part).toBe(128);
  });

  test("E1 different small edits have one length", async () => {
    const sizes = await Promise.all([
      sizeOf((draft) => A.splice(draft, ["title"], 0, 0, "x")),
      sizeOf((draft) => Object.assign(draft, { count: 7 })),
      sizeOf((draft) => A.splice(draft, ["title"], 0, 3, "")),
    ]);
    expect(new Set(sizes.map(({ entry }) => entry)).size).toBe(1);
  });
});

test("E1 edits of many lengths have no more lengths than Padmé has", async () => {
  const seen = new Set<number>();
  const sizes = Array.from({ length: 150 }, (_, at) => 1 + 13 * at);
  for (const size of sizes) {
    const { part } = await sizeOf((draft) => A.splice(draft, ["title"], 0, 0, letters(26).repeat(80).slice(0, size)));
    seen.add(part);
  }
  const bound = new Set(Array.from({ length: Math.max(...seen) }, (_, length) => padmeLength(length)));
  expect([...seen].every((length) => bound.has(length))).toBe(true);
  expect(seen.size).toBeLessThan(sizes.length / 2);
});
