import { parseEntryId, parseWriterKey, type VerifiedEntry } from "@selkie/entry";
import { expect, test } from "vitest";
import { Quarantine, type Quarantined } from "../../src/replica/quarantine.ts";
import { pattern } from "../fixture.ts";

const entry = (writer: string, seq: number): VerifiedEntry =>
  ({
    id: parseEntryId(pattern(`entry ${writer} ${seq}`, 32)),
    header: { writer: parseWriterKey(pattern(`writer ${writer}`, 32)), seq },
  }) as unknown as VerifiedEntry;

function begin() {
  const heard: Quarantined[] = [];
  const quarantine = new Quarantine((item) => heard.push(item));
  const add = (user: string, writer: string, count: number, reason: Quarantined["reason"] = "BEYOND_CUT") => {
    for (let seq = 0; seq < count; seq++) quarantine.add(entry(writer, seq), null, { user, reason });
  };
  const listed = (user: string) => [...quarantine.list()].filter((item) => item.user === user).length;
  return { heard, quarantine, add, listed };
}

test("D7 announces each item once, however many there are and however often they are read", () => {
  const { heard, add, listed } = begin();
  for (let times = 0; times < 3; times++) add("bob", "bob", 1_500);
  expect(heard).toHaveLength(1_000);
  expect(listed("bob")).toBe(1_000);
  expect(new Set(heard.map(({ entryId }) => entryId)).size).toBe(1_000);
});

test("D7 a stranger hides no other, and however many chains strangers begin, they take so much and no more", () => {
  const { add, listed, quarantine } = begin();
  add("", "flood", 5_000, "WRITER_REFUSED");
  add("", "another", 3, "WRITER_REFUSED");
  add("carol", "carol", 2);
  expect([listed(""), listed("carol")]).toEqual([16 + 3, 2]);
  for (let at = 0; at < 400; at++) add("", `chain ${at}`, 16, "WRITER_REFUSED");
  expect(listed("")).toBe(4_096);
  add("carol", "carol's next", 2);
  expect(listed("carol")).toBe(4);
  expect([...quarantine.list()]).toHaveLength(4_100);
});

test("D7 a member who begins chain after chain has room for so much in all; what is released makes room", () => {
  const { add, listed, quarantine } = begin();
  for (let at = 0; at < 6; at++) add("bob", `bob ${at}`, 1_000);
  expect(listed("bob")).toBe(4_000);
  quarantine.release(entry("bob 0", 0), "BEYOND_CUT");
  add("bob", "bob 5", 2);
  expect(listed("bob")).toBe(4_000);
});
