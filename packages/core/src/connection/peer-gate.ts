import { type DatabaseId, equalBytes, type TenantId } from "@selkie/entry";
import type { Gatekeeper, Session } from "@selkie/sync-protocol";
import type { DirectoryView } from "../directory/directory-view.ts";

/** What devices may push while this one knows nobody: several times the directory of a large tenant, bytes. */
const STRANGERS_MAY_PUSH = 64 * 2 ** 20;

/** What all peers of a tenant together may push before its directory is known. */
export class PushBudget {
  #left: number;

  constructor(bytes: number = STRANGERS_MAY_PUSH) {
    this.#left = bytes;
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  spend(bytes: number): void {
    this.#left -= bytes;
  }
}

export interface PeerGateContext {
  readonly tenant: TenantId;
  readonly directory: DatabaseId;
  readonly budget: PushBudget;
  view(): DirectoryView;
}

type Admission = Awaited<ReturnType<Gatekeeper["admit"]>>;

/**
 * Who may connect directly, for one session: the devices of the directory, as it is now and whenever it changes. Every device may push,
 * a reader's too: it passes on what others wrote.
 * SECURITY: a device that was just admitted knows nobody yet. It lets others push, within a budget, and gives nothing; who then is not in
 * the directory is dropped (peer-gate.test.ts).
 */
export class PeerGate implements Gatekeeper {
  readonly #context: PeerGateContext;
  /** The session began before the directory was known, and more of it may be under way. */
  #mayBeUnknown = false;

  constructor(context: PeerGateContext) {
    this.#context = context;
  }

  async admit(other: Parameters<Gatekeeper["admit"]>[0]): Promise<Admission> {
    const { tenant, view, budget } = this.#context;
    if (other.type !== "device" || !equalBytes(other.tenant, tenant)) return refused("UNKNOWN_DEVICE");
    const { found, devices, allDevices } = view();
    if (devices().some(({ device }) => equalBytes(device, other.key))) {
      this.#mayBeUnknown = false;
      return { type: "admitted", rights: { pull: true, push: true, purge: false } };
    }
    if (found === null) this.#mayBeUnknown = true;
    const wasThere = allDevices().some(({ device }) => equalBytes(device, other.key));
    if (!this.#mayBeUnknown) return refused(wasThere ? "DEVICE_REVOKED" : "UNKNOWN_DEVICE");
    if (budget.isSpent) return refused("LIMIT_EXCEEDED");
    return { type: "admitted", rights: { pull: false, push: true, purge: false } };
  }

  /** Follows what the peer pushes, once the session is open. */
  watch(session: Session): void {
    session.on("received", ({ bytes }) => {
      if (!this.#mayBeUnknown) return;
      this.#context.budget.spend(bytes);
      if (this.#context.budget.isSpent) session.reconsider();
    });
    session.on("caughtUp", ({ database }) => {
      if (!this.#mayBeUnknown || !equalBytes(database, this.#context.directory)) return;
      // The peer holds the statement that admits it, if there is one, and has sent all it holds.
      if (this.#context.view().found !== null) this.#mayBeUnknown = false;
      session.reconsider();
    });
    session.reconsider(); // the directory may have changed while the session began
  }
}

const refused = (code: string): Admission => ({ type: "refused", code });
