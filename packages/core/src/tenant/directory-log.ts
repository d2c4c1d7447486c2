import {
  type DatabaseId,
  type EntryId,
  entryType,
  equalBytes,
  parseEntryId,
  toHex,
  type VerifiedEntry,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import { type EntryStore, StoreError } from "@selkie/store";
import type { Admission, PlacedStatement } from "../directory/admission.ts";
import { buildDirectory } from "../directory/build-directory.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { isProof } from "../directory/fork.ts";
import type { PlacedVector } from "../directory/membership-facts.ts";
import type { ProvenFork } from "../directory/proven-forks.ts";
import { linksOf, type Statement, statementId } from "../directory/statement.ts";
import { decodeStatement } from "../directory/statement-codec.ts";
import { CoreError } from "../errors.ts";
import { openUserKeys } from "../keys/permit.ts";
import type { VersionLink } from "../keys/version-link.ts";
import { NamedEntries } from "../replica/named-entries.ts";
import { readAll } from "../replica/read-all.ts";
import { StoredBranches } from "../replica/stored-branches.ts";
import { type Certificate, decodeControlPart, verifyCertificates } from "../sealing/control-part.ts";
import { type OpenedPart, openEntries } from "../sealing/open-entry.ts";
import { DirectoryChains } from "./directory-chains.ts";
import type { DirectoryClaim } from "./directory-claims.ts";
import { DuePermits } from "./due-permits.ts";
import { HeardClaims } from "./heard-claims.ts";
import { joinedWith } from "./own-admissions.ts";
import { ParkedPlaces, type Place } from "./parked-places.ts";
import { PermittedKeys } from "./permitted-keys.ts";
import { personPlaces } from "./person-places.ts";
import type { TenantContext } from "./tenant-context.ts";

type Opened = OpenedPart & { type: "opened" };

/** What this device learned while reading the directory. */
export interface DirectoryNews {
  readonly changed: boolean;
  readonly newKeys: boolean;
  /** Ids of keys that came in a permit though no statement commits to them: they were dropped. */
  readonly unauthentic: readonly Uint8Array[];
  /** Of each chain of an admitted author that was read: the newest of its entries that names heads of others. */
  readonly claims: readonly DirectoryClaim[];
}

const ONE_ENTRY = { entries: 1, bytes: 2 ** 20 };
/** Whoever may cut another stands above it: what decides about a chain is settled after as many rounds as there are above it. */
const MOST_ROUNDS = 16;

/**
 * The directory as this device knows it: reads the statements out of the directory's entries, finds the permits for this user,
 * and rebuilds the view. The view is a pure function of the set of statements; this class only collects them. Reading an entry again
 * changes nothing, so what comes again with a hole filled is simply read; no ciphertext is held.
 */
export class DirectoryLog {
  readonly #context: TenantContext;
  readonly #database: DatabaseId;
  readonly #entries: EntryStore;
  /** The entries that name the branches of the directory's own chains. */
  readonly named: NamedEntries;
  readonly #stored: StoredBranches;
  #chains: DirectoryChains;
  readonly #parked = new ParkedPlaces();
  /** Statements and names of this person's keys, in hex, that their entries were searched for. */
  readonly #lookedFor = new Set<string>();
  readonly #keys: PermittedKeys;
  readonly #due: DuePermits;
  readonly #heard = new HeardClaims();
  readonly #placed = new Map<string, Omit<PlacedStatement, "certificate">>();
  /** By entry in hex. */
  readonly #vectors = new Map<string, Omit<PlacedVector, "certificate">>();
  /** What `frontier` last answered: every local change asks. */
  #frontier: { readonly own: WriterKey | null; readonly heads: readonly EntryId[] } | null = null;
  #founding: VerifiedEntry | null = null;
  /** Everything was read once more, for something is gone. */
  #isAnew = false;
  /** Of what was read so far. */
  #view: DirectoryView;
  /** What others see: it goes on together with the keys of the ring, so that what it says of them is so. */
  #shown: DirectoryView;

  /** @param onLost of a chain another branch counts than is stored */
  constructor(context: TenantContext, database: DatabaseId, entries: EntryStore, onLost: () => void = () => undefined) {
    this.named = new NamedEntries(onLost);
    this.#context = context;
    this.#database = database;
    this.#entries = entries;
    this.#chains = new DirectoryChains(database);
    this.#keys = new PermittedKeys(context);
    this.#due = new DuePermits(context);
    this.#stored = new StoredBranches({
      ...{ verifier: context.platform.crypto, entries, named: this.named },
      signatures: (writer, id) => this.#view.cutSignatures(writer, id),
    });
    this.#view = this.#build();
    this.#shown = this.#view;
  }

  get view(): DirectoryView {
    return this.#shown;
  }

  /** Which permits relays are to send, and where one is missing that may be for this device. */
  get due(): Pick<DuePermits, "wanted" | "lacks" | "lacking"> {
    return this.#due;
  }

  /** The founding entry, whose hash is the tenant id and whose writer is the root. */
  get founding(): VerifiedEntry | null {
    return this.#founding;
  }

  /** The tips of the directory's admitted chains that no other of them has named, but for one's own and those that fork: at most 64, ascending. */
  frontier(own: WriterKey | null): readonly EntryId[] {
    if (this.#frontier === null || this.#frontier.own !== own)
      this.#frontier = { own, heads: this.#chains.frontier(this.#view, own, (writer) => this.#isDisputed(writer)) };
    return this.#frontier.heads;
  }

  /** The admission of a writer of the directory, once it is admitted. */
  admissionOf(writer: WriterKey): Admission | null {
    const verdict = this.#judge(this.#view, writer);
    return verdict.type === "admitted" ? verdict.admission : null;
  }

  /** What certifies a chain of the directory; null for none that is genuine. */
  certificateOf(writer: WriterKey): Certificate | null {
    return this.#chains.certificate(writer)?.certificate ?? null;
  }

  /** Whether the directory has ended one of its own chains. */
  isEnded(writer: WriterKey): boolean {
    const verdict = this.#judge(this.#view, writer);
    return verdict.type === "admitted" && (verdict.fork !== null || verdict.last < Number.POSITIVE_INFINITY);
  }

  /** Whom the directory admits as the writer of one of its chains. */
  author(writer: WriterKey): Admission | null {
    const verdict = this.#judge(this.#shown, writer);
    return verdict.type === "admitted" ? verdict.admission : null;
  }

  /** It forks, and it is not said that the branch counts that is stored: who has another cannot get this one. */
  #isDisputed(writer: WriterKey): boolean {
    const verdict = this.#judge(this.#view, writer);
    if (verdict.type !== "admitted" || verdict.fork === null) return false;
    return verdict.fork.deciding.length === 0 || this.#stored.lostAt(writer) !== null;
  }

  #judge(view: DirectoryView, writer: WriterKey): ReturnType<DirectoryView["judge"]> {
    return view.judge({ database: this.#database, writer, certificate: this.#chains.certificate(writer) });
  }

  /**
   * Whether an entry is known to lie on another branch of a chain than is stored, by a proof or because it came, and nothing says that
   * the branch counts which it lies on.
   */
  isElsewhere(id: EntryId): boolean {
    const isOn = ({ database, rivalOf }: ProvenFork): boolean =>
      equalBytes(database, this.#database) && rivalOf.has(toHex(id));
    const writer = this.named.metIn(id) ?? this.#shown.forks.find(isOn)?.writer;
    return writer !== undefined && this.#stored.lostAt(writer) === null;
  }

  /** Reads everything the store holds. */
  all(): Promise<DirectoryNews> {
    return this.#learn(() => this.#takeAll());
  }

  /** Reads entries; a permit found in them may open earlier ones, which are then read again. */
  read(runs: readonly VerifiedRun[]): Promise<DirectoryNews> {
    return this.#learn(() => this.#take(runs.flatMap((run) => run.entries)));
  }

  /**
   * Drops the end of a chain, by `commit`, and reads what is left: permits and statements of a branch that is gone are as if they had
   * never come.
   */
  replace(commit: () => Promise<unknown>): Promise<DirectoryNews> {
    return this.#learn(async () => {
      await commit();
      this.#chains = new DirectoryChains(this.#database);
      this.#placed.clear();
      this.#vectors.clear();
      this.#heard.clear();
      this.#lookedFor.clear();
      this.#parked.clear();
      this.#due.clear();
      this.#isAnew = true;
      return this.#takeAll();
    });
  }

  /** Which branches are stored of chains that are cut: it changes what counts, and so what is cut. */
  async #lookAtBranches(): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      for (const writer of this.#chains.writers()) {
        const verdict = this.#judge(this.#view, writer);
        await this.#stored.look(writer, verdict.type === "admitted" ? verdict.named : null);
      }
      if (!this.#stored.hasChanged()) return;
      this.#view = this.#build();
    }
  }

  async #learn(take: () => Promise<boolean>): Promise<DirectoryNews> {
    const before = this.#size();
    let newKeys = await this.#openLate(await take());
    this.#view = this.#build();
    await this.#lookAtBranches();
    while (await this.#findPerson()) {
      newKeys = true;
      await this.#openLate(await this.#takeAll());
      this.#view = this.#build();
    }
    for (let recalled = this.#keys.recall(this.#view); recalled.length > 0; recalled = this.#keys.recall(this.#view)) {
      newKeys = (await this.#openLate(await this.#takeAgain(recalled))) || newKeys;
      this.#view = this.#build();
    }
    await this.#due.look({ view: this.#view, placed: this.#placed, read: (place) => this.#readEntry(place) });
    const unauthentic = this.#keys.confirm(this.#view, () => this.#isReadable());
    const follow = await this.#context.ring.following(this.#view.keys());
    this.#shown = this.#view;
    this.#frontier = null;
    follow();
    const changed = this.#isAnew || this.#size() !== before;
    this.#isAnew = false;
    return { changed, newKeys, unauthentic, claims: this.#heard.take((writer) => this.#judge(this.#view, writer)) };
  }

  #size(): number {
    return this.#placed.size + this.#vectors.size + this.#chains.certified;
  }

  /** @returns whether a permit gave new keys */
  async #take(entries: readonly VerifiedEntry[]): Promise<boolean> {
    const { crypto } = this.#context.platform;
    const own = entries.filter(({ header }) => header.type !== entryType.change); // B3: no document entry speaks for the directory
    const newKeys = await this.#keys.find(own);
    const opened = await openEntries(crypto, this.#context.ring, own, ["control", "statement"]);
    for (const [at, entry] of own.entries()) {
      const isClosed = opened[at]?.some(({ type }) => type === "no-key") === true;
      if (this.#due.note(entry, isClosed)) this.#lookedFor.clear(); // more of it may be here than before
      if (equalBytes(entry.id, this.#context.tenant)) this.#founding = entry;
      this.#chains.note(entry);
      for (const part of opened[at] ?? []) {
        if (part.type === "no-key") {
          this.#parked.park(entry, part.tag);
          if (part.index === 0) this.#heard.hear({ entry, heads: [], tag: part.tag });
        }
        if (part.type === "opened") await this.#read(entry, part);
      }
    }
    return newKeys;
  }

  async #takeAll(): Promise<boolean> {
    let newKeys = false;
    for await (const run of readAll(this.#entries, this.#context.platform.report))
      newKeys = (await this.#take(run.entries)) || newKeys;
    return newKeys;
  }

  async #takeAgain(places: readonly Place[]): Promise<boolean> {
    let newKeys = false;
    for (const { writer, seq } of places) {
      const run = await this.#readStored(writer, seq);
      newKeys = (await this.#take(run?.entries ?? [])) || newKeys;
    }
    return newKeys;
  }

  async #readEntry({ writer, seq }: Place): Promise<VerifiedEntry | undefined> {
    return (await this.#readStored(writer, seq))?.entries[0];
  }

  /** What is damaged on the disk is missing until it comes again; it keeps nobody from reading the rest. */
  async #readStored(writer: WriterKey, seq: number): Promise<VerifiedRun | null> {
    try {
      return await this.#entries.read(writer, seq, ONE_ENTRY);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#context.platform.report(error);
      return null;
    }
  }

  /** Reads what waited for keys that are here now. @returns whether there are new keys, these or `newKeys` */
  async #openLate(newKeys: boolean): Promise<boolean> {
    let found = newKeys;
    if (newKeys && this.#parked.isFull) {
      this.#parked.clear();
      await this.#takeAll();
    }
    for (;;) {
      found = (await this.#context.ring.openHistory(this.#links())) || found;
      const due = await this.#parked.due(this.#context.ring, this.#database);
      if (due.length === 0) return found;
      found = (await this.#takeAgain(due)) || found;
    }
  }

  /** Whoever made them: what a link gives is compared with the version it names, and is no more trusted than what opened it. */
  #links(): readonly VersionLink[] {
    return [...this.#placed.values()].flatMap(({ statement }) => linksOf(statement));
  }

  /**
   * The person's keys, where the directory says that they were given to this device. Each is looked for once in each such entry.
   * @returns whether a user key is new: what was permitted to it may stand in entries that were read already
   */
  async #findPerson(): Promise<boolean> {
    const { platform, keys, admittedBy } = this.#context;
    const joined = joinedWith(this.#view, admittedBy);
    if (joined === null) return false;
    let found = false;
    for (const { by, names } of personPlaces(platform.crypto, this.#view, joined)) {
      const placed = this.#placed.get(toHex(by));
      const wanted = names.filter((name) => !keys.person.holds(name) && !this.#lookedFor.has(toHex(by) + toHex(name)));
      if (placed === undefined || wanted.length === 0) continue;
      for (const name of wanted) this.#lookedFor.add(toHex(by) + toHex(name));
      const entry = await this.#readEntry(placed);
      const secrets = entry === undefined ? null : await openUserKeys(platform.crypto, entry, keys.deviceKem);
      // SECURITY: A2. Only keys that the directory names as this person's: whoever writes an entry may put anything into it (directory-log.test.ts).
      const named = (secrets ?? []).filter((secret) => wanted.some((name) => equalBytes(name, secret.name)));
      found = (await keys.person.take(named)) || found;
    }
    return found;
  }

  /** A part that is malformed counts for nothing, on every replica alike. */
  async #read(entry: VerifiedEntry, part: Opened): Promise<void> {
    try {
      if (part.kind === "control") await this.#control(entry, part);
      if (part.kind === "statement") await this.#statement(entry, part);
    } catch (error) {
      if (!(error instanceof CoreError)) throw error;
    }
  }

  async #statement(entry: VerifiedEntry, part: Opened): Promise<void> {
    const { writer, seq } = entry.header;
    const { crypto } = this.#context.platform;
    const id = statementId(crypto, entry.id, part.index);
    const statement = decodeStatement(part.plaintext);
    if (statement.type === "fork" && !(await isProof(crypto, statement))) return;
    this.#placed.set(toHex(id), { id, entry: entry.id, part: part.index, writer, seq, statement });
  }

  async #control(entry: VerifiedEntry, part: Opened): Promise<void> {
    const { seq, writer } = entry.header;
    const { certificate, frontier, vector } = decodeControlPart(part.plaintext);
    this.#chains.cover(writer, frontier ?? []);
    if (frontier !== null) this.#heard.hear({ entry, heads: frontier, tag: null });
    if (vector !== null) this.#vectors.set(toHex(entry.id), { entry: entry.id, writer, seq, heads: vector });
    if (seq !== 0 || certificate === null) return;
    const { platform, tenant } = this.#context;
    const claim = { tenant, database: this.#database, writer, certificate };
    const [verified] = await verifyCertificates(platform.crypto, [claim]);
    if (verified) this.#chains.certify(verified);
  }

  /**
   * The directory as it will be once this device has said these statements: what a rotation has to know before it is made. Ids are made
   * up, so nothing of it may be kept.
   */
  preview(
    author: Omit<PlacedStatement, "id" | "entry" | "part" | "statement">,
    statements: readonly Statement[],
  ): DirectoryView {
    const { crypto } = this.#context.platform;
    const entry = parseEntryId(crypto.randomBytes(32));
    const said = statements.map((statement, at): PlacedStatement => {
      const part = at + 1;
      return { ...author, id: statementId(crypto, entry, part), entry, part, statement };
    });
    return this.#build(said);
  }

  #build(more: readonly PlacedStatement[] = []): DirectoryView {
    const root = this.#founding?.header.writer ?? null;
    const certified = <Placed extends { readonly writer: WriterKey }>(all: Iterable<Placed>) =>
      [...all].flatMap((placed) => {
        // Where it leaves the branch that counts is not known: nothing of it is heard until that one is here.
        if (this.#stored.lostAt(placed.writer) !== null && !this.#isProven(placed.writer)) return [];
        const certificate = this.#chains.certificate(placed.writer);
        const byRoot = root !== null && equalBytes(placed.writer, root);
        return byRoot || certificate !== null ? [{ ...placed, certificate: byRoot ? null : certificate }] : [];
      });
    const statements: readonly PlacedStatement[] = [...more, ...certified(this.#placed.values())];
    const { platform, tenant } = this.#context;
    const identity = { tenant, root, directory: this.#database };
    return buildDirectory(platform.crypto, identity, statements, certified(this.#vectors.values()));
  }

  #isProven(writer: WriterKey): boolean {
    return this.#view.forkOf(this.#database, writer) !== undefined;
  }

  #isReadable(): boolean {
    const closed = [...this.#parked.chains()];
    return this.#view.found !== null && !closed.some((writer) => this.#chains.isAdmitted(this.#view, writer));
  }
}
