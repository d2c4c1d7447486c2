import { type DatabaseId, fromHex, type TenantId, toHex } from "@selkie/entry";
import type { Store, PartName as StoredName } from "@selkie/store";
import { rowsWith } from "../cold/pages.ts";
import { snapshotRows } from "../cold/snapshots.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { isConfirmed, PartNames, type Purge, purgeDelay } from "../directory/purges.ts";
import type { PartName } from "../directory/statement.ts";
import type { DerivedStores } from "../local/derived-rows.ts";
import { type LocalState, rowKind } from "../local/local-state.ts";
import type { Platform } from "../platform.ts";
import { cachedKey } from "../remote/part-cache.ts";
import { Serial } from "../serial.ts";

export interface PurgingContext {
  readonly platform: Platform;
  readonly tenant: TenantId;
  readonly store: Store;
  readonly local: LocalState;
  readonly derived: DerivedStores;
  readonly directory: DatabaseId;
  view(): Pick<DirectoryView, "purges" | "voidPurges" | "settings">;
  /** Parts were dropped, or may come again. */
  onCarriedOut(): void;
}

/** What is remembered of a purge on this device. */
interface Learned {
  /** When this device learned of it, ms since the epoch. */
  readonly since: number;
  readonly isCarriedOut: boolean;
}

/**
 * Drops what was purged from this device's store, in databases that nobody has open too: once the purge has counted here for as long as the
 * setting `purgeAfter` says, over restarts; at once where the root or admins of two people said it.
 * INVARIANT: nothing is dropped for a purge that does not count when its time has come. Test: purge.test.ts "waits ...".
 */
export class Purging {
  readonly #at: PurgingContext;
  readonly #working = new Serial();
  #learned: Map<string, Learned> | null = null;
  #cancel: (() => void) | null = null;
  #isStopped = false;

  constructor(at: PurgingContext) {
    this.#at = at;
  }

  /** When a purge is carried out here, ms since the epoch; null when it is. */
  dueAt({ id }: Purge): number | null {
    const learned = this.#learned?.get(id);
    if (learned?.isCarriedOut === true) return null;
    return (learned?.since ?? this.#at.platform.now()) + this.#delay();
  }

  /** The directory changed, or the time. */
  check(): Promise<void> {
    return this.#working.run(async () => {
      if (this.#isStopped) return;
      this.#cancel?.();
      this.#cancel = null;
      const learned = this.#learned ?? (await this.#load());
      this.#learned = learned;
      const purges = [...this.#at.view().purges.values()].flat();
      const isTakenBack = await this.#takeBack(learned);
      await this.#learn(learned, purges);
      const isCarriedOut = await this.#carryOut(learned, purges);
      if (isTakenBack || isCarriedOut) this.#at.onCarriedOut();
      this.#wait(purges);
    });
  }

  /** Nothing more is dropped. Resolves when what was on its way is. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#working.idle();
  }

  #delay(): number {
    return purgeDelay(this.#at.view()) * 1_000;
  }

  async #learn(learned: Map<string, Learned>, purges: readonly Purge[]): Promise<void> {
    const { platform, store, local } = this.#at;
    const counting = new Set(purges.map(({ id }) => id));
    const fresh = purges.filter(({ id }) => !learned.has(id));
    const gone = [...learned].flatMap(([id, { isCarriedOut }]) => (isCarriedOut || counting.has(id) ? [] : [id]));
    if (fresh.length + gone.length === 0) return;
    const row: Learned = { since: platform.now(), isCarriedOut: false };
    const put = await Promise.all(fresh.map(({ id }) => local.seal(this.#key(id), rowOf(row))));
    await store.commit({ put, remove: gone.map((id) => this.#key(id)) });
    for (const id of gone) learned.delete(id);
    for (const { id } of fresh) learned.set(id, row);
  }

  async #carryOut(learned: Map<string, Learned>, purges: readonly Purge[]): Promise<boolean> {
    const { tenant, store, local, derived } = this.#at;
    let isDone = false;
    for (const purge of purges) {
      const known = learned.get(purge.id);
      if (known === undefined || known.isCarriedOut || !this.#isDue(purge, known.since)) continue;
      await store.entries(tenant, purge.database).retire(storedNames(purge.parts));
      const row: Learned = { ...known, isCarriedOut: true };
      // What an open database shows is written anew when it is quiet; of one that nobody opens it would stay for ever.
      const at = { local, database: purge.database };
      const cached = purge.parts.map(({ entry, part }) => cachedKey(at, { entry, index: part }));
      const shown = [...(await rowsWith(at, purge.documents)), ...snapshotRows(at, purge.documents), ...cached];
      const put = [await local.seal(this.#key(purge.id), rowOf(row))];
      await derived.of(purge.database).purge((keys) => store.commit({ put, remove: [...shown, ...keys] }));
      learned.set(purge.id, row);
      isDone = true;
    }
    return isDone;
  }

  /**
   * What was dropped for purges that count no more may come again: from whoever has it. One that was not carried out may be the last that
   * named what another was carried out for.
   */
  async #takeBack(learned: Map<string, Learned>): Promise<boolean> {
    const { tenant, store, view } = this.#at;
    const { purges, voidPurges } = view();
    const back = voidPurges.filter(({ id }) => learned.has(id));
    for (const { id, database, parts } of back) {
      const counting = PartNames.of(purges.get(toHex(database)) ?? []);
      const free = parts.filter(({ entry, part }) => !counting.has(entry, part));
      await store.entries(tenant, database).unretire(storedNames(free));
      await store.commit({ remove: [this.#key(id)] });
      learned.delete(id);
    }
    return back.length > 0;
  }

  #isDue(purge: Purge, since: number): boolean {
    const { platform, view } = this.#at;
    if (purge.person === null || platform.now() >= since + this.#delay()) return true;
    return isConfirmed(purge, view().purges.get(toHex(purge.database)) ?? []);
  }

  #wait(purges: readonly Purge[]): void {
    const { platform } = this.#at;
    const next = Math.min(...purges.flatMap((purge) => this.dueAt(purge) ?? []));
    if (next === Number.POSITIVE_INFINITY) return;
    const left = Math.max(0, next - platform.now());
    this.#cancel = platform.scheduler.after(left, () => void this.check().catch(platform.report));
  }

  async #load(): Promise<Map<string, Learned>> {
    const { local, directory } = this.#at;
    const learned = new Map<string, Learned>();
    for await (const { key, value } of local.range(rowKind.purge, directory)) {
      if (value?.length !== 9) continue; // it is learned of anew
      const since = new DataView(value.buffer, value.byteOffset).getFloat64(0);
      learned.set(toHex(key.subarray(-32)), { since, isCarriedOut: value[8] === 1 });
    }
    return learned;
  }

  #key(id: string): Uint8Array {
    const { local, directory } = this.#at;
    return local.key(rowKind.purge, directory, fromHex(id));
  }
}

const storedNames = (parts: readonly PartName[]): readonly StoredName[] =>
  parts.map(({ entry, part }) => ({ id: entry, index: part }));

function rowOf({ since, isCarriedOut }: Learned): Uint8Array {
  const row = new Uint8Array(9);
  new DataView(row.buffer).setFloat64(0, since);
  row[8] = isCarriedOut ? 1 : 0;
  return row;
}
