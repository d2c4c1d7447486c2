import { toHex } from "@selkie/entry";
import type { TenantRecord } from "@selkie/keybag";
import { type AccessList, encodeAccessList, encodeAccessTicket } from "@selkie/sync-protocol";
import { extendAccess, newestAccessList } from "../directory/access.ts";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { fingerprint } from "../directory/fingerprint.ts";
import { grantFor, type JoinRequest, parseJoinRequest, requestIdOf } from "../directory/join-request.ts";
import { createJoinResponse } from "../directory/join-response.ts";
import { type Role, type Statement, statementId } from "../directory/statement.ts";
import { encodeStatement } from "../directory/statement-codec.ts";
import { CoreError } from "../errors.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { draftPermits } from "../keys/permit.ts";
import type { PartDraft } from "../sealing/seal-entry.ts";
import { Serial } from "../serial.ts";
import type { DirectoryWriter } from "./directory-writer.ts";
import { Invitations } from "./invitations.ts";
import type { Approval, Device, Directory, Invitation, ReceivedRequest, User } from "./tenant.ts";
import type { TenantContext } from "./tenant-context.ts";

export interface TenantDirectoryContext {
  readonly context: TenantContext;
  readonly record: TenantRecord;
  readonly writer: DirectoryWriter;
  view(): DirectoryView;
  /** @throws CoreError DIRECTORY_UNKNOWN */
  self(): Admission;
  /** @throws CoreError KEY_UNKNOWN */
  directoryKey(): KeyVersion;
}

/** The one implementation of `Directory`: reads the view, writes statements. */
export class TenantDirectory implements Directory {
  readonly #at: TenantDirectoryContext;
  readonly #invitations: Invitations;
  readonly #approving = new Serial();

  constructor(at: TenantDirectoryContext) {
    this.#at = at;
    const { platform, local, store, tenant } = at.context;
    const place = { tenant, directory: at.record.directory };
    this.#invitations = new Invitations({ crypto: platform.crypto, local, rows: store.state }, place);
  }

  async users(): Promise<readonly User[]> {
    return this.#at
      .view()
      .users()
      .map(({ name, role }) => ({ name, role }));
  }

  async devices(user?: string): Promise<readonly Device[]> {
    const view = this.#at.view();
    const members =
      user === undefined ? view.devices() : view.findUser(user).flatMap(({ user: id }) => view.devices(id));
    const { crypto } = this.#at.context.platform;
    return members.map(({ device, deviceKem, name }) => ({
      id: toHex(device),
      user: name,
      fingerprint: fingerprint(crypto, "device", [device, deviceKem]),
    }));
  }

  async createInvitation(): Promise<Invitation> {
    if (this.#at.self().role !== "admin") throw new CoreError("NOT_ADMIN", "only an admin invites users");
    const { id, text } = await this.#approving.run(() => this.#invitations.create());
    return { id, toString: () => text };
  }

  async invitations(): Promise<readonly string[]> {
    return (await this.#invitations.open()).map(({ id }) => id);
  }

  withdrawInvitation(id: string): Promise<void> {
    return this.#approving.run(() => this.#invitations.withdraw(id));
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
    return this.#approving.run(() => this.#approve(request.toString(), options.role));
  }

  async #approve(request: string, role: Role): Promise<Approval> {
    const { context, record, writer, view, self } = this.#at;
    const { crypto } = context.platform;
    if (self().role !== "admin") throw new CoreError("NOT_ADMIN", "only an admin admits users");
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

  /** The grant, the permit of the directory key and the default key, and the relay's new access list: one entry. */
  #grant(asked: JoinRequest, role: Role, list: AccessList): readonly PartDraft[] {
    const { context, view, directoryKey } = this.#at;
    const found = view().found;
    const defaultKey = found === null ? undefined : context.ring.current(found.defaultKey.keyId);
    if (found === null || defaultKey === undefined)
      throw new CoreError("KEY_UNKNOWN", "this device does not hold the keys to share");
    const keys = [directoryKey(), defaultKey];
    const versions = keys.map(({ keyId, version }) => ({ keyId, version }));
    const statement = (made: Statement): PartDraft => ({
      kind: "statement",
      key: directoryKey(),
      plaintext: encodeStatement(made),
    });
    return [
      statement(grantFor(asked, role)),
      statement({ type: "permit", history: found.history, versions, to: [{ type: "part", index: GRANT_PART }] }),
      statement({ type: "accessList", list: encodeAccessList(list) }),
      ...draftPermits(context.platform.crypto, [{ kem: asked.keys.userKem }], keys, found.history),
    ];
  }
}

/** A control part stands first in every entry of the directory. */
const GRANT_PART = 1;
