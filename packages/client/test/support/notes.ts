// A database of short texts, and what a person reads of it.
import type { Person } from "./company.ts";

interface Note {
  text: string;
}

export const notesOf = ({ tenant }: Person) => tenant.openDB<Note>("notes");

export async function textsOf(person: Person): Promise<readonly string[]> {
  const notes = await notesOf(person);
  const docs = await Promise.all((await notes.getAllDocumentIds()).map((id) => notes.getDocument(id)));
  return docs.map((doc) => doc.getData().text).sort();
}
