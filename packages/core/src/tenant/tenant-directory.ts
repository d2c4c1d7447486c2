import { toHex } from "@selkie/entry";
import type { TenantRecord } from "@selkie/keybag";
import type { Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { fingerprint, fingerprintWords } from "../directory/fingerprint.ts";
import { parseJoinRequest } from "../directory/join-request.ts";
import type { PurgeStatement, Role } from "../directory/statement.ts";
import type { Quarantined } from "../replica/quarantine.ts";
import { Serial } from "../serial.ts";
import { renewAccessList } from "./access-work.ts";
import { Invitations } from "./invitations.ts";
import { approveRequest } from "./join-work.ts";
import { createKey, rotateKey, shareKey } from "./key-work.ts";
import { joinedWith } from "./own-admissions.ts";
import { rightsOf } from "./own-membership.ts";
import {
  type ChangedRights,
  changeUser,
  type RevokeDeviceOptions,
  type Revoked,
  type RevokeOptions,
  revokeDevice,
  revokeUser,
} from "./people-work.ts";
import { isNamed, personFingerprint, personId } from "./person.ts";
import { readmit, wouldReadmit } from "./readmission.ts";
import type { StatementContext } from "./statement-context.ts";
import { requireAdmin, writePurges } from "./statement-work.ts";
import type { Approval, Device, Directory, Invitation, KeyOptions, ReceivedRequest, User } from "./tenant.ts";
import { renewUserKey } from "./user-key-work.ts";

export interface TenantDirectoryContext extends StatementContext {
  readonly record: TenantRecord;
  /** What counts for nothing in the open databases. */
  quarantined(): AsyncIterable<Quarantined>;
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
    const { crypto } = this.#at.context.platform;
    const live = new Set(view.users().map(({ id }) => toHex(id)));
    return view.everybody().map((user) => {
      const shown = {
        id: personId(view, user),
        name: view.nameOf(user),
        fingerprint: personFingerprint(crypto, view, user),
      };
      return { ...shown, role: user.role, revoked: !live.has(toHex(user.id)) };
    });
  }

  async devices(user?: string): Promise<readonly Device[]> {
    const view = this.#at.view();
    const { crypto } = this.#at.context.platform;
    const { context } = this.#at;
    const joined = joinedWith(view, context.admittedBy);
    const own = joined === null ? null : rowOf(view, joined);
    const live = new Set(view.devices().map((member) => rowOf(view, member)));
    // A device whose user's rights changed was admitted more than once.
    const rows = new Map(view.allDevices().map((member) => [rowOf(view, member), member]));
    return [...rows]
      .filter(([, member]) => user === undefined || isNamed(crypto, view, member, user))
      .map(([row, member]) => {
        const { device, deviceKem } = member;
        const digits = fingerprint(crypto, "device", [device, deviceKem]);
        const shown = { fingerprint: digits, words: fingerprintWords(digits) };
        const standing = { isThis: row === own, revoked: !live.has(row) };
        return { id: toHex(device), user: view.nameOf(member), ...shown, ...standing };
      });
  }

  createKey(name: string, options: KeyOptions & { readonly share?: readonly string[] } = {}): Promise<void> {
    return this.#working.run(() => createKey(this.#at, name, options));
  }

  shareKey(name: string, users: readonly string[], { history }: KeyOptions = {}): Promise<void> {
    return this.#working.run(() => shareKey(this.#at, name, users, history));
  }

  rotateKey(name: string): Promise<void> {
    return this.#working.run(() => rotateKey(this.#at, name));
  }

  revokeUser(user: string, options: RevokeOptions = {}): Promise<Revoked> {
    return this.#working.run(() => revokeUser(this.#at, user, options));
  }

  revokeDevice(device: string, options: RevokeDeviceOptions = {}): Promise<Revoked> {
    return this.#working.run(async () => {
      const revoked = await revokeDevice(this.#at, device, options);
      await this.#renew();
      return revoked;
    });
  }

  changeUser(user: string, rights: ChangedRights): Promise<Revoked> {
    return this.#working.run(() => changeUser(this.#at, user, rights));
  }

  quarantined(): AsyncIterable<Quarantined> {
    return this.#at.quarantined();
  }

  wouldReadmit(entryIds: readonly string[]): Promise<readonly string[]> {
    return this.#working.run(() => wouldReadmit(this.#at, entryIds));
  }

  readmit(entryIds: readonly string[]): Promise<readonly string[]> {
    return this.#working.run(() => readmit(this.#at, entryIds));
  }

  async createInvitation({ device = false }: { readonly device?: boolean } = {}): Promise<Invitation> {
    if (device) this.#at.self();
    else requireAdmin(this.#at);
    const { id, text } = await this.#working.run(() => this.#invitations.create(device ? "device" : "user"));
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
    const { kind, user, fingerprint: digits, words, mac } = asked;
    const invitation = await this.#invitations.of(asked);
    const invitedBy = mac === null ? "nobody" : invitation === null ? "unknown" : "invitation";
    return { kind, user, fingerprint: digits, words, invitedBy };
  }

  /** One after the other: an invitation lets one person in. */
  approveJoinRequest(
    request: { toString(): string } | string,
    { role }: { readonly role?: Role } = {},
  ): Promise<Approval> {
    const at = { ...this.#at, invitations: this.#invitations };
    return this.#working.run(() => approveRequest(at, request.toString(), role ?? null));
  }

  /**
   * What follows from the directory and is this device's to say: the next key of its person, where a device that is out holds the one there is;
   * by an admin, the next list for relays.
   */
  renew(): Promise<void> {
    return this.#working.run(() => this.#renew());
  }

  /** Says that something is purged. */
  purge(statements: readonly PurgeStatement[]): Promise<void> {
    return this.#working.run(async () => {
      requireAdmin(this.#at);
      await writePurges(this.#at, statements);
    });
  }

  /** Resolves when nothing is being written any more. */
  idle(): Promise<void> {
    return this.#working.idle();
  }

  async #renew(): Promise<void> {
    if (rightsOf(this.#at) === null) return; // a device that is out, or whose admission has not come, makes no keys
    await renewUserKey(this.#at);
    await renewAccessList(this.#at);
  }
}

/** Anybody may name another's public keys as those of a device of theirs: a device is its person's and its keys'. */
function rowOf(view: Pick<DirectoryView, "personOf">, member: Member): string {
  return `${personId(view, member)} ${toHex(member.device)} ${toHex(member.deviceKem)}`;
}
