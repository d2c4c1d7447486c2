import { equalBytes, type StatementId, toHex } from "@selkie/entry";
import type { PlacedStatement } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { openUserKeys } from "../keys/permit.ts";
import { joinedWith } from "./own-admissions.ts";
import type { Place } from "./parked-places.ts";
import { personPlaces } from "./person-places.ts";
import type { ReadPlace } from "./read-place.ts";
import type { TenantContext } from "./tenant-context.ts";

/** Looks for the person's keys, where the directory says that they were given to this device: for each once in each such entry. */
export class PersonSearch {
  readonly #context: Pick<TenantContext, "platform" | "keys" | "admittedBy">;
  readonly #read: ReadPlace;
  /** Statements and names of the keys, in hex, that their entries were searched for. */
  readonly #lookedFor = new Set<string>();

  constructor(context: Pick<TenantContext, "platform" | "keys" | "admittedBy">, read: ReadPlace) {
    this.#context = context;
    this.#read = read;
  }

  /** More of the entries may be here than before. */
  again(): void {
    this.#lookedFor.clear();
  }

  /**
   * @param placed where statements stand, by id in hex
   * @returns whether a user key is new: what was permitted to it may stand in entries that were read already
   */
  async find(
    view: DirectoryView,
    placed: ReadonlyMap<string, Place & Pick<PlacedStatement, "statement">>,
  ): Promise<boolean> {
    const { platform, keys, admittedBy } = this.#context;
    const joined = joinedWith(view, admittedBy);
    if (joined === null) return false;
    let found = false;
    for (const { by, names } of personPlaces(platform.crypto, { view, placed }, joined)) {
      const place = placed.get(toHex(by));
      const wanted = place === undefined ? [] : this.#wanted(by, names);
      if (place === undefined || wanted.length === 0) continue;
      const entry = await this.#read(place);
      const secrets = entry === null ? null : await openUserKeys(platform.crypto, entry, keys.deviceKem);
      // SECURITY: A2. Only keys that the directory names as this person's: whoever writes an entry may put anything into it (directory-log.test.ts).
      const named = (secrets ?? []).filter((secret) => wanted.some((name) => equalBytes(name, secret.name)));
      found = (await keys.person.take(named)) || found;
    }
    return found;
  }

  /** Those of the names that are not here, and were not looked for in this place. */
  #wanted(by: StatementId, names: readonly Uint8Array[]): readonly Uint8Array[] {
    const { person } = this.#context.keys;
    const wanted = names.filter((name) => !person.holds(name) && !this.#lookedFor.has(toHex(by) + toHex(name)));
    for (const name of wanted) this.#lookedFor.add(toHex(by) + toHex(name));
    return wanted;
  }
}
