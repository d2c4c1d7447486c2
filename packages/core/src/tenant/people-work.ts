import { compareBytes, equalBytes, type StatementId, toHex } from "@selkie/entry";
import { type Admission, isMember, type Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DirectoryKey } from "../directory/key-catalog.ts";
import { requireName } from "../directory/name.ts";
import type { Revocation, Role, Statement } from "../directory/statement.ts";
import { CoreError } from "../errors.ts";
import { hexOf } from "../hex.ts";
import { identityKeyName } from "../keys/identity-key.ts";
import { collectCuts } from "./collect-cuts.ts";
import { requirePerson } from "./person.ts";
import type { StatementContext } from "./statement-context.ts";
import { requireAdmin, requireKey, writeStatements } from "./statement-work.ts";

/** How a revoked device treats its store. */
export interface RevokeOptions {
  /** Whether it wipes what it holds, once the revocation has stood for `wipeAfter` seconds. Default false: it keeps it, sealed. */
  readonly wipe?: boolean;
  /** Seconds; default the tenant's setting `wipeAfter`, or 604,800, a week. */
  readonly wipeAfter?: number;
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
  const keys = onlyTheirs(
    view,
    devices,
    devices.flatMap(({ userKem, device, deviceKem }) => [userKem, device, deviceKem]),
  );
  const revocation = await draftRevocation(at, { targets: users, devices, keys, options });
  await end(at, { type: "revoke", ...revocation }, { ended: devices, lost: lostKeys(view, devices) });
  return { synced };
}

/** Ends the rights of one device: by its user's own devices that stand before it, by an admin, or by itself. */
export async function revokeDevice(at: StatementContext, id: string, options: RevokeOptions): Promise<Revoked> {
  const person = at.view().personOf(requireDevice(at.view(), id));
  const synced = await at.sync([person]);
  const view = at.view();
  const device = requireDevice(view, id);
  const admissions = admissionsToEnd(view, at.self(), device);
  // A grant as a target is the whole user: its first device is named by its keys.
  const targets = admissions.filter((other) => !equalBytes(other.id, other.user)).map((other) => other.id);
  const named = admissions.flatMap((other) => [other.device, other.deviceKem]);
  // Who revokes itself holds these keys: whoever names them too has copied them, and keeps none of them in.
  const keys = equalBytes(at.self().device, device.device) ? named : onlyTheirs(view, admissions, named);
  const revocation = await draftRevocation(at, { targets, devices: admissions, keys, options });
  await end(at, { type: "revoke", ...revocation }, { ended: admissions, lost: lostKeys(view, admissions) });
  return { synced };
}

/**
 * Every admission of a device; where one of them is of who asks, those.
 * SECURITY: D10. Anybody may add a device with another's keys to their own: who has lost that one has no say about it, and revokes its own
 * all the same (a3-lost-device-at-a-relay.test.ts).
 */
function admissionsToEnd(view: DirectoryView, self: Admission, { device }: Member): readonly Member[] {
  const all = view.allDevices().filter((other) => equalBytes(other.device, device));
  if (!isMember(self)) return all;
  const person = view.personOf(self);
  const own = all.filter((other) => equalBytes(view.personOf(other), person));
  return own.some((other) => view.isLive(other)) ? own : all;
}

/** What is left of a user's rights. */
export interface ChangedRights {
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
  await end(at, change, { ended, lost, beside: renamed });
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
    identityKeys: distinct(keys)
      .map((key) => identityKeyName(crypto, key))
      .sort(compareBytes),
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
  const kept = new Set(others.flatMap(({ userKem, device, deviceKem }) => [userKem, device, deviceKem]).map(hexOf));
  return keys.filter((key) => !kept.has(hexOf(key)));
}

/** @throws CoreError NOT_PERMITTED when the statement would end nothing: only who let an admin in may take its rights */
async function end(
  at: StatementContext,
  statement: Statement,
  {
    ended,
    lost,
    beside = [],
  }: {
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
  };
  await writeStatements(at, { statements: [statement, ...beside], rotate: lost, give: () => [], require });
}

/** Each once. */
function distinct(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...new Map(keys.map((key) => [toHex(key), key])).values()];
}

/** The keys that these devices could open: they turn, so that nothing new is sealed for who is out. */
function lostKeys(view: DirectoryView, devices: readonly Member[]): readonly DirectoryKey[] {
  return view.keys().filter(({ keyId }) => devices.some((device) => view.isEntitled(device, keyId)));
}

function requireDevice(view: DirectoryView, id: string): Member {
  const device = view.devices().find((known) => toHex(known.device) === id);
  if (device === undefined) throw new CoreError("DEVICE_UNKNOWN", "no device of this id is in the tenant");
  return device;
}
