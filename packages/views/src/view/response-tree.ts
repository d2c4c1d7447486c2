import type { DerivedRows } from "@selkie/core";
import { damaged } from "../damaged-index.ts";
import { KeptTree } from "../tree/kept-tree.ts";
import { nothingCodec, type TreeCodec } from "../tree/page-codec.ts";
import { nothing, SOME_ON_PAGE } from "../tree/tree-shape.ts";
import { encodeIds, idsIn } from "../value/ids-codec.ts";
import { byCodeUnits, type Compare } from "../value/order.ts";
import { listIn, numberIn } from "../value/read-json.ts";
import type { EntryColumn } from "./column.ts";
import { type Entry, entryOrder, type MappedEntry } from "./entry.ts";
import type { Place } from "./place.ts";
import { belowOf, beneath, type Responding, type StandingDocument, standingOf } from "./responses.ts";
import { areSame } from "./sort-entries.ts";
import { entryCodec } from "./view-codec.ts";
import { weightOf } from "./view-trees.ts";

/** A document that is shown and says that it answers another, whether that one is there or not. */
interface Response extends Responding {
  readonly responseTo: string;
}

/** A document that has changed. */
interface Moving {
  readonly id: string;
  /** Where it would stand by itself now; none when it is not shown. */
  readonly alone: readonly MappedEntry[];
  /** Where it stood. */
  readonly before: Place | null;
  /** Gives where another one stands; null for one that is not shown. */
  readonly placeOf: (id: string) => Promise<Place | null>;
}

/** Responses that are read at once. */
const BATCH = 64;

/** Which documents of one database answer which. */
export class ResponseTree {
  readonly kept: KeptTree<Response, null>;
  readonly #order: Compare<Entry>;

  constructor(columns: readonly EntryColumn[], rows: DerivedRows | null) {
    const shape = {
      ...{ number: 4, compare, codec: codecOf(columns), summary: nothing, mostOnPage: SOME_ON_PAGE },
      key: ({ responseTo, id }: Response): Response => keyOf(responseTo, id),
      weigh: ({ alone }: Response): number => alone.reduce((sum, entry) => sum + weightOf(entry), 2),
    };
    this.kept = new KeptTree(shape, rows);
    this.#order = entryOrder(columns);
  }

  /** Takes the place of all there was. @param all what each document would be by itself. @returns where each stands that is shown */
  fill(all: ReadonlyMap<string, readonly MappedEntry[]>): readonly StandingDocument[] {
    const documents = new Map<string, Responding>();
    for (const [id, alone] of all)
      if (alone.length > 0) documents.set(id, { id, responseTo: alone[0]?.responseTo ?? null, alone });
    this.kept.fill([...documents.values()].filter(isResponse).sort(compare));
    return standingOf(documents, new Map(), this.#order);
  }

  /** @returns where the document stands now, and where those do that may stand elsewhere for it */
  async moving(moving: Moving): Promise<readonly StandingDocument[]> {
    const { id, alone, before, placeOf } = moving;
    const now: Responding = { id, alone, responseTo: alone[0]?.responseTo ?? null };
    await this.#change(now, before?.responseTo ?? null);
    const where = await this.#whereItWas(now, moving);
    if (where !== null) return [where];
    const documents = new Map<string, Responding>(alone.length > 0 ? [[id, now]] : []);
    await this.#collect(id, documents); // with all of a circle that it is in, or was: each of them answers one that does
    const { responseTo } = now;
    const parent = responseTo === null || documents.has(responseTo) ? null : await placeOf(responseTo);
    const standing = standingOf(documents, new Map(parent === null ? [] : [[parent.id, parent.keys]]), this.#order);
    return documents.has(id) ? standing : [{ id, responseTo: null, entries: [] }, ...standing];
  }

  /** @param before what the document answered */
  async #change(now: Responding, before: string | null): Promise<void> {
    const { tree } = this.kept;
    const isShown = now.alone.length > 0;
    if (before !== null && !(isShown && now.responseTo === before)) await tree.remove(keyOf(before, now.id));
    if (isShown && isResponse(now)) await tree.put(now);
  }

  /** For a document that stands where it stood, so that nothing else moves; null otherwise. */
  async #whereItWas(now: Responding, { before, placeOf }: Moving): Promise<StandingDocument | null> {
    const { id, responseTo, alone } = now;
    if (before === null || alone.length === 0 || (before.responseTo ?? null) !== responseTo) return null;
    const isBeneath = before.keys[0]?.above !== undefined;
    const parent = isBeneath && responseTo !== null ? await placeOf(responseTo) : null;
    const entries = parent === null ? alone : beneath(belowOf(parent.keys), alone);
    return areSame(this.#order, before.keys, entries) ? { id, responseTo, entries } : null;
  }

  /** All that answer a document, and what answers those. */
  async #collect(id: string, documents: Map<string, Responding>): Promise<void> {
    const [waiting, seen] = [[id], new Set([id])];
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop())
      for await (const response of this.#to(one)) {
        if (seen.has(response.id)) continue;
        seen.add(response.id);
        waiting.push(response.id);
        if (!documents.has(response.id)) documents.set(response.id, response);
      }
  }

  /** The documents that answer one. */
  async *#to(id: string): AsyncGenerator<Response, void> {
    const { tree } = this.kept;
    let from = await tree.countBefore(({ responseTo }) => responseTo < id);
    for (;;) {
      const some = await tree.slice(from, BATCH);
      for (const response of some) {
        if (response.responseTo !== id) return;
        yield response;
      }
      if (some.length < BATCH) return;
      from += BATCH;
    }
  }
}

const keyOf = (responseTo: string, id: string): Response => ({ responseTo, id, alone: [] });

function isResponse(document: Responding): document is Response {
  return document.responseTo !== null;
}

function compare(a: Response, b: Response): number {
  return byCodeUnits(a.responseTo, b.responseTo) || byCodeUnits(a.id, b.id);
}

function codecOf(columns: readonly EntryColumn[]): TreeCodec<Response, null> {
  const { entries } = entryCodec(columns);
  return {
    entries: {
      encode: (responses) => [
        encodeIds(responses.map(({ responseTo }) => responseTo)),
        encodeIds(responses.map(({ id }) => id)),
        responses.map(({ alone }) => alone.length),
        entries.encode(responses.flatMap(({ alone }) => alone)),
      ],
      decode: (json) => {
        const [parents, ids, counted, all] = listIn(json);
        const [answered, counts, places] = [idsIn(parents), listIn(counted).map(numberIn), entries.decode(all)];
        let next = 0;
        return idsIn(ids).map((id, at): Response => {
          const alone = places.slice(next, next + (counts[at] ?? 0));
          next += alone.length;
          const responseTo = answered[at];
          if (responseTo === undefined) throw damaged("a response to nobody");
          return { responseTo, id, alone };
        });
      },
    },
    summary: nothingCodec,
  };
}
