// Makes the vectors of docs/spec/vectors/sync from fixed seeds.
import type { VectorFile, VectorFiles } from "./format.ts";
import { makeAccessCases, makeRulesCases } from "./make-access.ts";
import { makeMessageCases } from "./make-messages.ts";
import { makeDigestCases, makeProofCases } from "./make-proofs.ts";
import { makeRetireCases, makeRetireRules } from "./make-retiring.ts";
import { makeSessionCases } from "./make-sessions.ts";

export async function makeVectors(): Promise<VectorFiles> {
  return {
    messages: file("Frames and what they say (section 3)", makeMessageCases()),
    proof: file("What is signed in a handshake (section 4.2)", await makeProofCases()),
    digest: file("Digests of vectors, fresh in each session (section 5.1)", makeDigestCases()),
    access: file("Access documents (sections 8.1 to 8.4, 8.7)", [
      ...(await makeAccessCases()),
      ...(await makeRetireCases()),
    ]),
    rules: file("What becomes of documents presented to a relay (sections 8.5, 8.7)", [
      ...(await makeRulesCases()),
      ...(await makeRetireRules()),
    ]),
    sessions: file(
      "Whole conversations: the frames of each side, in order (sections 4 to 7)",
      await makeSessionCases(),
    ),
  };
}

function file<C>(comment: string, cases: readonly C[]): VectorFile<C> {
  return { comment, cases };
}
