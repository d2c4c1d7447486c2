// What every store refuses while it forgets a tenant, whatever it writes to.
import { type TenantId, toHex } from "@selkie/entry";
import type { StoreWrite } from "./store.ts";
import { StoreError } from "./store-error.ts";

const TENANT_BYTES = 32;

/**
 * The tenants a store is forgetting. From the call until it is done nothing of theirs is written: what was asked for before lands
 * before, what comes later is refused. Test: contract "forgetting a tenant ...".
 */
export class ForgottenTenants {
  /** By hex tenant id. */
  readonly #refused = new Set<string>();
  /** How often each was forgotten: a write that takes long sees that its tenant is no longer the one it began with. */
  readonly #times = new Map<string, number>();

  /** Refuses the tenant's writes from now on, those that are under way included. */
  begin(tenant: TenantId): void {
    const name = toHex(tenant);
    this.#refused.add(name);
    this.#times.set(name, this.#timesOf(name) + 1);
  }

  /** Nothing of the tenant is left: it may come anew. */
  end(tenant: TenantId): void {
    this.#refused.delete(toHex(tenant));
  }

  /** @throws StoreError `TENANT_FORGOTTEN` */
  check(tenant: TenantId): void {
    if (this.#refused.has(toHex(tenant))) throw forgotten();
  }

  /** Refuses a write if any of it is of such a tenant: its entries, or the state under its id. @throws StoreError `TENANT_FORGOTTEN` */
  checkWrite({ drop = [], append = [], put = [], remove = [] }: StoreWrite): void {
    if (this.#refused.size === 0) return;
    for (const { tenant } of [...drop, ...append]) this.check(tenant);
    for (const key of [...put.map((item) => item.key), ...remove]) {
      if (this.#refused.has(toHex(key.subarray(0, TENANT_BYTES)))) throw forgotten();
    }
  }

  /**
   * For a write that takes long: refuses it now, and by the check that is returned, when it lands.
   *
   * @throws StoreError `TENANT_FORGOTTEN`
   */
  watch(tenant: TenantId): () => void {
    this.check(tenant);
    const name = toHex(tenant);
    const times = this.#timesOf(name);
    return () => {
      if (this.#timesOf(name) !== times) throw forgotten();
    };
  }

  #timesOf(name: string): number {
    return this.#times.get(name) ?? 0;
  }
}

function forgotten(): StoreError {
  return new StoreError("TENANT_FORGOTTEN", "the store is forgetting this tenant, or forgot it while this was written");
}
