import { type DatabaseId, equalBytes, type StatementId, toHex } from "@selkie/entry";
import type { TenantRecord } from "@selkie/keybag";
import type { Dialler, Transport } from "@selkie/sync-protocol";
import { TenantBlobs } from "../blobs/tenant-blobs.ts";
import type { Connection } from "../connection/connection.ts";
import { Links } from "../connection/links.ts";
import { openPast } from "../database/past-database.ts";
import type { Member } from "../directory/admission.ts";
import { databaseIdOf } from "../directory/database-id.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { tenantFingerprint } from "../directory/fingerprint.ts";
import { requireName } from "../directory/name.ts";
import type { PurgeStatement } from "../directory/statement.ts";
import { CoreError } from "../errors.ts";
import { Events, type Off } from "../events.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { partBudget } from "../remote/part-cache.ts";
import type { MissingParts } from "../replica/missing-parts.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";
import { Serial } from "../serial.ts";
import { openUnlessAborted } from "../unless-aborted.ts";
import type { SealedEntries } from "../writer/writer-chain.ts";
import { slotSigner } from "./access-work.ts";
import { Announcements } from "./announcements.ts";
import { catchUpAll } from "./catch-up.ts";
import { type CompareHeadsContext, compareHeads, headsText } from "./compare-heads.ts";
import { databaseHost } from "./database-host.ts";
import { disposeDeviceKeys } from "./device-keys.ts";
import { DirectoryLog, type DirectoryNews } from "./directory-log.ts";
import { DirectoryReader } from "./directory-reader.ts";
import { directoryReplicaOf } from "./directory-replica.ts";
import { DirectoryWriter } from "./directory-writer.ts";
import { foresee } from "./foresee.ts";
import { ForkProofs } from "./fork-proofs.ts";
import { ForkVoices } from "./fork-voices.ts";
import { Giving } from "./giving.ts";
import type { HeadsComparison } from "./heads-comparison.ts";
import { Hold } from "./hold.ts";
import { keepKeys } from "./keep-keys.ts";
import { settleKeys } from "./key-care.ts";
import { missingOfDirectory } from "./missing-part.ts";
import { OpenDatabases } from "./open-databases.ts";
import { OwnMembership, rightsOf } from "./own-membership.ts";
import { Purging } from "./purging.ts";
import { exportRootKey, openRoot } from "./root-work.ts";
import { TenantSettings } from "./settings.ts";
import { Standing } from "./standing.ts";
import type { StatementContext } from "./statement-context.ts";
import { requireFound } from "./statement-work.ts";
import type {
  Alarm,
  ConnectOptions,
  Directory,
  Fingerprint,
  OpenOptions,
  PastDatabase,
  PastOptions,
  RemoteOptions,
  Root,
  Tenant,
  TenantDatabase,
  TenantEvents,
  TenantRemoteDatabase,
} from "./tenant.ts";
import type { TenantContext } from "./tenant-context.ts";
import { TenantDirectory } from "./tenant-directory.ts";
import { wipeTenant } from "./wipe.ts";

/** The one implementation of `Tenant`: its directory, its open databases and its connections. */
export class OpenTenant implements Tenant {
  readonly id: string;
  readonly directory: Directory;
  readonly settings: TenantSettings;
  readonly #directory: TenantDirectory;
  readonly #context: TenantContext;
  readonly #record: TenantRecord;
  readonly #events: Events<TenantEvents>;
  readonly #log: DirectoryLog;
  readonly #membership: OwnMembership;
  readonly #reader: DirectoryReader;
  readonly #missing: MissingParts;
  readonly #replica: SyncedReplica;
  readonly #links: Links;
  readonly #blobs: TenantBlobs;
  readonly #writer: DirectoryWriter;
  readonly #forks: ForkProofs;
  readonly #voices: ForkVoices;
  readonly #announcements: Announcements;
  readonly #statements: StatementContext;
  readonly #giving: Giving;
  readonly #standing: Standing;
  readonly #purging: Purging;
  readonly #hold: Hold;
  /** Keys were permitted to this device before: it has read the directory, with its own admission. */
  readonly #wasAdmitted: boolean;
  readonly #databases: OpenDatabases;
  readonly #catchingUp = new Serial();
  readonly #settling = new Serial();
  readonly #onClosed: () => void;
  #closed: Promise<void> | null = null;

  private constructor(context: TenantContext, record: TenantRecord, onClosed: () => void) {
    const { directory } = record;
    this.id = toHex(context.tenant);
    this.#context = context;
    this.#wasAdmitted = context.ring.confirmed().length > 0;
    this.#record = record;
    this.#onClosed = onClosed;
    this.#events = new Events(context.platform.report);
    const entries = context.store.entries(context.tenant, directory);
    const compare = (): void => this.#links.compare(directory);
    const alarm = (alarm: Alarm): void => this.#events.emit("alarm", alarm);
    this.#log = new DirectoryLog(context, directory, entries, compare);
    const view = (): DirectoryView => this.#log.view;
    this.#membership = new OwnMembership(context, view);
    const self = (): Member => this.#membership.self();
    const directoryKey = (): KeyVersion => this.#membership.directoryKey();
    this.#announcements = new Announcements(directory, this.#events);
    this.#voices = new ForkVoices({ context, writer: () => this.#writer, view, self });
    this.#writer = new DirectoryWriter({
      ...{ voices: this.#voices, context, database: directory, self, directoryKey },
      frontier: (own) => this.#log.frontier(own),
      isEnded: (writer) => this.#log.isEnded(writer),
      onSealed: (sealed) => this.#reader.sealed(sealed),
    });
    this.#reader = new DirectoryReader({
      ...{ context, directory, log: this.#log, writer: this.#writer, compare, alarm },
      handOn: (news) => this.#handOn(news),
      announce: () => this.#links.announce(directory),
    });
    this.#missing = missingOfDirectory(entries, this.#log.due, alarm);
    this.#replica = directoryReplicaOf(entries, {
      ...{ log: this.#log, missing: this.#missing, compare, device: context.keys.device.publicKey },
      hasJoined: () => this.#membership.joined() !== null,
      applied: (runs) => this.#reader.received(runs),
      forked: (theirs) => this.#forks.met(entries, theirs),
      replace: (run, from) => this.#reader.replace(run, from),
    });
    this.#forks = new ForkProofs({
      ...{ context, directory, writer: this.#writer, view, directoryKey },
      settle: () => settleKeys(this.#statements),
    });
    this.#statements = {
      ...{ context, writer: this.#writer, view, self, directoryKey, settling: this.#settling },
      certificateOf: (writer) => this.#log.certificateOf(writer),
      preview: (writer, statements, entry) => foresee({ context, log: this.#log, writer }, statements, entry),
      listSigner: (current) => slotSigner(context, view(), self(), current),
      sync: (people) => this.#catchUp(people),
      flush: () => this.#databases.flush(),
      settle: (keyIds) => settleKeys(this.#statements, keyIds),
    };
    this.#giving = new Giving(this.#statements);
    this.#directory = new TenantDirectory({
      ...this.#statements,
      record,
      quarantined: () => this.#databases.quarantined(),
    });
    this.directory = this.#directory;
    this.settings = new TenantSettings({ at: this.#statements, databaseId: (name) => this.#databaseId(name) });
    this.#standing = new Standing({
      ...{ platform: context.platform, store: context.store, local: context.local, directory, view },
      joined: () => this.#membership.joined(),
      onOut: (device) => this.#events.emit("revoked", { device, wiped: false }), // connections end by themselves, with the reason
      onWipe: (device) => this.#wipe(device),
    });
    this.#purging = new Purging({ ...context, directory, view, onCarriedOut: () => this.#databases.purge() });
    this.#hold = new Hold({
      ...{ context, directory, entries, log: this.#log, alarm },
      online: () => this.#links.online,
      catchUp: () => this.#links.catchUp(),
      resume: () => this.#resume(),
    });
    this.#blobs = new TenantBlobs({
      ...{ context, directory, view, membership: this.#membership, requireOpen: () => this.#open() },
      ...{ databaseId: (name: string) => this.#databaseId(name), links: () => this.#links },
    });
    this.#links = new Links({
      ...{ context, record, log: this.#log, events: this.#events, hold: this.#hold, offers: this.#blobs.offers },
      replicas: () => [this.#replica, ...this.#databases.replicas],
      replica: (id) => (equalBytes(id, directory) ? this.#replica : this.#databases.replica(id)),
      onOnline: () => this.#resume(),
    });
    const parts = {
      ...{ statements: this.#statements, membership: this.#membership, directory: this.#replica },
      ...{ log: this.#log, links: this.#links, hold: this.#hold, forks: this.#forks, alarm },
      ...{ purging: this.#purging, purge: (said: readonly PurgeStatement[]) => this.#directory.purge(said) },
    };
    this.#databases = new OpenDatabases({
      host: async (name) => {
        const id = await this.#databaseId(name);
        return { id, host: databaseHost(parts, id) };
      },
      ...{ report: context.platform.report, onOpened: (replica: SyncedReplica) => this.#links.join(replica) },
      onClosed: ({ database }) => this.#links.leave(database),
    });
  }

  /** Reads the directory from the store; the tenant is usable offline from then on. */
  static async open(context: TenantContext, record: TenantRecord, onClosed: () => void): Promise<OpenTenant> {
    const tenant = new OpenTenant(context, record, onClosed);
    await tenant.#writer.open(); // says so when this device's own statements are damaged
    await tenant.#forks.load();
    await tenant.#hold.load();
    await tenant.#reader.all();
    await tenant.#standing.check();
    await tenant.#purging.check();
    context.platform.scheduler.after(0, () => tenant.#hold.contact.check()); // once somebody listens
    return tenant;
  }

  /** The blobs of an open tenant, for functions over its databases. */
  static blobsOf(tenant: OpenTenant): TenantBlobs {
    return tenant.#blobs;
  }

  get name(): string {
    return this.#log.view.found?.name ?? this.#record.name;
  }

  get user(): string {
    return this.#context.keys.identity.name;
  }

  openDB<T extends object, In = T>(name: string, options?: OpenOptions<T, In>): Promise<TenantDatabase<T, In>>;
  openDB<T extends object>(name: string, options: PastOptions): Promise<PastDatabase<T>>;
  openDB<T extends object>(name: string, options: RemoteOptions): Promise<TenantRemoteDatabase<T>>;
  async openDB<T extends object, In = T>(
    name: string,
    options: OpenOptions<T, In> | PastOptions | RemoteOptions = {},
  ): Promise<TenantDatabase<T, In> | PastDatabase<T> | TenantRemoteDatabase<T>> {
    this.#open();
    requireName(name);
    this.#membership.found();
    if (this.#wasAdmitted) this.#membership.self(); // gone from a damaged disk: every document would be missing, without a word
    const { at, signal } = options;
    if (at !== undefined) {
      const opening = this.#databases.lend(name).then((lent) => openPast<T, Tenant>(lent, { at, tenant: this }));
      const { report } = this.#context.platform;
      return openUnlessAborted(opening, { signal, report }, (past) => past[Symbol.asyncDispose]());
    }
    if (options.replica === "remote") {
      const database = await this.#databases.openRemote(name, partBudget(options.cacheBytes), signal);
      return database.of<T, Tenant>(this);
    }
    const database = await this.#databases.open(name, signal);
    return database.of<T, In, Tenant>(this, { schema: options.schema, key: options.key });
  }

  async connect(target: string | Transport | Dialler, options: ConnectOptions = {}): Promise<Connection> {
    this.#open();
    return this.#links.connect(target, options);
  }

  fingerprint(): Fingerprint {
    this.#open();
    const view = this.#log.view;
    requireFound(view);
    const roots = view.roots().filter((root) => view.isLive(root));
    return tenantFingerprint(this.#context.platform.crypto, this.#context.tenant, roots);
  }

  async headsText(): Promise<string> {
    this.#open();
    return await headsText(this.#comparing());
  }

  async compareHeads(text: string): Promise<HeadsComparison> {
    this.#open();
    return await compareHeads(this.#comparing(), text);
  }

  exportRootKey(password: string): Promise<string> {
    this.#open();
    return exportRootKey(this.#context, password);
  }

  async asRoot(exported: string, password: string): Promise<Root> {
    this.#open();
    const host = {
      at: this.#statements,
      database: this.#record.directory,
      log: this.#log,
      onSealed: (sealed: SealedEntries) => this.#reader.sealed(sealed),
      renew: () => this.#directory.renew(),
      databases: this.#databases,
    };
    return await openRoot(host, exported, password);
  }

  on<Type extends keyof TenantEvents>(type: Type, listener: (event: TenantEvents[Type]) => void): Off {
    return this.#events.on(type, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  /** Whatever fails on the way, everything is closed and the keys are gone. */
  async #close(): Promise<void> {
    this.#standing.stop();
    this.#giving.stop();
    try {
      await this.#directory.idle();
      await this.#settling.idle();
      await this.settings.idle();
      await this.#links.close();
      await this.#hold.close();
      await this.#purging.stop();
      await this.#databases.close();
    } finally {
      await this.#forks.idle();
      await this.#voices.idle();
      await this.#reader.idle();
      this.#blobs[Symbol.dispose]();
      this.#context.ring[Symbol.dispose]();
      disposeDeviceKeys(this.#context.keys);
      this.#onClosed();
    }
  }

  /** Entries of the directory were read: everything that waited for them goes on. */
  async #handOn(news: DirectoryNews): Promise<void> {
    this.#missing.set(this.#log.due.lacking());
    this.#announcements.read(news, this.#log.view);
    this.#forks.publish();
    for (const claim of news.claims) await this.#hold.claims.take(claim);
    await this.#hold.look();
    this.#voices.speak();
    if (!news.changed && !news.newKeys) return this.#links.settleWanted();
    this.#links.reconsider();
    this.#replica.reconsider();
    try {
      await keepKeys(this.#context, this.#log.view);
    } finally {
      // A KeyBag that could not be saved is reported by the caller; what the directory now allows goes on all the same.
      await this.#purging.check().catch(this.#context.platform.report);
      for (const assembled of await this.#databases.all()) await assembled.reconsider();
      this.#links.settleWanted();
      this.#events.emit("directory", { users: this.#log.view.users().length });
      await this.#standing.check();
      if (this.#closed === null) this.#tend().catch(this.#context.platform.report);
    }
  }

  /** What waits in the journals of open databases may be sealed. */
  #resume(): void {
    void this.#databases.all().then((assembled) => {
      for (const each of assembled) each.resume();
    });
  }

  /** What the directory asks of this device, beside what it is used for. Who is out, or not in yet, has nothing to do. */
  async #tend(): Promise<void> {
    if (rightsOf(this.#membership) === null) return;
    await this.#directory.renew();
    await this.#giving.look();
  }

  #comparing(): CompareHeadsContext {
    return {
      ...{ context: this.#context, directory: this.#record.directory, view: () => this.#log.view },
      self: () => this.#membership.self(),
      databaseId: (name) => this.#databaseId(name),
      alarm: (alarm) => this.#events.emit("alarm", alarm),
    };
  }

  #databaseId(name: string): Promise<DatabaseId> {
    return databaseIdOf(this.#context.platform.crypto, this.#membership.found().tenantSecret, name);
  }

  /** Once the caller is done: closing waits for it. */
  #wipe(device: string): void {
    const { platform, store, bag, tenant } = this.#context;
    const wipe = async (): Promise<void> => {
      await this[Symbol.asyncDispose]();
      await wipeTenant({ store, bag }, tenant);
      this.#events.emit("revoked", { device, wiped: true });
    };
    platform.scheduler.after(0, () => void wipe().catch(platform.report));
  }

  #catchUp(people: readonly StatementId[]): Promise<boolean> {
    const at = { links: this.#links, databases: this.#databases, view: () => this.#log.view };
    return this.#catchingUp.run(() => catchUpAll({ ...at, platform: this.#context.platform }, people));
  }

  #open(): void {
    if (this.#closed !== null) throw new CoreError("CLOSED", "the tenant is closed");
  }
}
