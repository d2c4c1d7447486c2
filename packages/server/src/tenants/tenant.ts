// One tenant of a relay, as held in memory: its access documents that count now, its usage, and the sessions that are open under it.

import type { LoginKey, TenantId } from "@selkie/entry";
import { type AccessState, type Rights, rightsOf, type VerifiedAccessTicket } from "@selkie/sync-protocol";
import type { TenantUsage } from "./usage.ts";

/** An open session, as its tenant sees it. */
export interface Login {
  readonly key: LoginKey;
  /** What it may do now. */
  rights: Rights;
  /** What admitted it besides the list; they count only as long as no newer list arrives. */
  tickets: readonly VerifiedAccessTicket[];
  /** Ends the session and its connection. */
  drop(): void;
}

/** A registered tenant. */
export class Tenant {
  readonly id: TenantId;
  readonly usage: TenantUsage;
  readonly #logins = new Set<Login>();
  #state: AccessState;

  constructor(state: AccessState, usage: TenantUsage) {
    this.id = state.tenant;
    this.usage = usage;
    this.#state = state;
  }

  get state(): AccessState {
    return this.#state;
  }

  get isIdle(): boolean {
    return this.#logins.size === 0;
  }

  enter(login: Login): void {
    this.#logins.add(login);
  }

  leave(login: Login): void {
    this.#logins.delete(login);
  }

  /** Counts newer access documents from now on. Answers the sessions whose login key has other rights than before, or none. */
  adopt(state: AccessState): readonly Login[] {
    this.#state = state;
    return [...this.#logins].filter((login) => !sameRights(login.rights, rightsOf(state, login.key, login.tickets)));
  }
}

function sameRights(before: Rights, now: Rights | null): boolean {
  return now !== null && before.pull === now.pull && before.push === now.push && before.purge === now.purge;
}
