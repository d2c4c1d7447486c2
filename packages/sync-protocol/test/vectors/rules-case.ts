import { parseLoginKey, type TenantId, toHex } from "@selkie/entry";
import { type AccessState, presentDocuments, rightsOf } from "../../src/index.ts";
import { verifier } from "../support/writer.ts";
import type { RulesCase } from "./format.ts";
import { toJson } from "./json.ts";

/** What becomes of documents, a claim at a time. */
export async function rulesCase(
  comment: string,
  tenant: TenantId,
  claims: readonly (readonly Uint8Array[])[],
  logins: readonly Uint8Array[],
): Promise<RulesCase> {
  let held: AccessState | null = null;
  const played: RulesCase["claims"][number][] = [];
  for (const documents of claims) {
    const { state, tickets, applied, refused } = await presentDocuments(verifier, tenant, held, documents);
    held = state;
    const outcomes = documents.map((_, index) =>
      applied.includes(index) ? "applied" : (refused.find((item) => item.index === index)?.code ?? "known"),
    );
    const rights = logins.map((key) => ({
      key: toHex(key),
      rights: state === null ? null : toJson(rightsOf(state, parseLoginKey(key), tickets)),
    }));
    played.push({ documents: documents.map(toHex), outcomes, rights });
  }
  return { comment, tenant: toHex(tenant), claims: played };
}
