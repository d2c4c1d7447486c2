import { toHex } from "@selkie/entry";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { freezeDeep } from "../automerge/freeze.ts";
import type { Patch } from "../automerge/patch.ts";
import { readFirstChange } from "../automerge/read-first-change.ts";
import { DocHandle, NOTHING } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import type { HistoryRecord } from "../document/document-record.ts";
import type { Shelf } from "../document/shelf.ts";
import type { Platform } from "../platform.ts";
import type { WaitOptions } from "../unless-aborted.ts";
import { type ChangeSources, historyItemOf } from "./change-sources.ts";
import type { HistoryItem, PastDoc, ReadableHistory, When } from "./history.ts";
import { madeBy, momentOf, type Past, pastWith, requireFound, timeOf, upTo } from "./past.ts";

/** The documents that somebody looks into the past of. */
export interface HistoryGround {
  readonly platform: Platform;
  readonly shelf: Pick<Shelf, "automerge">;
  readonly sources: ChangeSources;
  /** @throws CoreError DOC_NOT_FOUND */
  require(id: DocId): HistoryRecord;
  all(): Iterable<HistoryRecord>;
}

/** Looks into the past of documents. */
export class HistoryReader<T extends object> implements ReadableHistory<T> {
  /** @throws CoreError CLOSED */
  readonly #ground: () => HistoryGround;

  constructor(ground: () => HistoryGround) {
    this.#ground = ground;
  }

  async *changes(id: DocId, { signal }: WaitOptions = {}): AsyncIterable<HistoryItem> {
    const { sources, require } = this.#ground();
    for (const change of await sources.of(require(id), signal)) {
      signal?.throwIfAborted();
      yield historyItemOf(change);
    }
  }

  async getDocumentAt(id: DocId, when: When, options: WaitOptions = {}): Promise<PastDoc<T> | undefined> {
    const ground = this.#ground();
    const past = await this.pastOf(id, when, options);
    return past.changes.length === 0 ? undefined : showPast<T>(ground, id, past);
  }

  async getAllDocumentIdsAt(when: When, options: WaitOptions = {}): Promise<readonly DocId[]> {
    const ids: DocId[] = [];
    for await (const [{ name }, { deleted }] of documentsAt(this.#ground(), when, options))
      if (!deleted) ids.push(name);
    return ids;
  }

  async diff(id: DocId, a: When, b: When, options: WaitOptions = {}): Promise<readonly Patch[]> {
    const ground = this.#ground();
    const [before, after] = [await this.pastOf(id, a, options), await this.pastOf(id, b, options)];
    const all = new Map([...before.changes, ...after.changes].map((change) => [toHex(change.hash), change]));
    const { patchesBetween } = await pastAutomerge(ground);
    return patchesBetween(bytesOf([...all.values()]), shownHeads(before), shownHeads(after));
  }

  /** What a document consisted of; of nothing, when it was not there yet. @throws CoreError DOC_NOT_FOUND | HEADS_UNKNOWN | VALUE_UNSUPPORTED */
  async pastOf(id: DocId, at: When, { signal }: WaitOptions = {}): Promise<Past> {
    const ground = this.#ground();
    signal?.throwIfAborted();
    const record = ground.require(id);
    const when = momentOf(at);
    if (when instanceof Date) {
      const time = timeOf(when);
      return pastWith(record, madeBy(await ground.sources.of(record, signal), time));
    }
    const heads = new Set(when);
    const changes = upTo(parsed(ground, record), heads);
    requireFound(heads);
    return pastWith(record, changes);
  }
}

/** Each document that was there, deleted or not, and what it was. @throws CoreError HEADS_UNKNOWN | VALUE_UNSUPPORTED */
export async function* documentsAt(
  ground: HistoryGround,
  at: When,
  { signal }: WaitOptions = {},
): AsyncIterable<readonly [HistoryRecord, Past]> {
  signal?.throwIfAborted();
  const when = momentOf(at);
  if (when instanceof Date) {
    const time = timeOf(when);
    for await (const [record, all] of ground.sources.all(ground.all(), signal)) {
      signal?.throwIfAborted();
      const changes = madeBy(all, time);
      if (changes.length > 0) yield [record, pastWith(record, changes)];
    }
    return;
  }
  const heads = new Set(when);
  for (const record of ground.all()) {
    const changes = upTo(parsed(ground, record), heads);
    if (changes.length > 0) yield [record, pastWith(record, changes)];
  }
  requireFound(heads);
}

/** A document as it was, for an app to read. Automerge is loaded only for one that was more than created. */
export async function showPast<T extends object>(
  ground: Pick<HistoryGround, "platform" | "shelf">,
  id: DocId,
  { changes, heads, deleted }: Past,
): Promise<PastDoc<T>> {
  const [first] = changes;
  const created = first === undefined || changes.length > 1 ? null : readFirstChange(first);
  const shown = async () => freezeDeep(created ?? (await pastAutomerge(ground)).pastData(bytesOf(changes)));
  const data = deleted ? NOTHING : await shown();
  return new DocHandle<T>(id, { data: () => data as T, deleted, heads }, ground.platform.report);
}

/** What documents are read with that nobody edits, once Automerge is loaded. */
export async function pastAutomerge({
  shelf,
}: Pick<HistoryGround, "shelf">): Promise<typeof import("../automerge/past-document.ts")> {
  await shelf.automerge();
  return import("../automerge/past-document.ts");
}

export const bytesOf = (changes: readonly ChangeChunk[]): readonly Uint8Array[] => changes.map(({ bytes }) => bytes);

function parsed({ platform }: HistoryGround, { changes }: HistoryRecord): readonly ChangeChunk[] {
  return changes.map((bytes) => parseChange(bytes, platform.crypto.sha256));
}

/** A deleted document shows nothing. */
const shownHeads = ({ deleted, heads }: Past): readonly string[] => (deleted ? [] : heads);
