import {
  type AppendResult,
  type DatabaseId,
  equalBytes,
  type StatementId,
  toHex,
  type VerifiedRun,
} from "@selkie/entry";
import type { TenantRecord } from "@selkie/keybag";
import type { Dialler, Transport } from "@selkie/sync-protocol";
import type { Connection } from "../connection/link.ts";
import { Links } from "../connection/links.ts";
import type { DatabaseHost } from "../database/assemble-database.ts";
import type { Database } from "../database/database.ts";
import type { WriteChecks } from "../database/local-writes.ts";
import type { Member } from "../directory/admission.ts";
import { databaseIdOf } from "../directory/database-id.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { tenantFingerprint } from "../directory/fingerprint.ts";
import type { FoundStatement, Statement } from "../directory/statement.ts";
import { CoreError } from "../errors.ts";
import { Events, type Off } from "../events.ts";
import { requireFree } from "../hold-code.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { MissingParts } from "../replica/missing-parts.ts";
import { SetBack } from "../replica/set-back.ts";
import { SyncedReplica } from "../replica/synced-replica.ts";
import { verifyCertificates } from "../sealing/control-part.ts";
import { Serial } from "../serial.ts";
import { slotSigner } from "./access-work.ts";
import { Announcements } from "./announcements.ts";
import { catchUpAll } from "./catch-up.ts";
import { disposeDeviceKeys } from "./device-keys.ts";
import { DirectoryLog, type DirectoryNews } from "./directory-log.ts";
import { DirectoryWriter } from "./directory-writer.ts";
import { ForkProofs } from "./fork-proofs.ts";
import { ForkVoices } from "./fork-voices.ts";
import { Hold } from "./hold.ts";
import { keepKeys } from "./keep-keys.ts";
import { giveMissing, settleKeys, versionToSeal } from "./key-care.ts";
import { missingPart } from "./missing-part.ts";
import { OpenDatabases, type OpenDatabasesContext } from "./open-databases.ts";
import { joinedWith, liveAdmissionOf } from "./own-admissions.ts";
import { exportRootKey, openRoot } from "./root-work.ts";
import { TenantSettings } from "./settings.ts";
import { Standing } from "./standing.ts";
import type { StatementContext } from "./statement-context.ts";
import { requireFound } from "./statement-work.ts";
import type { ConnectOptions, Directory, Fingerprint, Root, Tenant, TenantEvents } from "./tenant.ts";
import type { TenantContext } from "./tenant-context.ts";
import { TenantDirectory } from "./tenant-directory.ts";
import { wipeTenant } from "./wipe.ts";
import { WriteCheck } from "./write-check.ts";

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
  readonly #replica: SyncedReplica;
  readonly #links: Links;
  readonly #writer: DirectoryWriter;
  readonly #forks: ForkProofs;
  readonly #voices: ForkVoices;
  readonly #announcements: Announcements;
  readonly #statements: StatementContext;
  readonly #standing: Standing;
  readonly #hold: Hold;
  /** Keys were permitted to this device before: it has read the directory, with its own admission. */
  readonly #wasAdmitted: boolean;
  readonly #databases = new OpenDatabases({
    host: (name) => this.#host(name),
    onOpened: (replica) => this.#links.join(replica),
    onClosed: ({ database }) => this.#links.leave(database),
  });
  readonly #catchingUp = new Serial();
  readonly #reading = new Serial();
  readonly #settling = new Serial();
  readonly #onClosed: () => void;
  /** This device's admission in the view that was last looked at. */
  #liveIn: { readonly view: DirectoryView; readonly admission: Member } | null = null;
  #closed: Promise<void> | null = null;

  private constructor(context: TenantContext, record: TenantRecord, onClosed: () => void) {
    this.id = toHex(context.tenant);
    this.#context = context;
    this.#wasAdmitted = context.ring.confirmed().length > 0;
    this.#record = record;
    this.#onClosed = onClosed;
    this.#events = new Events(context.platform.report);
    const entries = context.store.entries(context.tenant, record.directory);
    this.#log = new DirectoryLog(context, record.directory, entries, () => this.#links.compare(record.directory));
    this.#replica = new SyncedReplica(entries, {
      ...{ flush: async () => undefined, named: this.#log.named },
      applied: this.#reader(),
      forked: (theirs) => this.#forks.met(entries, theirs),
      missing: new MissingParts({ entries, alarm: (entry) => this.#events.emit("alarm", missingPart(entry)) }),
      replace: (run, from) => this.#replace(run, from),
    });
    this.#announcements = new Announcements(record.directory, this.#events);
    this.#voices = new ForkVoices({
      context,
      writer: () => this.#writer,
      view: () => this.#log.view,
      self: () => this.#self(),
    });
    this.#writer = new DirectoryWriter({
      voices: this.#voices,
      context,
      database: record.directory,
      self: () => this.#self(),
      directoryKey: () => this.#directoryKey(),
      frontier: (own) => this.#log.frontier(own),
      isEnded: (writer) => this.#log.isEnded(writer),
      onSealed: (runs) => this.#sealed(runs),
    });
    this.#forks = new ForkProofs({
      context,
      directory: record.directory,
      writer: this.#writer,
      view: () => this.#log.view,
      directoryKey: () => this.#directoryKey(),
      settle: () => settleKeys(this.#statements),
    });
    this.#statements = {
      context,
      writer: this.#writer,
      view: () => this.#log.view,
      self: () => this.#self(),
      directoryKey: () => this.#directoryKey(),
      preview: (writer, statements) => this.#preview(writer, statements),
      listSigner: (current) => slotSigner(context, this.#log.view, this.#self(), current),
      sync: (people) => this.#catchUp(people),
      flush: () => this.#databases.flush(),
      settling: this.#settling,
      settle: (keyIds) => settleKeys(this.#statements, keyIds),
    };
    this.#directory = new TenantDirectory({
      ...this.#statements,
      record,
      quarantined: () => this.#databases.quarantined(),
    });
    this.directory = this.#directory;
    this.settings = new TenantSettings({ at: this.#statements, databaseId: (name) => this.#databaseId(name) });
    this.#standing = new Standing({
      platform: context.platform,
      store: context.store,
      local: context.local,
      directory: record.directory,
      view: () => this.#log.view,
      joined: () => this.#joined(),
      onOut: (device) => this.#events.emit("revoked", { device, wiped: false }), // connections end by themselves, with the reason
      onWipe: (device) => this.#wipe(device),
    });
    this.#hold = new Hold({
      context,
      directory: record.directory,
      entries,
      log: this.#log,
      online: () => this.#links.online,
      catchUp: () => this.#links.catchUp(),
      alarm: (alarm) => this.#events.emit("alarm", alarm),
      resume: () => this.#resume(),
    });
    this.#links = new Links({
      ...{ context, record, log: this.#log, events: this.#events, hold: this.#hold },
      replicas: () => [this.#replica, ...this.#databases.replicas],
      replica: (id) => (equalBytes(id, record.directory) ? this.#replica : this.#databases.replica(id)),
      onOnline: () => this.#resume(),
    });
  }

  /** Reads the directory from the store; the tenant is usable offline from then on. */
  static async open(context: TenantContext, record: TenantRecord, onClosed: () => void): Promise<OpenTenant> {
    const tenant = new OpenTenant(context, record, onClosed);
    await tenant.#writer.open(); // says so when this device's own statements are damaged
    await tenant.#forks.load();
    await tenant.#hold.load();
    await tenant.#read(() => tenant.#log.all());
    await tenant.#standing.check();
    context.platform.scheduler.after(0, () => tenant.#hold.contact.check()); // once somebody listens
    return tenant;
  }

  get name(): string {
    return this.#log.view.found?.name ?? this.#record.name;
  }

  get user(): string {
    return this.#context.keys.identity.name;
  }

  async openDB<T extends object>(name: string): Promise<Database<T>> {
    this.#open();
    this.#found();
    if (this.#wasAdmitted) this.#self(); // gone from a damaged disk: every document would be missing, without a word
    const { database } = await this.#databases.open(name);
    return database as unknown as Database<T>;
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
      onSealed: (runs: readonly VerifiedRun[]) => this.#sealed(runs),
      renew: () => this.#directory.renew(),
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
    try {
      await this.#directory.idle();
      await this.#settling.idle();
      await this.settings.idle();
      await this.#links.close();
      await this.#hold.close();
      await this.#databases.close();
    } finally {
      await this.#forks.idle();
      await this.#voices.idle();
      await this.#reading.idle();
      this.#context.ring[Symbol.dispose]();
      disposeDeviceKeys(this.#context.keys);
      this.#onClosed();
    }
  }

  async #host(name: string): ReturnType<OpenDatabasesContext["host"]> {
    const id = await this.#databaseId(name);
    const { defaultKey } = this.#found();
    const host = {
      context: this.#context,
      view: () => this.#log.view,
      self: () => this.#self(),
      directoryKey: () => this.#directoryKey(),
      defaultKeyId: () => defaultKey.keyId,
      writeCheck: (database) => this.#writeCheck(database, id),
      keyOf: (keyId) => this.#keyOf(keyId),
      frontier: () => this.#log.frontier(null),
      announce: (database) => this.#links.announce(database),
      compare: (database) => this.#links.compare(database),
      online: () => this.#links.online,
      catchUp: () => this.#links.catchUp(),
      held: (database) => this.#hold.of(database),
      heardOfDirectory: (claim) => this.#hold.claims.take(claim),
      alarm: (alarm) => this.#events.emit("alarm", alarm),
      forked: (entries, theirs) => this.#forks.met(entries, theirs),
    } satisfies Omit<DatabaseHost, "closed">;
    return { id, host };
  }

  /** Reads what others sent of the directory. */
  #reader(): (runs: readonly VerifiedRun[]) => Promise<void> {
    const { keys, platform } = this.#context;
    const setBack = new SetBack({
      ...{ database: this.#record.directory, device: keys.device.publicKey },
      admissionOf: (writer) => this.#log.admissionOf(writer),
      alarm: (alarm) => this.#events.emit("alarm", alarm),
    });
    return async (runs) => {
      await this.#read(() => this.#log.read(runs)).catch(platform.report);
      setBack.received(runs);
    };
  }

  /** A run of the directory takes the place of what is stored from a seq on: that is of a branch that does not count. */
  async #replace(run: VerifiedRun, from: number): Promise<AppendResult | null> {
    const { store, tenant } = this.#context;
    if (this.#writer.isCurrent(run.writer)) return null; // this device begins another chain when it next writes
    const database = this.#record.directory;
    let result: AppendResult = { type: "known" };
    await this.#read(() =>
      this.#log.replace(async () => {
        const drop = [{ tenant, database, writer: run.writer, from }];
        [result = result] = await store.commit({ drop, append: [{ tenant, database, run }] });
      }),
    );
    this.#links.compare(database);
    return result;
  }

  /** Statements that this device made are durable. */
  async #sealed(runs: readonly VerifiedRun[]): Promise<void> {
    await this.#read(() => this.#log.read(runs));
    this.#links.announce(this.#record.directory);
  }

  /** Reads directory entries one batch after the other, and lets everything that waited for them go on. */
  #read(read: () => Promise<DirectoryNews>): Promise<void> {
    return this.#reading.run(async () => {
      const news = await read();
      this.#announcements.read(news, this.#log.view);
      this.#forks.publish();
      for (const claim of news.claims) await this.#hold.claims.take(claim);
      await this.#hold.look();
      this.#voices.speak();
      if (!news.changed && !news.newKeys) return;
      this.#links.reconsider();
      try {
        await keepKeys(this.#context, this.#log.view);
      } finally {
        // A KeyBag that could not be saved is reported by the caller; what the directory now allows goes on all the same.
        for (const assembled of await this.#databases.all()) await assembled.reconsider();
        this.#events.emit("directory", { users: this.#log.view.users().length });
        await this.#standing.check();
        if (this.#closed === null) this.#tend().catch(this.#context.platform.report);
      }
    });
  }

  /** What waits in the journals of open databases may be sealed. */
  #resume(): void {
    void this.#databases.all().then((assembled) => {
      for (const each of assembled) each.resume();
    });
  }

  #writeCheck(database: string, id: DatabaseId): WriteChecks {
    const check = new WriteCheck(this.#statements, database);
    return {
      isFit: (keyId) => check.isFit(keyId),
      settle: (keyId) => check.settle(keyId),
      isReady: (writes) => this.#hold.of(id) === null && check.isReady(writes),
      prepare: async (writes) => {
        requireFree(this.#hold.of(id));
        await check.prepare(writes);
      },
    };
  }

  /** What the directory asks of this device, beside what it is used for. Who is out, or not in yet, has nothing to do. */
  async #tend(): Promise<void> {
    try {
      this.#self();
    } catch (error) {
      if (error instanceof CoreError) return;
      throw error;
    }
    await this.#directory.renew();
    await giveMissing(this.#statements);
  }

  #found(): FoundStatement {
    const { found } = this.#log.view;
    if (found === null)
      throw new CoreError(
        "DIRECTORY_UNKNOWN",
        "this device has not received the tenant's directory yet: connect first",
      );
    return found;
  }

  #databaseId(name: string): Promise<DatabaseId> {
    return databaseIdOf(this.#context.platform.crypto, this.#found().tenantSecret, name);
  }

  #joined(): Member | null {
    return joinedWith(this.#log.view, this.#context.admittedBy);
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

  /** This device's own admission: the one it joined with, or the one it goes on under. */
  #self(): Member {
    const { view } = this.#log;
    if (this.#liveIn?.view === view) return this.#liveIn.admission; // every local change asks, and a view never changes
    const joined = this.#joined();
    if (joined === null)
      throw new CoreError("DIRECTORY_UNKNOWN", "this device has not received its own admission yet: connect first");
    const admission = liveAdmissionOf(view, joined);
    if (admission === undefined) throw new CoreError("DEVICE_REVOKED", "this device is no longer part of the tenant");
    this.#liveIn = { view, admission };
    return admission;
  }

  #catchUp(people: readonly StatementId[]): Promise<boolean> {
    const at = { links: this.#links, databases: this.#databases, view: () => this.#log.view };
    return this.#catchingUp.run(() => catchUpAll({ ...at, platform: this.#context.platform }, people));
  }

  async #preview(writer: DirectoryWriter, statements: readonly Statement[]): Promise<DirectoryView> {
    const { crypto } = this.#context.platform;
    const { seq, claim } = await (await writer.open()).next();
    const [certificate] = await verifyCertificates(crypto, [claim]);
    return this.#log.preview({ writer: claim.writer, seq, certificate: certificate ?? null }, statements);
  }

  #directoryKey(): KeyVersion {
    return this.#keyOf(this.#found().directoryKey.keyId);
  }

  #keyOf(keyId: Uint8Array): KeyVersion {
    const version = versionToSeal({ view: this.#log.view, ring: this.#context.ring }, keyId);
    if (version === undefined) throw new CoreError("KEY_UNKNOWN", "this device does not hold the key to seal under");
    return version;
  }

  #open(): void {
    if (this.#closed !== null) throw new CoreError("CLOSED", "the tenant is closed");
  }
}
