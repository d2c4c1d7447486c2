import { join } from "node:path";
import type { Contact } from "../contacts.ts";
import type { ContactList } from "../deeds.ts";
import { type DeviceOptions, type DeviceProcess, startDevice } from "../device-process.ts";
import type { Narrator } from "../narrator.ts";

export const TENANT = "acme-corp";
export const ALICE = "CN=alice/O=acme";
export const BOB = "CN=bob/O=acme";

/** What all acts share. */
export interface Stage {
  readonly narrator: Narrator;
  /** Where the disks of all devices are. */
  readonly directory: string;
  /** Ends the processes of all devices. */
  readonly devices: AsyncDisposableStack;
  readonly list: readonly Contact[];
}

/** Where a device's disk is, and what opens it. */
export function diskOf({ directory }: Stage, who: string): { disk: string; password: string } {
  return { disk: join(directory, who), password: `${who} has a long password` };
}

/** Switches somebody's device on, which is a process of its own. */
export async function switchOn(
  stage: Stage,
  who: string,
  options: Partial<DeviceOptions> = {},
): Promise<DeviceProcess> {
  const starting = startDevice({ ...diskOf(stage, who), ...options });
  const device = stage.devices.use(await stage.narrator.during("deriving a key from the password", starting));
  stage.narrator.say(`${who}: process ${device.pid}`);
  return device;
}

export const sameLists = (a: ContactList, b: ContactList): boolean => a.size === b.size && agree(a, b);

/** Whether every contact of `a` has the same heads and the same data in `b`. */
export const agree = (a: ContactList, b: ContactList): boolean =>
  [...a].every(([id, { heads, data }]) => {
    const other = b.get(id);
    return other?.heads.join() === heads.join() && JSON.stringify(other.data) === JSON.stringify(data);
  });

/** Everybody sends what they have, then everybody has it. */
export async function settle(...devices: readonly DeviceProcess[]): Promise<void> {
  for (const device of [...devices, ...devices]) await device.ask("synced");
}

export const short = (hash: string): string => hash.slice(0, 12);
