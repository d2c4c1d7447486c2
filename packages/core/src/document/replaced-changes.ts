import { equalBytes, fromHex, toHex, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import { type Replacement, together } from "../sealing/change-part.ts";
import type { DocId } from "./doc-id.ts";

/** A device's word that it made its own work anew. */
export interface Replaced extends Replacement {
  /** Whose word it is, in hex. */
  readonly device: string;
  /** The writer it wrote that as. */
  readonly by: WriterKey;
}

/** What is said in one document. */
interface Said {
  /** What a device says of an actor, all of it together. */
  readonly spans: Map<string, Pick<Replacement, "seq" | "last">>;
  /** In hex: who is spoken of, and who speaks. */
  readonly writers: Map<string, WriterKey>;
  /** What counts no more because of it, as hexadecimal hashes. */
  withdrawn: ReadonlySet<string>;
  /** The devices that made it, but for those that looked since what of it has to be done once more; in hex. */
  readonly returned: Set<string>;
}

/** What the devices of a database say that they made anew. */
export class ReplacedChanges {
  readonly #verifier: Verifier;
  readonly #documents = new Map<DocId, Said>();

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  /** Who is spoken of in a document, and who speaks. */
  writersIn(name: DocId): Iterable<WriterKey> {
    return this.#documents.get(name)?.writers.values() ?? [];
  }

  /** Whether anything is said in a document: nearly always not. */
  isSaidIn(name: DocId): boolean {
    return this.#documents.size > 0 && this.#documents.has(name);
  }

  /**
   * All that a device says of one of its chains is taken together: what it made anew lies side by side there.
   * @param counts how many of the chain's changes count in the document
   * @returns whether some of these were not known to be replaced
   */
  add(name: DocId, { writer, by, device, ...span }: Replaced, counts: (actor: Uint8Array) => number): boolean {
    if (equalBytes(writer, by)) return false; // a chain says nothing of itself
    const said = this.#documents.get(name) ?? newSaid();
    this.#documents.set(name, said);
    const actor = actorOf(this.#verifier, writer, fromHex(name), null);
    const known = said.spans.get(spanName(device, actor));
    const { seq, last } = together(span, known);
    said.spans.set(spanName(device, actor), { seq, last });
    for (const each of [writer, by]) said.writers.set(toHex(each), each);
    const lastShown = Math.min(last, counts(actor));
    return lastShown >= seq && (known === undefined || seq < known.seq || lastShown > known.last);
  }

  /**
   * Whether a device says that these changes of its own are replaced.
   * SECURITY: D2. Of others' work nobody says so, whatever writers it names (replaced-changes.test.ts).
   */
  has(name: DocId, device: string, { actor, seq }: Pick<ChangeChunk, "actor" | "seq">, last: number = seq): boolean {
    if (!this.isSaidIn(name)) return false;
    const span = this.#documents.get(name)?.spans.get(spanName(device, actor));
    return span !== undefined && span.seq <= seq && last <= span.last;
  }

  /** Whether a change was withdrawn, by its hexadecimal hash. */
  isWithdrawn(name: DocId, hash: string): boolean {
    return this.#documents.get(name)?.withdrawn.has(hash) === true;
  }

  /**
   * Whether one of these, that wait, would be judged if what was withdrawn counted: if it passes, that does.
   * @param isThere whether a change counts
   */
  isNeeded(name: DocId, waiting: Iterable<ChangeChunk>, isThere: (hash: Uint8Array) => boolean): boolean {
    const withdrawn = this.#documents.get(name)?.withdrawn;
    if (withdrawn === undefined || withdrawn.size === 0) return false;
    for (const { deps } of waiting) {
      const others = deps.filter((dep) => !withdrawn.has(toHex(dep)));
      if (others.length < deps.length && others.every(isThere)) return true;
    }
    return false;
  }

  /** @param devices who made these, in hex */
  withdraw(name: DocId, hashes: ReadonlySet<string>, devices: Iterable<string>): void {
    const said = this.#documents.get(name);
    if (said === undefined) return;
    said.withdrawn = hashes;
    said.returned.clear();
    for (const device of devices) said.returned.add(device);
  }

  /** What changes of a device took the place of, which it made anew, shows in a document. */
  returns(name: DocId, device: string): void {
    this.#documents.get(name)?.returned.add(device);
  }

  /** Documents in which changes of a device were withdrawn, and what they took the place of may count again. */
  *returned(device: string): Iterable<DocId> {
    for (const [name, said] of this.#documents) if (said.returned.has(device)) yield name;
  }

  /** A device did once more what it had to of what was withdrawn of it. */
  looked(name: DocId, device: string): void {
    this.#documents.get(name)?.returned.delete(device);
  }

  /** What was said in a document is what was said in it in `other`, from now on. */
  replace(name: DocId, other: ReplacedChanges): void {
    const said = other.#documents.get(name);
    if (said === undefined) this.#documents.delete(name);
    else this.#documents.set(name, said);
  }
}

const newSaid = (): Said => ({ spans: new Map(), writers: new Map(), withdrawn: new Set(), returned: new Set() });

const spanName = (device: string, actor: Uint8Array): string => `${device} ${toHex(actor)}`;
