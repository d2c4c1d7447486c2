// What the root key does: it is kept offline, and used for what no admin can do.
import { type DatabaseId, equalBytes, FORMAT_VERSION } from "@selkie/entry";
import { openRootKey, type RootKey, sealRootKey } from "@selkie/keybag";
import type { Purger } from "../database/purge-host.ts";
import type { PurgeOptions, PurgeReport } from "../database/purge-report.ts";
import type { Admission } from "../directory/admission.ts";
import type { DocId } from "../document/doc-id.ts";
import { CoreError } from "../errors.ts";
import { Serial } from "../serial.ts";
import type { SealedEntries } from "../writer/writer-chain.ts";
import { renewAccessList } from "./access-work.ts";
import { collectCuts } from "./collect-cuts.ts";
import type { DirectoryLog } from "./directory-log.ts";
import { DirectoryWriter } from "./directory-writer.ts";
import { settleKeys } from "./key-care.ts";
import type { OpenDatabases } from "./open-databases.ts";
import { type RevokeDeviceOptions, type Revoked, type RevokeOptions, revokeDevice, revokeUser } from "./people-work.ts";
import type { StatementContext } from "./statement-context.ts";
import { writePurges, writeStatements } from "./statement-work.ts";
import type { Root } from "./tenant.ts";
import { admissionOf, type RootKeys, type TenantContext } from "./tenant-context.ts";

/** What a session of the root takes from the tenant it is opened in. */
export interface RootHost {
  readonly at: StatementContext;
  readonly database: DatabaseId;
  readonly log: DirectoryLog;
  onSealed(sealed: SealedEntries): Promise<void>;
  /** Says what follows from the directory for this device's person. */
  renew(): Promise<void>;
  readonly databases: Pick<OpenDatabases, "lend">;
}

/** The root key of a tenant that was founded here, under a password. @throws CoreError ROOT_KEY_UNKNOWN */
export async function exportRootKey({ bag, platform, tenant }: TenantContext, password: string): Promise<string> {
  const seed = bag.keyBag.tenants().find((record) => equalBytes(record.tenant, tenant))?.rootSeed ?? null;
  if (seed === null)
    throw new CoreError(
      "ROOT_KEY_UNKNOWN",
      "this device does not hold the root key: it was founded elsewhere, or forgotten",
    );
  try {
    return await sealRootKey({ tenant, seed, foundingSeed: seed }, password, { crypto: platform.crypto });
  } finally {
    seed.fill(0);
  }
}

/** Opens a session of the root. @throws CoreError ROOT_REFUSED; KeyBagError WRONG_PASSWORD | DAMAGED */
export async function openRoot(host: RootHost, exported: string, password: string): Promise<Root> {
  const { platform, tenant } = host.at.context;
  const { crypto } = platform;
  const root = await openRootKey(exported, password, { crypto });
  try {
    if (!equalBytes(root.tenant, tenant)) throw new CoreError("ROOT_REFUSED", "the root key is another tenant's");
    const [key, secret, list] = await Promise.all([
      crypto.importSigningKey(root.seed),
      crypto.importSecret(root.seed),
      crypto.importSigningKey(root.foundingSeed),
    ]);
    const session = new OpenRoot(host, { key, secret, list }, root.foundingSeed.slice());
    try {
      session.requireRoot();
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  } finally {
    wipe(root);
  }
}

function wipe({ seed, foundingSeed }: RootKey): void {
  seed.fill(0);
  foundingSeed.fill(0);
}

/**
 * INVARIANT: B11. The root writes under chains of their own, which it certifies as a device does, and never goes on with the founding chain:
 * whether this store has all of that nobody knows (packages/client/test/root-key.test.ts).
 */
class OpenRoot implements Root {
  readonly #host: RootHost;
  readonly #keys: RootKeys;
  readonly #foundingSeed: Uint8Array;
  readonly #at: StatementContext;
  readonly #working = new Serial();

  constructor(host: RootHost, keys: RootKeys, foundingSeed: Uint8Array) {
    this.#host = host;
    this.#keys = keys;
    this.#foundingSeed = foundingSeed;
    const { at, database, log, onSealed } = host;
    const self = () => this.requireRoot();
    const { directoryKey, context } = at;
    const writer = new DirectoryWriter({
      voices: null, // its devices speak for it
      context,
      database,
      self,
      directoryKey,
      root: keys,
      frontier: (own) => log.frontier(own),
      isEnded: (own) => log.isEnded(own),
      onSealed,
    });
    const settle: StatementContext["settle"] = (keyIds) => settleKeys(this.#at, keyIds);
    this.#at = { ...at, writer, self, settle, listSigner: async () => ({ key: keys.list, isRoot: true }) };
  }

  /** The admission that the key speaks with. @throws CoreError ROOT_REFUSED */
  requireRoot(): Admission {
    const { view } = this.#host.log;
    const root = view.roots().find(({ device }) => equalBytes(device, this.#keys.key.publicKey));
    if (root === undefined || !view.isLive(root))
      throw new CoreError("ROOT_REFUSED", "the key is not the tenant's root, or was replaced");
    return root;
  }

  revokeUser(user: string, options: RevokeOptions = {}): Promise<Revoked> {
    return this.#working.run(() => revokeUser(this.#at, user, options));
  }

  revokeDevice(device: string, options: RevokeDeviceOptions = {}): Promise<Revoked> {
    return this.#working.run(async () => {
      const revoked = await revokeDevice(this.#at, device, options);
      await this.#host.renew(); // where it was one of this device's own person, its next key signs the lists after this one
      await renewAccessList(this.#at);
      return revoked;
    });
  }

  purgeDocHistory(database: string, id: DocId, options: PurgeOptions = {}): Promise<PurgeReport> {
    return this.#working.run(async () => {
      const lent = await this.#host.databases.lend(database);
      const by: Purger = {
        requireRight: () => void this.requireRoot(),
        say: (statements) => writePurges(this.#at, statements),
        isOwn: ({ person }) => person === null,
      };
      try {
        return await lent.database.purgeBy(by, id, options);
      } finally {
        await lent.letGo();
      }
    });
  }

  requireVersion(version: number): Promise<void> {
    return this.#working.run(async () => {
      if (!Number.isSafeInteger(version) || version < 1 || version > FORMAT_VERSION)
        throw new CoreError("VALUE_UNSUPPORTED", `this software knows format versions 1 to ${FORMAT_VERSION}`);
      const statements = [{ type: "minVersion", version } as const];
      await writeStatements(this.#at, { statements, rotate: [], give: () => [] });
    });
  }

  async newRootKey(password: string): Promise<string> {
    const { tenant, platform } = this.#at.context;
    const { crypto } = platform;
    this.requireRoot();
    const root = { tenant, seed: crypto.randomBytes(32), foundingSeed: this.#foundingSeed.slice() };
    try {
      return await sealRootKey(root, password, { crypto });
    } finally {
      wipe(root);
    }
  }

  replaceRoot(next: string, password: string): Promise<Revoked> {
    return this.#working.run(() => this.#replace(next, password));
  }

  async #replace(next: string, password: string): Promise<Revoked> {
    const { context } = this.#at;
    const { crypto } = context.platform;
    const root = await openRootKey(next, password, { crypto });
    using key = await crypto.importSigningKey(root.seed);
    wipe(root);
    const isOurs = equalBytes(root.tenant, context.tenant);
    if (!isOurs || equalBytes(key.publicKey, this.#keys.key.publicKey))
      throw new CoreError("ROOT_REFUSED", "the key that is to follow is another tenant's, or this one");
    const synced = await this.#at.sync([]);
    const self = this.requireRoot();
    const name = admissionOf(self, context.tenant);
    const founding = self.id === "root" ? self.device : null;
    const statement = {
      type: "replaceRoot",
      key: key.publicKey.slice(),
      cuts: await collectCuts(this.#at, [name], founding),
    } as const;
    await writeStatements(this.#at, { statements: [statement], rotate: [], give: () => [] });
    return { synced };
  }

  async forgetRootKey(): Promise<void> {
    const { bag, tenant } = this.#at.context;
    await bag.keyBag.forgetRootKey(tenant);
    await bag.save();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#working.idle();
    this.#foundingSeed.fill(0);
    for (const key of [this.#keys.key, this.#keys.secret, this.#keys.list]) key[Symbol.dispose]();
  }
}
