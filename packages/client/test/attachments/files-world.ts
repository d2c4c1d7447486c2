// Documents with files, on one device or on several that meet.
import { AttachmentError, type Database, type Doc, readAttachment } from "@selkie/client";
import { onTestFinished } from "vitest";

export { noise } from "../../../attachments/test/support/noise.ts";

import { connect, found, join, type Person } from "../support/company.ts";

interface Note {
  title: string;
}

export const CHUNK = 262_144;

export interface Desk {
  readonly person: Person;
  readonly notes: Database<Note>;
  readonly doc: Doc<Note>;
}

export async function desk(): Promise<Desk> {
  const person = await found();
  onTestFinished(() => person[Symbol.asyncDispose]());
  const notes = await person.tenant.openDB<Note>("notes");
  return { person, notes, doc: await notes.createDocument({ title: "a note" }) };
}

/** Bob has the note of the first desk; both are connected until `part`, and again after `meet`. */
export async function twoDesks(): Promise<{ alice: Desk; bob: Desk; part(): Promise<void>; meet(): Promise<void> }> {
  const alice = await desk();
  const person = await join(alice.person, "bob", "editor");
  onTestFinished(() => person[Symbol.asyncDispose]());
  const notes = await person.tenant.openDB<Note>("notes");
  let lines = await connect(alice.person, person);
  const synced = () => Promise.all(lines.map((line) => line.synced()));
  await synced();
  const bob = { person, notes, doc: await notes.getDocument(alice.doc.id) };
  const part = async () => {
    await synced();
    for (const line of lines) await line[Symbol.asyncDispose]();
  };
  const meet = async () => {
    lines = await connect(alice.person, person);
    await synced();
    await synced();
  };
  return { alice, bob, part, meet };
}

export async function contentOf(
  { notes, doc }: Desk,
  name: string,
  range?: readonly [number, number],
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readAttachment(notes, doc, name, range === undefined ? {} : { range })) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The code of what is thrown; whatever else comes is given as it is. */
export async function codeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    return error instanceof AttachmentError ? error.code : error;
  }
}

export const text = (words: string): Uint8Array => new TextEncoder().encode(words);

export async function* broken(before: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield before;
  throw new Error("the line broke");
}
