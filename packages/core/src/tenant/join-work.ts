// How somebody gets in: an admin grants a new user, a user's own device adds the next one.
import { compareBytes, equalBytes, parseLoginKey, type StatementId, toHex } from "@selkie/entry";
import type { TenantRecord } from "@selkie/keybag";
import { encodeAccessList, encodeAccessTicket, encodeSlotLogin, signSlotLogin } from "@selkie/sync-protocol";
import { signWith } from "../connection/sign-with.ts";
import { knownSlotLines } from "../connection/slot-lines.ts";
import { extendAccess, newestAccessList } from "../directory/access.ts";
import { isMember, type Member } from "../directory/admission.ts";
import {
  addDeviceFor,
  type DeviceRequest,
  grantFor,
  parseJoinRequest,
  type UserRequest,
} from "../directory/join-request.ts";
import { createJoinResponse } from "../directory/join-response.ts";
import { foldName } from "../directory/name.ts";
import { requestIdOf } from "../directory/requested-keys.ts";
import { type Role, statementId } from "../directory/statement.ts";
import { CoreError } from "../errors.ts";
import { identityKeyName } from "../keys/identity-key.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { isMerged } from "../keys/merged-version.ts";
import { DirectoryEntries } from "./directory-entries.ts";
import { groupGifts } from "./due-keys.ts";
import type { Invitations } from "./invitations.ts";
import { versionsForNewcomers } from "./key-work.ts";
import type { StatementContext } from "./statement-context.ts";
import { currentVersions, requireAdmin, requireFound } from "./statement-work.ts";
import type { Approval } from "./tenant.ts";

export interface JoinContext extends StatementContext {
  readonly record: TenantRecord;
  readonly invitations: Invitations;
}

/** The statement that admits somebody, as the control part stands first in every entry of the directory. */
const ADMITTING_PART = 1;
/** Key versions that one permit statement names, at most. */
const VERSIONS = 1_024;

/** What admits a requester: its statement, and what lets it in at a relay that does not know of it. */
interface Admitted {
  readonly admission: StatementId;
  readonly ticket: Uint8Array;
}

/**
 * Admits who made a request.
 *
 * @param role of a new user; null for a further device of one's own
 */
export async function approveRequest(at: JoinContext, text: string, role: Role | null): Promise<Approval> {
  const { context, record, invitations, view } = at;
  const { crypto } = context.platform;
  const request = await parseJoinRequest(crypto, text);
  const invitation = await invitations.of(request);
  // SECURITY: A8. A request that says it was invited is admitted on that invitation or not at all (invitation.test.ts).
  if (request.mac !== null && invitation === null)
    throw new CoreError("INVITATION_UNKNOWN", "the request was made with no invitation that is open on this device");
  // INVARIANT: an invitation is used up in the commit that admits who used it (invitation.test.ts).
  const used = invitation === null ? [] : [invitations.keyOf(invitation)];
  const admitted = await admit(at, request, role, used);
  const answer = {
    ...admitted,
    request: requestIdOf(crypto, request.keys),
    salt: request.kind === "user" ? request.keys.slotSalt : request.keys.loginSalt,
    tenant: context.tenant,
    tenantName: view().found?.name ?? record.name,
    directory: record.directory,
  };
  const response = await createJoinResponse(crypto, answer, invitation?.secret ?? null);
  return {
    invitedBy: invitation === null ? "nobody" : "invitation",
    toString: () => response.toString(),
    toQrTexts: () => response.toQrTexts(),
  };
}

/** SECURITY: A14. A role says that a new user is meant: nobody gets a device of its own admitted unawares, or the other way round (device.test.ts). */
function admit(
  at: JoinContext,
  request: UserRequest | DeviceRequest,
  role: Role | null,
  used: readonly Uint8Array[],
): Promise<Admitted> {
  if (request.kind === "user" && role !== null) return grantUser(at, request, role, used);
  if (request.kind === "device" && role === null) return addDevice(at, request, used);
  const what = request.kind === "user" ? "a new user, who needs a role" : "a further device, which takes no role";
  throw new CoreError("JOIN_KIND_OTHER", `the request is of ${what}`);
}

/** The grant, the relay's new access list, and the permit of the keys that everybody is due: one entry. */
async function grantUser(
  at: JoinContext,
  request: UserRequest,
  role: Role,
  used: readonly Uint8Array[],
): Promise<Admitted> {
  requireAdmin(at);
  const { context, view, directoryKey, writer } = at;
  const { crypto } = context.platform;
  const { keys } = request;
  const { defaultKey, directoryKey: own } = requireFound(view());
  await at.settle([defaultKey.keyId]);
  const current = await newestAccessList(crypto, view().identity, view().accessLists);
  const signer = (await at.listSigner(current))?.key ?? context.keys.person.requireSlot();
  const { list, ticket } = await extendAccess(crypto, signer, {
    tenant: context.tenant,
    users: view().slots(),
    joining: { slot: keys.slot, role },
    current,
  });
  const newcomers = await versionsForNewcomers(at, defaultKey.keyId);
  const versions = [...currentVersions(context, own.keyId), ...newcomers];
  const draft = new DirectoryEntries(crypto, directoryKey());
  const recipient = draft.say(grantFor(request, role));
  draft.say({ type: "accessList", list: encodeAccessList(list) });
  const gifts = versions.flatMap((version) => {
    const history = view().key(version.keyId)?.history;
    return history === undefined ? [] : [{ version, to: [{ recipient, kem: keys.userKem, history }] }];
  });
  for (const gift of groupGifts(gifts)) draft.give(gift);
  const entry = await writer.write(draft.finish(), { remove: used });
  return { admission: statementId(crypto, entry, ADMITTING_PART), ticket: encodeAccessTicket(ticket) };
}

/** The statement in this device's own chain, the keys of the person, and permits of all keys due: one entry, or as many as it takes. */
async function addDevice(at: JoinContext, request: DeviceRequest, used: readonly Uint8Array[]): Promise<Admitted> {
  const { context, directoryKey, view, writer } = at;
  const { crypto } = context.platform;
  const { keys } = request;
  const self = ownMembership(at, request);
  await at.settle();
  const { person } = context.keys;
  const [line] = await knownSlotLines(crypto, view(), { person, member: self });
  const slot = line?.[0] ?? person.requireSlot();
  const newest = line?.at(-1) ?? slot;
  const unsigned = { tenant: context.tenant, slot: slot.publicKey, loginKey: parseLoginKey(keys.login) };
  const login = await signSlotLogin(unsigned, { publicKey: newest.publicKey, sign: signWith(crypto, newest) });
  const nameOf = (kem: Uint8Array): Uint8Array => identityKeyName(crypto, kem);
  const later = view()
    .everyUserKey(self)
    .filter(({ kem }) => !equalBytes(kem, self.userKem) && person.holds(nameOf(kem)));
  const statement = addDeviceFor(request, later.map(({ by }) => by).sort(compareBytes));
  const after = await at.preview(at.writer, [statement]);
  if (!after.devices().some(({ device }) => toHex(device) === toHex(keys.deviceSign)))
    throw new CoreError(
      "DEVICE_REVOKED",
      "this device's keys were revoked: it needs a KeyBag of its own, with new ones",
    );
  const draft = new DirectoryEntries(crypto, directoryKey());
  const of = draft.say(statement);
  const given = [self.userKem, ...later.map(({ kem }) => kem)].map(nameOf);
  draft.givePerson([{ kem: keys.deviceKem }], person.secretsFor(given));
  const to = [{ recipient: { type: "device", of }, kem: keys.deviceKem }] as const;
  const versions = dueVersions(at, self);
  for (let from = 0; from < versions.length; from += VERSIONS)
    draft.give({ to, versions: versions.slice(from, from + VERSIONS), history: "full" });
  const entry = await writer.write(draft.finish(), { remove: used });
  return { admission: statementId(crypto, entry, ADMITTING_PART), ticket: encodeSlotLogin(login) };
}

/** @throws CoreError DEVICE_OF_OTHER when the request is for somebody else's device */
function ownMembership({ context, self, view }: JoinContext, { user }: DeviceRequest): Member {
  const own = self();
  const names = isMember(own) ? [context.keys.identity.name, view().nameOf(own)] : [];
  if (!isMember(own) || !names.some((name) => foldName(name) === foldName(user)))
    throw new CoreError("DEVICE_OF_OTHER", "only a device of the same user admits a further one");
  return own;
}

/** The current versions of every key that is due to a member, as far as this device can pass them on. */
function dueVersions({ context: { ring }, view }: JoinContext, member: Member): readonly KeyVersion[] {
  const current = view()
    .keys()
    .filter(({ keyId }) => view().isEntitled(member, keyId))
    .flatMap(({ keyId }) => ring.current(keyId) ?? []);
  return current
    .flatMap((key) => (isMerged(key) ? key.parts : [key]))
    .filter(({ historyBytes }) => historyBytes !== null);
}
