import { equalBytes, fromHex, toHex, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { parseChange } from "../automerge/change-chunk.ts";
import type { Admission } from "../directory/admission.ts";
import type { DocumentRecord } from "./document-record.ts";
import type { Documents } from "./documents.ts";

export interface ChangeAuthorsContext {
  readonly documents: Pick<Documents, "verifier" | "sha256">;
  /** Whose chains came. */
  readonly known: { writers(): readonly WriterKey[]; admissionOf(writer: WriterKey): Admission | null };
  /** The writer this device writes as, and who that is. */
  own(): WriterKey | null;
  self(): Pick<Admission, "name">;
}

/** Who made changes of documents that somebody watches. */
export class ChangeAuthors {
  readonly #at: ChangeAuthorsContext;
  /** By actor in the document, in hex. Of a writer that is not known yet there is none, and it is looked for again. */
  readonly #names = new WeakMap<DocumentRecord, ReadonlyMap<string, string>>();

  constructor(at: ChangeAuthorsContext) {
    this.#at = at;
  }

  /** Their names, each once. Who is known by what another tells alone, of what was carried along, is not among them. */
  of(record: DocumentRecord, changes: readonly Uint8Array[]): readonly string[] {
    const actors = changes.map((bytes) => toHex(parseChange(bytes, this.#at.documents.sha256).actor));
    if (!actors.every((actor) => this.#names.get(record)?.has(actor))) this.#names.set(record, this.#namesIn(record));
    const names = this.#names.get(record);
    return [...new Set(actors.flatMap((actor) => names?.get(actor) ?? []))];
  }

  #namesIn({ name: document }: DocumentRecord): ReadonlyMap<string, string> {
    const { documents, known, own } = this.#at;
    const names = new Map<string, string>();
    const mine = own();
    for (const writer of mine === null ? known.writers() : [...known.writers(), mine]) {
      const name = this.#nameOf(writer);
      if (name !== undefined) names.set(toHex(actorOf(documents.verifier, writer, fromHex(document), null)), name);
    }
    return names;
  }

  #nameOf(writer: WriterKey): string | undefined {
    const { own, self, known } = this.#at;
    const mine = own();
    return mine !== null && equalBytes(mine, writer) ? self().name : known.admissionOf(writer)?.name;
  }
}
