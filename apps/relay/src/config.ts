// Configuration: defaults, then the file, then the environment. Anything not understood stops the program before it opens
// a port: a mistyped limit that silently falls back to its default is found on the worst day.

import { printable } from "@selkie/server";
import {
  ENVIRONMENT_PREFIX,
  environmentName,
  isSettingName,
  type RelayConfig,
  SETTING_NAMES,
  type Setting,
  type SettingName,
  settings,
} from "./settings.ts";
import { StartFailure } from "./start-failure.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a configuration is read from: a file already read, if one was named, and the environment. */
export interface ConfigSources {
  readonly file: { readonly path: string; readonly text: string } | null;
  readonly environment: Environment;
}

/**
 * Reads and checks a whole configuration.
 * @throws StartFailure with one line that names the setting and what it wants
 */
export function readConfig(sources: ConfigSources): RelayConfig {
  const given = new Map<SettingName, unknown>();
  if (sources.file !== null) readFileSettings(sources.file, given);
  readEnvironment(sources.environment, given);
  const config = Object.fromEntries(
    SETTING_NAMES.map((name) => [name, given.has(name) ? given.get(name) : settings[name].fallback]),
  ) as unknown as RelayConfig;
  return Object.freeze(config);
}

function readFileSettings(file: { path: string; text: string }, given: Map<SettingName, unknown>): void {
  const where = `configuration file ${printable(file.path)}`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(file.text);
  } catch (cause) {
    throw new StartFailure(`${where} is not valid JSON`, { cause });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new StartFailure(`${where} must hold one JSON object`);
  }
  for (const [name, value] of Object.entries(parsed)) {
    if (!isSettingName(name)) throw new StartFailure(`${where}: unknown key "${printable(name)}"${suggest(name)}`);
    const setting: Setting<unknown> = settings[name];
    const reading = setting.kind.fromJson(value);
    if (reading.type === "refused") throw new StartFailure(`${where}: "${name}" must be ${reading.wanted}`);
    given.set(name, reading.value);
  }
}

function readEnvironment(environment: Environment, given: Map<SettingName, unknown>): void {
  const nameByVariable = new Map(SETTING_NAMES.map((name) => [environmentName(name), name]));
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(ENVIRONMENT_PREFIX) || text === undefined) continue;
    const name = nameByVariable.get(variable);
    if (name === undefined) throw new StartFailure(`unknown environment variable ${printable(variable)}`);
    const setting: Setting<unknown> = settings[name];
    const reading = setting.kind.fromText(text);
    if (reading.type === "refused") throw new StartFailure(`${variable} must be ${reading.wanted}`);
    given.set(name, reading.value);
  }
}

function suggest(unknown: string): string {
  const wanted = unknown.toLowerCase().replace(/[^a-z]/g, "");
  const known = SETTING_NAMES.find((name) => name.toLowerCase() === wanted);
  return known === undefined ? "" : ` (did you mean "${known}"?)`;
}
