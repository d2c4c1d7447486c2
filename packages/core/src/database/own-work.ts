import { toHex, type WriterKey } from "@selkie/entry";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { refusalOf } from "../automerge/change-error.ts";
import { showsAgain } from "../automerge/remake.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import type { DocumentState } from "../document/document-state.ts";
import { type LostSpan, notRemadeIn, type OwnSpan, ownSpans } from "../document/own-waiting.ts";
import { ReplacedChanges } from "../document/replaced-changes.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import type { ChangeKind, Replacement } from "../sealing/change-part.ts";
import type { Lost, LostChange } from "./lost-changes.ts";

/** A change of this device that counts nowhere. */
export interface Own {
  readonly name: DocId;
  readonly writer: WriterKey;
  readonly change: ChangeChunk;
  readonly kind: ChangeKind;
  /** What it stands for itself. */
  readonly replaces: readonly Replacement[];
  /** Where it lies if no entry holds it. */
  readonly row: JournalRow | null;
}

/** What is to be made anew in one document. */
export interface ToRemake {
  readonly name: DocId;
  readonly own: readonly Own[];
  /** All that this device made there, as far as it is here, chain by chain: what counts, and what does not. */
  readonly known: readonly Own[];
  /** What does not count there, by hexadecimal hash. */
  readonly pool: ReadonlyMap<string, ChangeChunk>;
  /** Whether a change counts there. */
  counts(hash: Uint8Array): boolean;
  /** Whether one of these lies beyond the end of its chain. */
  isBeyond(change: ChangeChunk): boolean;
}

/** Where it lies. */
interface Places {
  /** This device's name, in hex. */
  readonly device: string;
  readonly beyond: readonly LostSpan[];
  /** What no entry holds. */
  readonly aside: readonly JournalRow[];
}

/** All that a device made and that does not count: it waits, lies beyond the ends of its chains, or aside in its journal. */
export class OwnWork {
  readonly #state: DocumentState;
  readonly #device: string;
  readonly #aside: ReadonlyMap<DocId, readonly Own[]>;
  readonly #spans: ReadonlyMap<DocId, readonly OwnSpan[]>;
  /** By document and actor: the first change beyond the end of its chain. */
  readonly #ends: ReadonlyMap<string, number>;
  /**
   * What lies beyond an end says nothing to others, but it stands for what it was made from, unless it was made anew itself: then that says
   * what it stands for, and leaves out what counted again by then.
   */
  readonly #said: ReplacedChanges;

  constructor(state: DocumentState, { device, beyond, aside }: Places) {
    const { verifier } = state.documents;
    this.#state = state;
    this.#device = device;
    const rows = aside.flatMap((row) => {
      const change = refusalOf(() => parseChange(row.change, verifier.sha256));
      const { writer, kind, replaces = [] } = row;
      return typeof change === "string" ? [] : [{ name: docIdOf(row), writer, change, kind, replaces, row }];
    });
    // D12: a document each for what waits, or lies aside, makes thousands of documents: looked through once.
    this.#aside = Map.groupBy(rows, ({ name }) => name);
    this.#spans = Map.groupBy([...ownSpans(state.waiting, device), ...beyond], ({ name }) => name);
    this.#ends = new Map(beyond.map(({ name, actor, first }) => [placeName(name, actor), first]));
    this.#said = new ReplacedChanges(verifier);
    const all = new ReplacedChanges(verifier);
    for (const { name, writer, replaces } of beyond)
      for (const each of replaces) all.add(name, { ...each, device, by: writer }, () => 0);
    for (const { name, writer, replaces, actor, first, last } of beyond) {
      const isDone = [state.replaced, all].some((said) => said.has(name, device, { actor, seq: first }, last));
      if (!isDone) for (const each of replaces) this.#said.add(name, { ...each, device, by: writer }, () => 0);
    }
  }

  /** Where something is left to be made anew, or to be deleted again. */
  documents(): ReadonlySet<DocId> {
    const spans = [...this.#spans.values()].flat();
    const aside = [...this.#aside].filter(
      ([name, rows]) => !rows.every((own) => this.#isDone(own)) || this.#showsAgain(name),
    );
    return new Set([...notRemadeIn(this.#state.replaced, this.#device, spans), ...aside.map(([name]) => name)]);
  }

  /** What is to be made anew in a document. */
  in(name: DocId, lost: Lost): ToRemake {
    const { documents, waiting } = this.#state;
    const record = documents.get(name);
    const counts = (hash: Uint8Array): boolean => record !== undefined && documents.has(record, hash);
    const aside = this.#aside.get(name) ?? [];
    const all = [...this.#sealedIn(name, lost), ...aside];
    const each = new Map(all.map((own) => [toHex(own.change.hash), own]));
    const own = [...each.values()].filter((one) => !this.#isDone(one) && !counts(one.change.hash));
    const pool = new Map([...lost].map(([hash, { change }]) => [hash, change]));
    for (const { change } of [...waiting.list(name), ...aside]) pool.set(toHex(change.hash), change);
    const isBeyond = ({ actor, seq }: ChangeChunk): boolean => {
      const first = this.#ends.get(placeName(name, actor));
      return first !== undefined && first <= seq;
    };
    const sealed = [...lost.values()].flatMap((one) => (one.isOwn ? [ownOf(name, one)] : []));
    const known = [...sealed, ...aside.filter(({ change }) => !lost.has(toHex(change.hash)))];
    return { name, own, known, pool, counts, isBeyond };
  }

  /** What this device made anew in a document, of all that does not count there: it was withdrawn, or lies beyond the end of its chain. */
  remade(name: DocId, lost: Lost): { readonly own: readonly ChangeChunk[]; readonly lost: readonly ChangeChunk[] } {
    const { documents, replaced } = this.#state;
    const record = documents.get(name);
    if (record === undefined) return { own: [], lost: [] };
    const kept = this.#kept(name);
    const gone = [...lost.values()].filter(({ change }) => !documents.has(record, change.hash));
    const own = gone.filter((one) => one.isOwn && replaced.has(name, this.#device, one.change));
    return { own: [...own.map(changeIn), ...kept], lost: [...gone.map(changeIn), ...kept] };
  }

  /** What lies aside and was made anew before. */
  over(): readonly Own[] {
    return [...this.#aside.values()].flat().filter((own) => this.#isDone(own));
  }

  /** What lies aside and is stood for, but is built on by what lies there and is still to be made anew. */
  below(stoodFor: ReadonlySet<JournalRow>): ReadonlySet<JournalRow> {
    const below = new Set<JournalRow>();
    for (const rows of this.#aside.values()) {
      const byHash = new Map(rows.map((own) => [toHex(own.change.hash), own]));
      const left = rows.filter((own) => own.row !== null && !stoodFor.has(own.row) && !this.#isDone(own));
      for (let own = left.pop(); own !== undefined; own = left.pop())
        for (const dep of own.change.deps.flatMap((hash) => byHash.get(toHex(hash)) ?? [])) {
          if (dep.row === null || below.has(dep.row) || !stoodFor.has(dep.row)) continue;
          below.add(dep.row);
          left.push(dep);
        }
    }
    return below;
  }

  /** Whether something stands for a change that lies aside. */
  isStoodFor(row: JournalRow): boolean {
    const { verifier } = this.#state.documents;
    const change = refusalOf(() => parseChange(row.change, verifier.sha256));
    return typeof change !== "string" && this.#isDone({ name: docIdOf(row), change });
  }

  /** What lies aside for what it took the place of alone: that does not count, or did not. */
  #kept(name: DocId): readonly ChangeChunk[] {
    return (this.#aside.get(name) ?? []).filter((own) => this.#isDone(own)).map(changeIn);
  }

  #showsAgain(name: DocId): boolean {
    const { documents } = this.#state;
    const record = documents.get(name);
    const lost = this.#kept(name);
    const [first] = lost;
    if (record === undefined || first === undefined) return false;
    const ground = record.changes.map((bytes) => parseChange(bytes, documents.sha256));
    return showsAgain(lost, { ground, lost, actor: first.actor });
  }

  #isDone({ name, change }: Pick<Own, "name" | "change">): boolean {
    return this.#state.replaced.has(name, this.#device, change) || this.#said.has(name, this.#device, change);
  }

  /** What entries hold, from the first change of each chain on that does not count: of what waits some may have found no room. */
  #sealedIn(name: DocId, lost: Lost): readonly Own[] {
    const firsts = new Map<string, number>();
    for (const { actor, first } of this.#spans.get(name) ?? []) {
      const of = toHex(actor);
      firsts.set(of, Math.min(first, firsts.get(of) ?? first));
    }
    return [...lost.values()].flatMap((one) => {
      const first = firsts.get(toHex(one.change.actor));
      return one.isOwn && first !== undefined && first <= one.change.seq ? [ownOf(name, one)] : [];
    });
  }
}

const ownOf = (name: DocId, { writer, change, kind, replaces = [] }: LostChange): Own => ({
  ...{ name, writer, change, kind, replaces, row: null },
});

const changeIn = ({ change }: { readonly change: ChangeChunk }): ChangeChunk => change;

const placeName = (name: DocId, actor: Uint8Array): string => `${name}/${toHex(actor)}`;
