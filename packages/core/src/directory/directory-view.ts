// What the directory says as of a set of statements: users, devices, keys, settings.
import type { DatabaseId, EntryId, Signature, StatementId, WriterKey } from "@selkie/entry";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";
import type {
  Admission,
  AdmissionId,
  Admissions,
  Chain,
  DirectoryIdentity,
  Member,
  PlacedStatement,
  RejectionCode,
} from "./admission.ts";
import type { DirectoryKey } from "./key-catalog.ts";
import type { KeyFitness } from "./key-fitness.ts";
import type { DueRecipient, PersonSlot, UserKey } from "./key-recipients.ts";
import type { ChainEnd } from "./membership.ts";
import type { ProvenFork } from "./proven-forks.ts";
import type { Purge } from "./purges.ts";
import type { CurrentSettings } from "./settings.ts";
import type { FoundStatement, SettingValue } from "./statement.ts";

/** A statement that counts for nothing. */
export interface RejectedStatement {
  readonly id: StatementId;
  readonly code: RejectionCode;
}

/** What the directory says of the author of a chain, and how far the chain counts. */
type ChainVerdict =
  | ({ readonly type: "admitted"; readonly admission: Admission } & ChainEnd)
  | Exclude<ReturnType<Admissions["judge"]>, { readonly type: "admitted" }>;

/** What a set of statements says. */
export interface DirectoryView {
  readonly identity: DirectoryIdentity;
  /** Of the statements that it follows from; null while chains fork, as voices and what is stored decide then, too. */
  digest(): Uint8Array | null;
  /** Null while the founding entry is not here, or not open. */
  readonly found: FoundStatement | null;
  /** Access lists that admins published, oldest first; each is signed on its own and must be verified. */
  readonly accessLists: readonly Uint8Array[];
  /** Those that count for nothing, for their authors were out: a relay that heard of them first holds them all the same. */
  readonly voidAccessLists: readonly Uint8Array[];
  readonly settings: ReadonlyMap<string, SettingValue>;
  /** The same with what the next statement replaces, or those of one database. */
  settingsOf(database: DatabaseId | null): CurrentSettings;
  /** The least format version that this tenant's devices are to write. */
  readonly minVersion: number;
  /** The names of the databases that somebody wrote in, ascending. Such a name may have been said by who is out. */
  readonly databases: readonly string[];
  /** The same with who said it, as often as it was said. */
  readonly databasesSaid: readonly { readonly author: Admission; readonly name: string }[];
  /** Ascending by id. */
  readonly rejected: readonly RejectedStatement[];
  /** What was removed for good, by database in hex. */
  readonly purges: ReadonlyMap<string, readonly Purge[]>;
  /** Purges that count for nothing, for their authors were out: they may have been carried out where that was not known. */
  readonly voidPurges: readonly Purge[];
  /** Statements of a later version, from admitted authors: held until this software is updated. */
  readonly unknown: number;
  /** Chains whose writers are proven to have signed two entries at one place. */
  readonly forks: readonly ProvenFork[];
  forkOf(database: DatabaseId, writer: WriterKey): ProvenFork | undefined;
  /** Whether a user's voice is heard about a fork. */
  hasVoice(user: AdmissionId, fork: ProvenFork): boolean;
  /** An admission that was ever given, by who was demoted too: so a device that is out by it is told so. */
  admission(id: AdmissionId): Admission | undefined;
  /** The first root, and those that were to follow it, with and without rights. */
  roots(): readonly Admission[];
  /** Whether it gives rights now. */
  isLive(admission: Admission): boolean;
  /** The statements that ended it, in hex, ascending. */
  endedBy(id: StatementId): readonly string[];
  /** Seconds after which a device whose admission ended wipes its store: the shortest that one of its revocations says; null for none. */
  wipeAfter(admission: Admission): number | null;
  /** The people that have rights, ascending by id: one admission of each, with what is left of its rights when several admins changed them at once. */
  users(): readonly Member[];
  /** Every person that ever was. */
  everybody(): readonly Member[];
  /** The first grant of a member's person, through all changes of its rights. */
  personOf(member: Member): StatementId;
  /** What the member's person is called now. */
  nameOf(member: Member): string;
  /** The renames that the next one of the member's person replaces, ascending. */
  openRenames(member: Member): readonly StatementId[];
  /** People with rights whose names fold to the same; more than one are shown with their fingerprints. */
  findUser(name: string): readonly Member[];
  /** The devices with rights of a user, or all: a device is there as often as it was admitted. */
  devices(user?: StatementId): readonly Member[];
  /** The devices with rights of a member's person, each once, the one that stands first in line first. */
  devicesOf(member: Member): readonly Member[];
  /** Every device that was ever let in, by who was demoted too. */
  allDevices(): readonly Member[];
  keys(): readonly DirectoryKey[];
  key(keyId: Uint8Array): DirectoryKey | undefined;
  /** Whether the directory names this version of this key. */
  commits(keyId: Uint8Array, version: Uint8Array): boolean;
  isEntitled(admission: Admission, keyId: Uint8Array): boolean;
  /** How far back who is entitled to a key reads what lies under it; null for who is not. */
  dueHistory(admission: Admission, keyId: Uint8Array): HistoryPolicy | null;
  /** Whom the next version of a key is due: each person once, where that is safe. */
  recipients(keyId: Uint8Array): readonly DueRecipient[];
  /** The people who are entitled to one key, and not to all that lies under another. */
  readersGained(from: Uint8Array, to: Uint8Array): readonly Member[];
  /** Whether nobody without a right to a key can open all of its current versions. */
  isSafe(keyId: Uint8Array): boolean;
  /** What else has to be right before a key is sealed under. */
  readonly keyFitness: KeyFitness;
  /** The KEM keys of a person that no other replaces. */
  userKeys(member: Member): readonly UserKey[];
  /** The KEM keys of a person, that of the grant first, those that were replaced or are void too. */
  everyUserKey(member: Member): readonly UserKey[];
  /** Whether a device that is out holds every KEM key of a person: one of its live devices is to make the next. */
  lacksUserKey(member: Member): boolean;
  /** The people that have rights, as relays are to know them. */
  slots(): readonly PersonSlot[];
  judge(chain: Chain): ChainVerdict;
  /** How far a chain of this admission counts. */
  endOf(chain: Pick<Chain, "database" | "writer">, admission: Admission): ChainEnd;
  /**
   * The same with more statements, where these change nobody's rights: permits, links and access lists in chains that nobody ended. Null where
   * they are others, and take judging everybody anew.
   */
  goOn(more: readonly PlacedStatement[]): DirectoryView | null;
  /** What cuts give as the writer's signature of this entry, whoever says them: not each need be one. None when nothing names it. */
  cutSignatures(writer: WriterKey, id: EntryId): readonly Signature[];
}
