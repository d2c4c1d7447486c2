import type { Origin } from "./scope.ts";

/** What an expression may ask of where its document comes from. */
const places: Readonly<Record<string, (origin: Origin) => string>> = {
  id: ({ id }) => id,
  database: ({ database }) => database,
  tenant: ({ tenant }) => tenant,
};

export function isPlaceName(name: string): boolean {
  return Object.hasOwn(places, name);
}

export function placeNamed(name: string): ((origin: Origin) => string) | undefined {
  return isPlaceName(name) ? places[name] : undefined;
}
