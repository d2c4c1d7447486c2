// The beginning of a tenant, made on the founder's device: the root key, the founding entry whose hash is the tenant id, and the entry by
// which the root lets the founder in.
import type { CryptoProvider, SecretKey, SigningKey } from "@selkie/crypto";
import {
  type DatabaseId,
  type EntryId,
  type EntryType,
  entryType,
  parseWriterKey,
  type StatementId,
  type TenantId,
  tenantIdOf,
  type VerifiedRun,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import type { Identity } from "@selkie/keybag";
import { type AccessList, encodeAccessList } from "@selkie/sync-protocol";
import { type KeyVersion, newKeyVersion } from "../keys/key-version.ts";
import { draftPermits } from "../keys/permit.ts";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";
import { encodeControlPart } from "../sealing/control-part.ts";
import { type PartDraft, sealEntry, signRun } from "../sealing/seal-entry.ts";
import { draftAccessList, signAccessList } from "./access.ts";
import { DIRECTORY_NAME, databaseIdOf } from "./database-id.ts";
import { grantFor } from "./join-request.ts";
import { requireName } from "./name.ts";
import { type RequestedKeys, requestedKeys } from "./requested-keys.ts";
import { type FoundStatement, type Statement, statementId } from "./statement.ts";
import { encodeStatement } from "./statement-codec.ts";

/** What a founder begins with. */
export interface FoundingOptions {
  /** The tenant's name. */
  readonly name: string;
  readonly identity: Identity;
  /** Whether those who join later read what was written before. */
  readonly history: HistoryPolicy;
}

/** A tenant that nobody but its founder knows of yet. */
export interface FoundedTenant {
  readonly tenant: TenantId;
  readonly directory: DatabaseId;
  /** 32-byte seed of the root key: to be exported, then forgotten. */
  readonly rootSeed: Uint8Array;
  /** The founding entry; then the founder's grant. Both of the root's chain in the directory. */
  readonly runs: readonly VerifiedRun[];
  /** Directory key, default key. */
  readonly keys: readonly KeyVersion[];
  /** The founder's grant. */
  readonly admission: StatementId;
  /** The founder's slot key derives from it. */
  readonly slotSalt: Uint8Array;
  readonly found: FoundStatement;
  /** The first access list, signed by the root. */
  readonly accessList: AccessList;
}

/** Founds a tenant; no server is needed. @throws CoreError `NAME_INVALID` */
export async function foundTenant(
  crypto: CryptoProvider,
  { name, identity, history }: FoundingOptions,
): Promise<FoundedTenant> {
  const rootSeed = crypto.randomBytes(32);
  using root = await crypto.importSigningKey(rootSeed);
  using secret = await crypto.importSecret(rootSeed);
  const keys = {
    directory: await newKeyVersion(crypto, "directory", crypto.randomBytes(16)),
    default: await newKeyVersion(crypto, "default", crypto.randomBytes(16)),
  };
  const found: FoundStatement = {
    type: "found",
    name: requireName(name),
    tenantSecret: crypto.randomBytes(32),
    directoryKey: { keyId: keys.directory.keyId, commitment: keys.directory.version },
    defaultKey: { keyId: keys.default.keyId, commitment: keys.default.version },
    history,
  };
  const chain: RootChain = {
    crypto,
    root,
    secret,
    writer: parseWriterKey(root.publicKey),
    directory: await databaseIdOf(crypto, found.tenantSecret, DIRECTORY_NAME),
    key: keys.directory,
  };
  const founding = await writeFounding(chain, found);
  const tenant = tenantIdOf(founding.id);
  const founder = await requestedKeys(crypto, identity, crypto.randomBytes(16));
  const accessList = await signAccessList(
    crypto,
    root,
    draftAccessList(tenant, [{ slot: founder.slot, role: "admin" }], { epoch: 0, height: 0, signer: root.publicKey }),
  );
  const versions = [keys.directory, keys.default];
  const grant = await writeGrant(chain, { prev: founding.id, founder, accessList, versions });
  return {
    tenant,
    directory: chain.directory,
    rootSeed,
    runs: [founding.run, grant.run],
    keys: versions,
    admission: statementId(crypto, grant.id, grantPart),
    slotSalt: founder.slotSalt,
    found,
    accessList,
  };
}

/** The root's own chain: its writer key is the root key, so it needs no certificate. */
interface RootChain {
  readonly crypto: CryptoProvider;
  readonly root: SigningKey;
  readonly secret: SecretKey;
  readonly writer: WriterKey;
  readonly directory: DatabaseId;
  /** The directory key. */
  readonly key: KeyVersion;
}

interface Written {
  readonly id: EntryId;
  readonly run: VerifiedRun;
}

/** An empty frontier: there was no directory before. */
function writeFounding(chain: RootChain, found: FoundStatement): Promise<Written> {
  const plaintext = encodeControlPart({ certificate: null, frontier: [], vector: null });
  const place = { type: entryType.founding, seq: 0, prev: ZERO_ENTRY_ID };
  return write(chain, place, [{ kind: "control", key: chain.key, plaintext }, statementDraft(chain, found)]);
}

/** Where the grant stands in its entry. */
const grantPart = 0;

function writeGrant(
  chain: RootChain,
  grant: {
    readonly prev: EntryId;
    readonly founder: RequestedKeys;
    readonly accessList: AccessList;
    readonly versions: readonly KeyVersion[];
  },
): Promise<Written> {
  const { prev, founder, accessList, versions } = grant;
  const statements: readonly Statement[] = [
    grantFor({ keys: founder }, "admin"),
    {
      type: "permit",
      history: "full",
      versions: versions.map(({ keyId, version }) => ({ keyId, version })),
      to: [{ type: "part", index: grantPart }],
    },
    { type: "accessList", list: encodeAccessList(accessList) },
  ];
  const permits = draftPermits(chain.crypto, [{ kem: founder.userKem }], versions, "full");
  const drafts = [...statements.map((statement) => statementDraft(chain, statement)), ...permits];
  return write(chain, { type: entryType.statement, seq: 1, prev }, drafts);
}

function statementDraft({ key }: RootChain, statement: Statement): PartDraft {
  return { kind: "statement", key, plaintext: encodeStatement(statement) };
}

async function write(
  { crypto, root, secret, writer, directory }: RootChain,
  place: { readonly type: EntryType; readonly seq: number; readonly prev: EntryId },
  drafts: readonly PartDraft[],
): Promise<Written> {
  const entry = await sealEntry(crypto, { ...place, database: directory, writer, writerSecret: secret }, drafts);
  return { id: entry.id, run: await signRun(crypto, root, [entry]) };
}
