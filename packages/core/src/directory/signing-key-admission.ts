// Which signing keys may be admitted, remembered.
import { isAdmissiblePublicKey } from "@selkie/entry";
import { hexOf } from "../hex.ts";

const verdictByKey = new Map<string, boolean>();
const rememberedKeys = 65_536;

/** The check costs about a millisecond, and a view is built again with every new statement: answers are remembered. */
export function isAdmissibleSigningKey(key: Uint8Array): boolean {
  const name = hexOf(key);
  const known = verdictByKey.get(name);
  if (known !== undefined) return known;
  if (verdictByKey.size >= rememberedKeys) verdictByKey.clear();
  const verdict = isAdmissiblePublicKey(key);
  verdictByKey.set(name, verdict);
  return verdict;
}
