// What the listeners of a document are told.
import type { Patch } from "@selkie/client";
import { expect, it } from "vitest";
import { addDevice, connect, found, join, meet, type Person, restart } from "../support/company.ts";

interface Note {
  text: string;
  n?: number;
}

const notesOf = ({ tenant }: Person) => tenant.openDB<Note>("notes");

it("listeners are told what changed and who changed it, here or elsewhere", async () => {
  const alice = await found();
  const [bob, carol] = [await join(alice, "bob", "editor"), await join(alice, "carol", "editor")];
  const phone = await addDevice(alice);
  const of = new Map(
    await Promise.all([alice, bob, carol, phone].map(async (one) => [one, await notesOf(one)] as const)),
  );
  const here = await notesOf(alice);
  const note = await here.createDocument({ text: "a note" });
  const told: (readonly [readonly Patch[], readonly string[]])[] = [];
  note.on("change", (patches, { by }) => told.push([patches, by]));
  await here.changeDoc(note, (draft) => {
    draft.getData().n = 1;
  });
  expect(told.splice(0)).toEqual([[[{ action: "put", path: ["n"], value: 1 }], ["CN=alice/O=acme"]]]);
  for (const other of [bob, carol, phone]) await meet(alice, other);
  const write = async (who: Person, at: number, letters: string): Promise<void> => {
    const notes = of.get(who) ?? (await notesOf(who));
    const theirs = await notes.getDocument(note.id);
    await notes.changeDoc(theirs, (draft) => draft.text(["text"]).splice(at, 0, letters));
  };
  await write(bob, 0, "b");
  await meet(alice, bob);
  expect(told.splice(0)).toEqual([[[{ action: "splice", path: ["text", 0], value: "b" }], ["CN=bob/O=acme"]]]);
  await write(phone, 0, "p");
  await meet(alice, phone);
  expect(told.splice(0).map(([, by]) => by)).toEqual([["CN=alice/O=acme"]]);
  await write(bob, 0, "b");
  await write(carol, 0, "c");
  await meet(bob, carol);
  await meet(alice, carol);
  expect(new Set(told.flatMap(([, by]) => by))).toEqual(new Set(["CN=bob/O=acme", "CN=carol/O=acme"]));
});

it("whose changes they are is known after a restart, of people and devices that come later too", async () => {
  const before = await found();
  const { id } = await (await notesOf(before)).createDocument({ text: "a note" });
  const alice = await restart(before);
  const notes = await notesOf(alice);
  const note = await notes.getDocument(id);
  const told: string[] = [];
  note.on("change", (_, { by }) => told.push(...by));
  for (const name of ["dave", "erin"]) {
    const one = await join(alice, name, "editor");
    const theirs = await notesOf(one);
    const lines = await connect(alice, one);
    for (const line of lines) await line.synced();
    await theirs.changeDoc(await theirs.getDocument(id), (draft) => draft.text(["text"]).splice(0, 0, name));
    for (const line of lines.toReversed()) await line.synced();
    for (const line of lines) await line[Symbol.asyncDispose]();
  }
  expect(told).toEqual(["CN=dave/O=acme", "CN=erin/O=acme"]);
});
