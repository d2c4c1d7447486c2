import type { DatabaseId } from "@selkie/entry";
import { requireName } from "../directory/name.ts";
import type { CurrentSettings } from "../directory/settings.ts";
import type { SettingValue } from "../directory/statement.ts";
import { CoreError } from "../errors.ts";
import { Serial } from "../serial.ts";
import type { StatementContext } from "./statement-context.ts";
import { requireAdmin, writeStatements } from "./statement-work.ts";

/** What {@link Settings} speak of: the tenant, or one of its databases. */
export interface SettingsOf {
  /** The name of a database; the tenant without one. */
  readonly database?: string;
}

/**
 * What admins set for everybody in a tenant. Every member reads it, no relay. Names are an app's own, but for these, of the tenant: `wipeAfter`, the
 * seconds after which a revoked device wipes what it holds, where the revocation says that it does and not when (604,800, a week);
 * `purgeAfter`, the seconds that a purge has to count on a device before it drops anything (the same);
 * `directoryStaleAfter`, the seconds without contact after which a device's directory is stale (the same); and `flushWindow`, the milliseconds for
 * which an online device gathers changes into one entry (250, and at most 2,000: a relay then sees less of when somebody writes).
 */
export interface Settings {
  /** What is set. */
  read(of?: SettingsOf): Promise<Readonly<Record<string, SettingValue>>>;
  /**
   * Sets these and leaves the others as they are; null takes one back. Of two admins who set one at the same time one is heard, everywhere the same.
   * @throws CoreError NOT_ADMIN | NAME_INVALID | VALUE_UNSUPPORTED
   */
  change(values: Readonly<Record<string, SettingValue | null>>, of?: SettingsOf): Promise<void>;
}

export interface TenantSettingsContext {
  readonly at: StatementContext;
  databaseId(name: string): Promise<DatabaseId>;
}

/** Settings are for what everybody needs all of the time, and each statement carries all of them. */
const MOST = { settings: 256, text: 1_000 };
interface Duration {
  readonly unit: "seconds" | "milliseconds";
  readonly least: number;
  readonly most: number;
}

/** Settings that this software reads. */
const DURATIONS: ReadonlyMap<string, Duration> = new Map([
  ["wipeAfter", { unit: "seconds", least: 0, most: 2 ** 32 - 1 }],
  ["purgeAfter", { unit: "seconds", least: 0, most: 2 ** 32 - 1 }],
  ["directoryStaleAfter", { unit: "seconds", least: 0, most: 10 * 365 * 86_400 }],
  ["flushWindow", { unit: "milliseconds", least: 250, most: 2_000 }],
]);

/** The one implementation of `Settings`. */
export class TenantSettings implements Settings {
  readonly #context: TenantSettingsContext;
  readonly #working = new Serial();

  constructor(context: TenantSettingsContext) {
    this.#context = context;
  }

  async read({ database }: SettingsOf = {}): Promise<Readonly<Record<string, SettingValue>>> {
    return Object.fromEntries((await this.#current(database)).settings.values);
  }

  change(values: Readonly<Record<string, SettingValue | null>>, { database: name }: SettingsOf = {}): Promise<void> {
    return this.#working.run(async () => {
      const { at } = this.#context;
      requireAdmin(at);
      const { database, settings } = await this.#current(name);
      const next = new Map(settings.values);
      for (const [setting, value] of Object.entries(values)) {
        if (value === null) next.delete(setting);
        else next.set(requireName(setting), requireValue(setting, value, database));
      }
      if (next.size > MOST.settings) throw unsupported(`there can be ${MOST.settings} settings at most`);
      const ascending = new Map([...next].sort(([a], [b]) => (a < b ? -1 : 1)));
      const said = { over: settings.open, values: ascending };
      const statement =
        database === null
          ? ({ type: "settings", ...said } as const)
          : ({ type: "databaseSettings", database, ...said } as const);
      await writeStatements(at, { statements: [statement], rotate: [], give: () => [] });
    });
  }

  /** Resolves when nothing is being written any more. */
  idle(): Promise<void> {
    return this.#working.idle();
  }

  async #current(
    name: string | undefined,
  ): Promise<{ readonly database: DatabaseId | null; readonly settings: CurrentSettings }> {
    const { at, databaseId } = this.#context;
    const database = name === undefined ? null : await databaseId(name);
    return { database, settings: at.view().settingsOf(database) };
  }
}

/** @throws CoreError VALUE_UNSUPPORTED */
function requireValue(name: string, value: SettingValue, database: DatabaseId | null): SettingValue {
  const duration = database === null ? DURATIONS.get(name) : undefined;
  const { least, most } = duration ?? { least: 0, most: Number.MAX_SAFE_INTEGER };
  if (typeof value === "string") {
    if (duration === undefined && value.length <= MOST.text && value.isWellFormed()) return value;
  } else if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw unsupported(
    `"${name}" is ${duration === undefined ? `up to ${MOST.text} characters, or a whole number from 0` : `whole ${duration.unit} from ${least} to ${most}`}`,
  );
}

const unsupported = (message: string): CoreError => new CoreError("VALUE_UNSUPPORTED", message);
