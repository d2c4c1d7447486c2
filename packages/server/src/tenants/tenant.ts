// One tenant of a relay, as held in memory: its access documents that count now, its usage, and the sessions that are open under it.

import { type DatabaseId, equalBytes, type LoginKey, type TenantId } from "@selkie/entry";
import {
  type AccessState,
  DIRECTORY_ONLY,
  equalRights,
  type Grant,
  NO_RIGHTS,
  rightsOf,
  type VerifiedAccessTicket,
} from "@selkie/sync-protocol";
import type { RelayRefusalCode } from "../errors.ts";
import { KnownHoles } from "../replica/known-holes.ts";
import { BegunChains } from "./begun-chains.ts";
import type { TenantUsage } from "./usage.ts";

/** An open session, as its tenant sees it. */
export interface Login {
  readonly key: LoginKey;
  /** What it may do now; null once it ended, while its connection closes. */
  grant: Grant | null;
  /** What admitted it besides the list; they count only as long as no newer list arrives. */
  tickets: readonly VerifiedAccessTicket[];
  /** Ends the session and its connection; the code is told to the peer. */
  drop(code: RelayRefusalCode): void;
}

/** A session that was let in, until it leaves. */
export interface Admitted {
  readonly tenant: Tenant;
  readonly login: Login;
}

/** A registered tenant. */
export class Tenant {
  readonly id: TenantId;
  readonly usage: TenantUsage;
  readonly holes: KnownHoles;
  readonly begun: BegunChains;
  readonly #logins = new Set<Login>();
  #held = 0;
  #state: AccessState;

  /** @param known what was stored of a tenant that is not new */
  constructor(state: AccessState, usage: TenantUsage, known?: Pick<Tenant, "holes" | "begun">) {
    this.id = state.founding.tenant;
    this.usage = usage;
    this.holes = known?.holes ?? new KnownHoles();
    this.begun = known?.begun ?? new BegunChains();
    this.#state = state;
  }

  get state(): AccessState {
    return this.#state;
  }

  get isIdle(): boolean {
    return this.#logins.size === 0 && this.#held === 0;
  }

  /** Does work that counts bytes and may go on when no session is open: this object stays the one that counts. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#held += 1;
    try {
      return await work();
    } finally {
      this.#held -= 1;
    }
  }

  enter(login: Login): void {
    this.#logins.add(login);
  }

  leave(login: Login): void {
    this.#logins.delete(login);
  }

  /** Whether a session may open this database, and receive what is in it. */
  mayPull({ grant }: Login, database: DatabaseId): boolean {
    if (grant === null || !grant.pull) return false;
    // SECURITY: who was removed reads the directory and nothing else. Test: farewell.test.ts.
    return grant.directoryOnly !== true || equalBytes(database, this.#state.founding.database);
  }

  /** Whether a session may receive what lies beside the entries, in no database. */
  mayPullBlobs({ grant }: Login): boolean {
    return grant?.pull === true && grant.directoryOnly !== true;
  }

  /** Whether a session may know that this database is here. */
  mayOpen(login: Login, database: DatabaseId): boolean {
    return login.grant !== null && (login.grant.directoryOnly !== true || this.mayPull(login, database));
  }

  /** Counts newer access documents from now on. Answers the sessions whose login key may do other things than before, or nothing. */
  adopt(state: AccessState): readonly { readonly login: Login; readonly code: RelayRefusalCode }[] {
    this.#state = state;
    return [...this.#logins].flatMap((login) => {
      const grant = grantOf(state, login.key, login.tickets);
      if (equalRights(login.grant, grant)) return [];
      return [{ login, code: grant?.directoryOnly === true ? "DIRECTORY_ONLY" : "LOGIN_ENDED" }];
    });
  }
}

/** What a login key may do at this relay. Who was let in once, and has no right any more, may read in the directory why. */
export function grantOf(state: AccessState, key: LoginKey, tickets: readonly VerifiedAccessTicket[]): Grant | null {
  const rights = rightsOf(state, key, tickets);
  return rights !== null && equalRights(rights, NO_RIGHTS) ? DIRECTORY_ONLY : rights;
}
