import { type DatabaseId, type EntryId, type KeyTag, toHex, type VerifiedEntry, type WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { type Admission, isMember } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { hexOf } from "../hex.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { Platform } from "../platform.ts";
import { Serial } from "../serial.ts";
import type { ClaimTimes } from "./claim-times.ts";

/** How long what somebody else knows of the directory may be on its way before it counts as withheld. */
const GRACE_MS = 300_000;
/** How often it is looked whether something is due, while somebody's word waits. */
const TICK_MS = 60_000;
/** An alarm is given again after this long. */
const DAY_MS = 86_400_000;
/** As a person's id: the root is none. */
const ROOT = "00".repeat(32);
/** Claims of one person that are remembered in one database: chains cost nothing, and one shows as well as many what it is. */
const MAX_CLAIMS = 8;

/** An entry that counts, and the directory heads that its author names. */
export interface DirectoryClaim {
  readonly entry: VerifiedEntry;
  readonly admission: Admission;
  readonly heads: readonly EntryId[];
  /** Of the directory key that what the author knew is sealed under, when this device does not have that; else null. */
  readonly tag: KeyTag | null;
}

/** Where something of the directory is named that is not here. Ids in hex. */
export interface Withheld {
  readonly database: string;
  readonly writer: string;
  readonly seq: number;
  readonly entryId: string;
  /** The id of the person whose word it is; "" for the root. */
  readonly user: string;
}

export interface DirectoryClaimsContext {
  readonly platform: Pick<Platform, "now" | "scheduler" | "report">;
  readonly directory: DatabaseId;
  readonly entries: Pick<EntryStore, "find">;
  readonly ring: Pick<KeyRing, "find" | "current">;
  readonly times: ClaimTimes;
  view(): Pick<DirectoryView, "found" | "isLive" | "admission" | "personOf">;
  /** Whether an entry that is not here is known to lie on a branch of a chain that this device need not have. */
  isElsewhere(head: EntryId): boolean;
  /** Whom the directory admits as the writer of one of its chains. */
  author(writer: WriterKey): Admission | null;
  /** Seconds after which one person's word, that nothing bears out, holds nothing up. */
  limit(): number;
  /** Brings in what others have of the directory. @returns whether somebody was reached */
  catchUp(): Promise<boolean>;
  /** The entry names what nobody in reach has. */
  onWithheld(at: Withheld): void;
  /** What may be sealed again. */
  onSettled(): void;
}

/** A claim without what else is in its entry, which may be large. */
interface Claim extends Omit<DirectoryClaim, "entry"> {
  readonly at: Omit<Withheld, "user">;
  readonly place: DatabaseId;
  /** Its database and writer, in hex. */
  readonly chain: string;
  /** The person's id, in hex. */
  readonly user: string;
  /** What of it is not here; null for the key. */
  missing: readonly (EntryId | null)[];
}

/** What one person names that is not here. */
interface Word {
  /** By chain. */
  readonly claims: Map<string, Claim>;
  /** By this device's clock, over restarts once the alarm was given. */
  readonly since: number;
  /** When the alarm was last given. */
  announced: number | null;
}

/**
 * What the authors of entries say of the directory, where this device does not have it: a relay may show it an older directory, in which
 * somebody still has rights. Nothing that came is held back for it; what this device would write is (A4), as long as it is known whose word
 * to believe: docs/adr/0023-whose-word-holds.md.
 */
export class DirectoryClaims {
  readonly #at: DirectoryClaimsContext;
  readonly #working = new Serial();
  /** By person. */
  readonly #words = new Map<string, Word>();
  /** By person: the word that was taken back, and when. */
  readonly #before = new Map<string, { readonly word: Pick<Word, "since" | "announced">; readonly until: number }>();
  /** Databases in which nothing is to be sealed; the directory stands for all. */
  #held: ReadonlySet<string> = new Set();
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(at: DirectoryClaimsContext) {
    this.#at = at;
  }

  /** Whether what is written in this database has to wait. */
  holds(database: DatabaseId): boolean {
    return this.#held.has(hexOf(database)) || this.#held.has(hexOf(this.#at.directory));
  }

  /** A later claim of a chain takes the place of the one before. */
  async take(claim: DirectoryClaim): Promise<void> {
    const { entry, admission, heads, tag } = claim;
    const { database: place, writer, seq } = entry.header;
    const at = { database: toHex(place), writer: toHex(writer), seq, entryId: toHex(entry.id) };
    const chain = at.database + at.writer;
    const user = this.#personOf(admission);
    if ((this.#words.get(user)?.claims.get(chain)?.at.seq ?? -1) > seq) return;
    const taken: Claim = { at, place, chain, user, admission, heads, tag, missing: [] };
    taken.missing = await this.#missing(taken);
    if (taken.missing.length > 0) this.#put(taken);
    else this.#drop(taken);
    this.#decide();
  }

  /** The directory changed. */
  async look(): Promise<void> {
    const { times } = this.#at;
    for (const { claims } of [...this.#words.values()])
      for (const claim of [...claims.values()]) {
        const before = claim.missing;
        claim.missing = await this.#missing(claim);
        const isBorneOut = await this.#isBorneOut(claim, before);
        if (isBorneOut) times.forget(claim.user);
        if (claim.missing.length === 0) this.#drop(claim);
        if (isBorneOut) this.#before.delete(claim.user);
      }
    this.#decide();
    await times.save();
  }

  /** All of the directory that somebody has is here: what is missing still, they do not have. */
  async exchanged(): Promise<void> {
    await this.look();
    const { times, platform, limit, onWithheld } = this.#at;
    for (const [user, word] of this.#words) {
      if (!this.#isDue(user, word)) continue;
      const now = platform.now();
      times.set(user, { since: Math.min(word.since, now), lapsed: now - word.since >= limit() * 1_000 });
      word.announced = now;
      const oneEach = new Map([...word.claims.values()].map((claim) => [claim.at.database, claim]));
      for (const { at } of oneEach.values()) onWithheld({ ...at, user: user === ROOT ? "" : user });
    }
    this.#decide();
    await times.save();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#working.idle();
  }

  #personOf(admission: Admission): string {
    return isMember(admission) ? hexOf(this.#at.view().personOf(admission)) : ROOT;
  }

  #put(claim: Claim): void {
    const { user, chain } = claim;
    const word = this.#words.get(user) ?? this.#newWord(user);
    const there = [...word.claims.values()].filter(({ at }) => at.database === claim.at.database);
    // SECURITY: A4. Who has many chains takes no more room for it (directory-claims.test.ts).
    if (!word.claims.has(chain) && there.length >= MAX_CLAIMS) return;
    word.claims.set(chain, claim);
    this.#words.set(user, word);
    this.#arm();
  }

  #drop({ user, chain }: Pick<Claim, "user" | "chain">): void {
    const word = this.#words.get(user);
    if (word?.claims.delete(chain) !== true || word.claims.size > 0) return;
    this.#words.delete(user);
    this.#before.set(user, { word, until: this.#at.platform.now() });
  }

  /**
   * SECURITY: A4. Who takes back what it named just before the alarm, and names more, is waited for no longer, and heard no more often
   * (directory-claims.test.ts).
   */
  #newWord(user: string): Word {
    const now = this.#at.platform.now();
    const before = this.#before.get(user);
    const isLong = before === undefined || now - before.until > GRACE_MS;
    const since = this.#at.times.get(user)?.since ?? (isLong ? now : now - (before.until - before.word.since));
    return { claims: new Map(), since, announced: before?.word.announced ?? null };
  }

  /**
   * Whether an entry came that somebody else wrote. SECURITY: A4. Nobody gains time by taking back what was named, or by what that person alone
   * could show: an entry of its own, or a key, which may be one it made (directory-claims.test.ts).
   */
  async #isBorneOut({ missing, admission, user }: Claim, before: Claim["missing"]): Promise<boolean> {
    const { author, entries, view } = this.#at;
    if (!view().isLive(admission)) return false;
    for (const head of before.filter((each) => !missing.includes(each))) {
      const writer = head === null ? undefined : (await entries.find(head))?.header.writer;
      const by = writer === undefined ? null : author(writer);
      if (by !== null && this.#personOf(by) !== user) return true;
    }
    return false;
  }

  /**
   * What is named and not here; nothing of the word of one who is out. SECURITY: A4. A fork excuses what is known to lie behind it and no
   * other head: else whoever forks a chain helped a relay to freeze the directory (directory-claims.test.ts).
   */
  async #missing({ place, heads, tag, admission }: Claim): Promise<Claim["missing"]> {
    const { entries, ring, view, isElsewhere } = this.#at;
    if (!view().isLive(admission)) return [];
    // A version that the directory names, and that was not given to this device, is another matter.
    const { found } = view();
    if (tag !== null && found !== null && ring.current(found.directoryKey.keyId) !== undefined)
      return (await ring.find(place, tag)) === undefined ? [null] : [];
    const missing: EntryId[] = [];
    for (const head of heads) if (!isElsewhere(head) && (await entries.find(head)) === undefined) missing.push(head);
    return missing;
  }

  /** Whose word is believed, and so where nothing is sealed. */
  #decide(): void {
    const words = [...this.#words].map(([user, { claims }]) => ({
      lapsed: this.#at.times.get(user)?.lapsed === true,
      claims: [...claims.values()],
    }));
    const believed = words.filter(
      ({ lapsed, claims }) => !lapsed || words.length > 1 || claims.some((claim) => this.#isByAdmin(claim)),
    );
    const before = this.#held;
    this.#held = new Set(believed.flatMap(({ claims }) => claims.map(({ at }) => at.database)));
    if ([...before].some((database) => !this.#held.has(database))) this.#at.onSettled();
  }

  #isByAdmin({ admission }: Claim): boolean {
    return this.#at.view().admission(admission.id)?.role === "admin";
  }

  #isDue(user: string, { since, announced }: Word): boolean {
    const { times, platform, limit } = this.#at;
    const waited = platform.now() - since;
    if (waited < GRACE_MS) return false;
    if (announced === null || platform.now() - announced >= DAY_MS) return true;
    return times.get(user)?.lapsed !== true && waited >= limit() * 1_000;
  }

  #arm(): void {
    if (this.#closed || this.#cancel !== null || this.#words.size === 0) return;
    this.#cancel = this.#at.platform.scheduler.after(TICK_MS, () => {
      this.#cancel = null;
      void this.#working.run(() => this.#tick()).catch(this.#at.platform.report);
    });
  }

  async #tick(): Promise<void> {
    const isDue = [...this.#words].some(([user, word]) => this.#isDue(user, word));
    if (isDue && !this.#closed && (await this.#at.catchUp())) await this.exchanged();
    this.#arm();
  }
}
