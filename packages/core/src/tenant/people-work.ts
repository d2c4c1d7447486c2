import { compareBytes, equalBytes, parseStatementId, type StatementId, toHex } from "@selkie/entry";
import { isMember, type Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DirectoryKey } from "../directory/key-catalog.ts";
import { requireName } from "../directory/name.ts";
import type { Revocation, Role, Statement } from "../directory/statement.ts";
import { CoreError } from "../errors.ts";
import { hexOf } from "../hex.ts";
import { identityKeyName } from "../keys/identity-key.ts";
import { collectCuts } from "./collect-cuts.ts";
import { isNamed, requirePerson } from "./person.ts";
import type { StatementContext } from "./statement-context.ts";
import { requireAdmin, requireKey, writeStatements } from "./statement-work.ts";

/** Of what leaves the tenant without an admin, and for good: nobody brings one back, the root neither. */
interface LastAdminOptions {
  /** Whether it is meant. Default false: what would take the role from the last admin is refused with `LAST_ADMIN`. The root is not asked. */
  readonly evenLastAdmin?: boolean;
}

/** How a revoked device treats its store. */
export interface RevokeOptions extends LastAdminOptions {
  /** Whether it wipes what it holds, once the revocation has stood for `wipeAfter` seconds. Default false: it keeps it, sealed. */
  readonly wipe?: boolean;
  /** Seconds; default the tenant's setting `wipeAfter`, or 604,800, a week. */
  readonly wipeAfter?: number;
}

/** How one device is revoked. */
export interface RevokeDeviceOptions extends RevokeOptions {
  /** Whose it is, by name, id or fingerprint: where somebody else added a device with the same keys, and it is none of one's own. */
  readonly user?: string;
}

/** What came of a revocation. */
export interface Revoked {
  /**
   * Whether all that the others wrote was brought in first. If not, some of it may lie beyond the cut: nobody could be reached, or the
   * tenant has more databases than are looked through. Readmit it.
   */
  readonly synced: boolean;
}

const WEEK = 7 * 24 * 3_600;

/** What the tenant's settings say. */
function defaultDelay(view: DirectoryView): number {
  const set = view.settings.get("wipeAfter");
  return typeof set === "number" && set < 2 ** 32 ? set : WEEK;
}

/** Ends all rights of a person: its name, or its id or fingerprint. */
export async function revokeUser(at: StatementContext, named: string, options: RevokeOptions): Promise<Revoked> {
  requireAdmin(at);
  const { crypto } = at.context.platform;
  const person = at.view().personOf(requirePerson(crypto, at.view(), named).member);
  const synced = await at.sync([person]);
  const view = at.view();
  const { users, everything: devices } = requirePerson(crypto, view, named);
  const keys = onlyTheirs(view, devices, devices.flatMap(keysOf));
  const revocation = await draftRevocation(at, { targets: users, devices, keys, options });
  await end(at, { type: "revoke", ...revocation }, { ...options, ended: devices, lost: lostKeys(view, devices) });
  return { synced };
}

/**
 * Ends the rights of one device: by its user's own devices that stand before it, by an admin, or by itself. It is its person's and its
 * keys': what another person added under the same keys stays.
 * SECURITY: D10. Anybody may add a device with another's keys to their own: who has lost that one has no say about it, and revokes its own
 * all the same; and nobody's is ended by ending such a copy (a3-lost-device-at-a-relay.test.ts).
 */
export async function revokeDevice(
  at: StatementContext,
  id: string,
  { user, ...options }: RevokeDeviceOptions,
): Promise<Revoked> {
  const synced = await at.sync([requireDevice(at, id, user).person]);
  const view = at.view();
  const { admissions } = requireDevice(at, id, user);
  const targets = admissions.filter((other) => !isFirst(other)).map((other) => other.id);
  const named = admissions.flatMap((other) => [other.device, other.deviceKem]);
  // A grant as a target is the whole user: its first device is ended by its keys, whoever names them too. So is one that revokes itself: it holds them.
  const isByKeys = admissions.some(isFirst) || admissions.some(({ device }) => equalBytes(at.self().device, device));
  const keys = isByKeys ? named : onlyTheirs(view, admissions, named);
  const revocation = await draftRevocation(at, { targets, devices: admissions, keys, options });
  await end(at, { type: "revoke", ...revocation }, { ...options, ended: admissions, lost: lostKeys(view, admissions) });
  return { synced };
}

const isFirst = ({ id, user }: Member): boolean => equalBytes(id, user);

/** What is left of a user's rights. */
export interface ChangedRights extends LastAdminOptions {
  readonly role?: Role;
  /** Names of keys that are no longer shared with the user. */
  readonly unshare?: readonly string[];
  /** What the person is called from now on; by itself it takes nothing away. */
  readonly name?: string;
}

/** Takes some rights of a person away and leaves the rest: its devices go on under new admissions. */
export async function changeUser(at: StatementContext, named: string, rights: ChangedRights): Promise<Revoked> {
  requireAdmin(at);
  const { crypto } = at.context.platform;
  const person = at.view().personOf(requirePerson(crypto, at.view(), named).member);
  const synced = await at.sync([person]);
  const view = at.view();
  const { member, users, everything } = requirePerson(crypto, view, named);
  const renamed = rights.name === undefined ? [] : [draftRename(view, member, rights.name)];
  if (rights.role === undefined && rights.unshare === undefined) {
    if (renamed.length > 0) await writeStatements(at, { statements: renamed, rotate: [], give: () => [] });
    return { synced };
  }
  const role = rights.role ?? member.role;
  const unshared = (rights.unshare ?? []).map((key) => toHex(requireKey(view, key).keyId));
  const held = { ...member, role: "editor" as const };
  const keys = view
    .keys()
    .filter(({ keyId, kind }) => kind === "named" && view.isEntitled(held, keyId) && !unshared.includes(toHex(keyId)))
    .map(({ keyId }) => keyId);
  const ended = everything.filter((device) => view.isLive(device));
  const revocation = await draftRevocation(at, { targets: users, devices: ended, keys: [], options: {} });
  const change = {
    ...revocation,
    type: "change",
    name: view.nameOf(member),
    role,
    keys,
    devices: view.devicesOf(member).map(({ id }) => id),
  } as const;
  const left = new Set(keys.map(toHex));
  const lost =
    role === "admin"
      ? []
      : lostKeys(view, ended).filter(({ keyId, kind }) => kind === "named" && !left.has(toHex(keyId)));
  await end(at, change, { ...rights, ended, lost, beside: renamed });
  return { synced };
}

/** @throws CoreError NAME_INVALID | USER_AMBIGUOUS when somebody else has the name */
function draftRename(view: DirectoryView, member: Member, name: string): Statement {
  const person = view.personOf(member);
  requireName(name);
  if (view.findUser(name).some((other) => !equalBytes(view.personOf(other), person)))
    throw new CoreError("USER_AMBIGUOUS", "somebody else has this name");
  return { type: "rename", user: person, over: view.openRenames(member), name };
}

interface Ending {
  readonly targets: readonly StatementId[];
  readonly devices: readonly Member[];
  /** Identity keys that come back under no admission but one that names this revocation. */
  readonly keys: readonly Uint8Array[];
  readonly options: RevokeOptions;
}

async function draftRevocation(at: StatementContext, { targets, devices, keys, options }: Ending): Promise<Revocation> {
  const { crypto } = at.context.platform;
  return {
    targets: targets.toSorted(compareBytes),
    identityKeys: distinct(keys.map((key) => identityKeyName(crypto, key))).toSorted(compareBytes),
    cuts: await collectCuts(
      at,
      devices.map(({ id }) => id),
    ),
    wipe: options.wipe === true ? (options.wipeAfter ?? defaultDelay(at.view())) : null,
  };
}

/**
 * Those of the keys that nobody else goes on with. SECURITY: D10. Public keys prove nothing: who adds a device, or asks to join, may name
 * another's, who would be out along with it, with all they ever wrote (people-work.test.ts).
 */
export function onlyTheirs(
  view: Pick<DirectoryView, "devices" | "personOf">,
  ended: readonly Member[],
  keys: readonly Uint8Array[],
): readonly Uint8Array[] {
  const people = new Set(ended.map((device) => hexOf(view.personOf(device))));
  const others = view.devices().filter((device) => !people.has(hexOf(view.personOf(device))));
  const kept = others.flatMap(keysOf);
  return keys.filter((key) => !kept.some((other) => equalBytes(other, key)));
}

const keysOf = ({ userKem, device, deviceKem }: Member): readonly Uint8Array[] => [userKem, device, deviceKem];

/** @throws CoreError NOT_PERMITTED when the statement would end nothing: only who let an admin in may take its rights; LAST_ADMIN */
async function end(
  at: StatementContext,
  statement: Statement,
  {
    ended,
    lost,
    beside = [],
    evenLastAdmin = false,
  }: LastAdminOptions & {
    readonly ended: readonly Member[];
    readonly lost: readonly DirectoryKey[];
    readonly beside?: readonly Statement[];
  },
): Promise<void> {
  const require = (after: DirectoryView): void => {
    if (ended.some((device) => after.isLive(device)))
      throw new CoreError(
        "NOT_PERMITTED",
        "only the root, or an admin on whose grant the rights rest, takes them away",
      );
    const isOfAdmin = ended.some(({ role }) => role === "admin");
    if (isOfAdmin && !evenLastAdmin && isMember(at.self()) && !hasAdmin(after))
      throw new CoreError("LAST_ADMIN", "the tenant would be without an admin, for good");
  };
  await writeStatements(at, { statements: [statement, ...beside], rotate: lost, give: () => [], require });
}

const hasAdmin = (view: DirectoryView): boolean =>
  view.devices().some((device) => device.role === "admin" && view.isLive(device));

/** Each once. */
function distinct(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...new Map(keys.map((key) => [toHex(key), key])).values()];
}

/** The keys that these devices could open: they turn, so that nothing new is sealed for who is out. */
function lostKeys(view: DirectoryView, devices: readonly Member[]): readonly DirectoryKey[] {
  return view.keys().filter(({ keyId }) => devices.some((device) => view.isEntitled(device, keyId)));
}

/**
 * A device's person, and every admission of it there: of the person who is named, else of who asks, else of the only one there is.
 * @throws CoreError DEVICE_UNKNOWN | USER_AMBIGUOUS
 */
function requireDevice({ context, view, self }: StatementContext, id: string, named: string | undefined) {
  const { devices, allDevices, personOf } = view();
  const asks = self();
  const isIt = (known: Member): boolean =>
    toHex(known.device) === id && (named === undefined || isNamed(context.platform.crypto, view(), known, named));
  const people = distinct(devices().filter(isIt).map(personOf)).map(parseStatementId);
  const own =
    isMember(asks) && named === undefined ? people.find((each) => equalBytes(each, personOf(asks))) : undefined;
  const [only, ...others] = people;
  const person = own ?? only;
  if (person === undefined) throw new CoreError("DEVICE_UNKNOWN", "no device of this id is in the tenant");
  if (own === undefined && others.length > 0)
    throw new CoreError("USER_AMBIGUOUS", "several people have a device of this id: say whose is meant");
  const isTheirs = (known: Member): boolean => toHex(known.device) === id && equalBytes(personOf(known), person);
  return { person, admissions: allDevices().filter(isTheirs) };
}
