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
  /** It stands in this device's journal only. */
  readonly isUnsealed: boolean;
}

/** What is said in one document. */
interface Said {
  /** By the actor whose changes are replaced. */
  readonly byActor: Map<string, Replaced[]>;
  /** What counts no more because of it, as hexadecimal hashes. */
  withdrawn: ReadonlySet<string>;
}

/** What the devices of a database say that they made anew. */
export class ReplacedChanges {
  readonly #verifier: Verifier;
  readonly #documents = new Map<DocId, Said>();

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  in(name: DocId): readonly Replaced[] {
    return [...(this.#documents.get(name)?.byActor.values() ?? [])].flat();
  }

  /** Whether anything is said in a document: nearly always not. */
  isSaidIn(name: DocId): boolean {
    return this.#documents.size > 0 && this.#documents.has(name);
  }

  /** Of what one writer says of another all is taken together. */
  add(name: DocId, said: Replaced): void {
    const known = this.#documents.get(name) ?? { byActor: new Map<string, Replaced[]>(), withdrawn: new Set<string>() };
    this.#documents.set(name, known);
    const actor = this.#actor(name, said.writer);
    const before = known.byActor.get(actor) ?? [];
    const isSame = (one: Replaced): boolean => equalBytes(one.by, said.by) && one.isUnsealed === said.isUnsealed;
    const same = before.find(isSame);
    known.byActor.set(actor, [...before.filter((one) => !isSame(one)), { ...said, ...together(said, same) }]);
  }

  /**
   * Whether a device says that this change of its own is replaced.
   * SECURITY: D2. Of others' work nobody says so, whatever writers it names (replaced-changes.test.ts).
   */
  has(name: DocId, device: string, { actor, seq }: Pick<ChangeChunk, "actor" | "seq">): boolean {
    const said = this.#documents.get(name)?.byActor.get(toHex(actor)) ?? [];
    return said.some((one) => one.device === device && isWithin(one, seq));
  }

  /**
   * Whether a change that came just now may decide what counts of others: it may be replaced, or builds on what is.
   * @param device who made it, where that is known: what another says of it is nothing
   */
  isTouchedBy(name: DocId, device: string | null, { actor, seq, deps }: ChangeChunk): boolean {
    const said = this.#documents.get(name);
    if (said === undefined) return false;
    if (buildsOn(said.withdrawn, deps)) return true;
    const mayDecide = (one: Replaced): boolean => isWithin(one, seq) && (device === null || one.device === device);
    return said.byActor.get(toHex(actor))?.some(mayDecide) === true;
  }

  /** Whether one of these, that wait, builds on what was withdrawn: it would count with what it waits for, and bring that back. */
  isWaitedUpon(name: DocId, waiting: Iterable<ChangeChunk>): boolean {
    const withdrawn = this.#documents.get(name)?.withdrawn;
    if (withdrawn === undefined || withdrawn.size === 0) return false;
    for (const { deps } of waiting) if (buildsOn(withdrawn, deps)) return true;
    return false;
  }

  withdraw(name: DocId, hashes: ReadonlySet<string>): void {
    const said = this.#documents.get(name);
    if (said !== undefined) said.withdrawn = hashes;
  }

  /** What was said in a document is what was said in it in `other`, from now on. */
  replace(name: DocId, other: ReplacedChanges): void {
    const said = other.#documents.get(name);
    if (said === undefined) this.#documents.delete(name);
    else this.#documents.set(name, said);
  }

  #actor(name: DocId, writer: WriterKey): string {
    return toHex(actorOf(this.#verifier, writer, fromHex(name), null));
  }
}

const buildsOn = (hashes: ReadonlySet<string>, deps: readonly Uint8Array[]): boolean =>
  hashes.size > 0 && deps.some((dep) => hashes.has(toHex(dep)));

const isWithin = ({ seq: first, last }: Replacement, seq: number): boolean => first <= seq && seq <= last;
