import { toHex } from "@selkie/entry";
import type { TenantRecord } from "@selkie/keybag";
import { type AccessList, encodeAccessList, encodeAccessTicket } from "@selkie/sync-protocol";
import { extendAccess, newestAccessList } from "../directory/access.ts";
import { fingerprint } from "../directory/fingerprint.ts";
import { grantFor, type JoinRequest, parseJoinRequest, requestIdOf } from "../directory/join-request.ts";
import { createJoinResponse } from "../directory/join-response.ts";
import { foldName } from "../directory/name.ts";
import { type Role, statementId } from "../directory/statement.ts";
import { CoreError } from "../errors.ts";
import type { PartDraft } from "../sealing/seal-entry.ts";
import { Serial } from "../serial.ts";
import { DirectoryEntries } from "./directory-entries.ts";
import { Invitations } from "./invitations.ts";
import { createKey, rotateKey, shareKey } from "./key-work.ts";
import {
  type ChangedRights,
  changeUser,
  type Revoked,
  type RevokeOptions,
  revokeDevice,
  revokeUser,
} from "./people-work.ts";
import { currentVersions, requireAdmin, requireFound, type StatementContext } from "./statement-work.ts";
import type { Approval, Device, Directory, Invitation, ReceivedRequest, User } from "./tenant.ts";

export interface TenantDirectoryContext extends StatementContext {
  readonly record: TenantRecord;
}

/** The one implementation of `Directory`: reads the view, writes statements. */
export class TenantDirectory implements Directory {
  readonly #at: TenantDirectoryContext;
  readonly #invitations: Invitations;
  readonly #working = new Serial();

  constructor(at: TenantDirectoryContext) {
    this.#at = at;
    const { platform, local, store, tenant } = at.context;
    const place = { tenant, directory: at.record.directory };
    this.#invitations = new Invitations({ crypto: platform.crypto, local, rows: store.state }, place);
  }

  async users(): Promise<readonly User[]> {
    const view = this.#at.view();
    const live = new Set(view.users().map(({ id }) => toHex(id)));
    return view.everybody().map(({ id, name, role }) => ({ name, role, revoked: !live.has(toHex(id)) }));
  }

  async devices(user?: string): Promise<readonly Device[]> {
    const view = this.#at.view();
    const { crypto } = this.#at.context.platform;
    const live = new Set(view.devices().map(({ device }) => toHex(device)));
    // A device whose user's rights changed was admitted more than once.
    const byKey = new Map(view.allDevices().map((member) => [toHex(member.device), member]));
    return [...byKey]
      .filter(([, { name }]) => user === undefined || foldName(name) === foldName(user))
      .map(([id, { device, deviceKem, name }]) => ({
        ...{ id, user: name, revoked: !live.has(id) },
        fingerprint: fingerprint(crypto, "device", [device, deviceKem]),
      }));
  }

  createKey(name: string, options: { readonly share?: readonly string[] } = {}): Promise<void> {
    return this.#working.run(() => createKey(this.#at, name, options.share ?? []));
  }

  shareKey(name: string, users: readonly string[]): Promise<void> {
    return this.#working.run(() => shareKey(this.#at, name, users));
  }

  rotateKey(name: string): Promise<void> {
    return this.#working.run(() => rotateKey(this.#at, name));
  }

  revokeUser(user: string, options: RevokeOptions = {}): Promise<Revoked> {
    return this.#working.run(() => revokeUser(this.#at, user, options));
  }

  revokeDevice(device: string, options: RevokeOptions = {}): Promise<Revoked> {
    return this.#working.run(() => revokeDevice(this.#at, device, options));
  }

  changeUser(user: string, rights: ChangedRights): Promise<Revoked> {
    return this.#working.run(() => changeUser(this.#at, user, rights));
  }

  async createInvitation(): Promise<Invitation> {
    requireAdmin(this.#at);
    const { id, text } = await this.#working.run(() => this.#invitations.create());
    return { id, toString: () => text };
  }

  async invitations(): Promise<readonly string[]> {
    return (await this.#invitations.open()).map(({ id }) => id);
  }

  withdrawInvitation(id: string): Promise<void> {
    return this.#working.run(() => this.#invitations.withdraw(id));
  }

  async readJoinRequest(request: { toString(): string } | string): Promise<ReceivedRequest> {
    const asked = await parseJoinRequest(this.#at.context.platform.crypto, request.toString());
    const { user, fingerprint: digits, words, mac } = asked;
    const invitation = await this.#invitations.of(asked);
    const invitedBy = mac === null ? "nobody" : invitation === null ? "unknown" : "invitation";
    return { user, fingerprint: digits, words, invitedBy };
  }

  /** One after the other: an invitation lets one person in. */
  approveJoinRequest(request: { toString(): string } | string, options: { role: Role }): Promise<Approval> {
    return this.#working.run(() => this.#approve(request.toString(), options.role));
  }

  async #approve(request: string, role: Role): Promise<Approval> {
    const { context, record, writer, view } = this.#at;
    const { crypto } = context.platform;
    requireAdmin(this.#at);
    const asked = await parseJoinRequest(crypto, request);
    const invitation = await this.#invitations.of(asked);
    // SECURITY: A8. A request that says it was invited is admitted on that invitation or not at all (invitation.test.ts).
    if (asked.mac !== null && invitation === null)
      throw new CoreError("INVITATION_UNKNOWN", "the request was made with no invitation that is open on this device");
    const access = await extendAccess(crypto, context.keys.slot, {
      tenant: context.tenant,
      users: view().users(),
      joining: { slot: asked.keys.slot, role },
      current: await newestAccessList(crypto, view().identity, view().accessLists),
    });
    // INVARIANT: an invitation is used up in the commit that admits who used it (invitation.test.ts).
    const used = invitation === null ? [] : [this.#invitations.keyOf(invitation)];
    const entry = await writer.write(this.#grant(asked, role, access.list), used);
    const answer = {
      request: requestIdOf(crypto, asked.keys),
      slotSalt: asked.keys.slotSalt,
      tenant: context.tenant,
      tenantName: view().found?.name ?? record.name,
      directory: record.directory,
      admission: statementId(crypto, entry, GRANT_PART),
      ticket: encodeAccessTicket(access.ticket),
    };
    const response = await createJoinResponse(crypto, answer, invitation?.secret ?? null);
    const invitedBy = invitation === null ? "nobody" : "invitation";
    return { invitedBy, toString: () => response.toString() };
  }

  /** The grant, the relay's new access list, and the permit of the keys that everybody is due: one entry. */
  #grant(asked: JoinRequest, role: Role, list: AccessList): readonly (readonly PartDraft[])[] {
    const { context, view, directoryKey } = this.#at;
    const { history, defaultKey, directoryKey: own } = requireFound(view());
    const versions = [own, defaultKey].flatMap(({ keyId }) => currentVersions(context, keyId));
    const draft = new DirectoryEntries(context.platform.crypto, directoryKey());
    const recipient = draft.say(grantFor(asked, role));
    draft.say({ type: "accessList", list: encodeAccessList(list) });
    draft.give({ to: [{ recipient, kem: asked.keys.userKem }], versions }, history);
    return draft.finish();
  }
}

/** A control part stands first in every entry of the directory. */
const GRANT_PART = 1;
