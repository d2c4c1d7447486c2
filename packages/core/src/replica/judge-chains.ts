import type { CryptoProvider } from "@selkie/crypto";
import { type DatabaseId, type TenantId, toHex, type VerifiedEntry, type WriterKey } from "@selkie/entry";
import type { Admission, WriterVerdict } from "../directory/admission.ts";
import { CoreError } from "../errors.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import {
  type Certificate,
  type CertificateClaim,
  decodeControlPart,
  type VerifiedCertificate,
  verifyCertificates,
} from "../sealing/control-part.ts";
import { type OpenedPart, openEntries } from "../sealing/open-entry.ts";

/** Says whose chains are. */
export interface ChainJudge {
  readonly crypto: CryptoProvider;
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  readonly ring: KeyRing;
  /** Whether the directory admits this writer, now. */
  judge(writer: WriterKey, certificate: VerifiedCertificate): WriterVerdict;
}

/** Entries of a chain. */
interface Begun {
  readonly key: WriterKey;
  readonly entries: readonly VerifiedEntry[];
}

/** Judges chains by the certificates in their first entries. @returns by the writers as given; none for those it can say nothing of yet */
export async function judgeChains(
  { crypto, tenant, database, ring, judge }: ChainJudge,
  chains: readonly Begun[],
): Promise<ReadonlyMap<WriterKey, Admission | "refused">> {
  const verdicts = new Map<WriterKey, Admission | "refused">();
  const firsts = chains.flatMap(({ key, entries: [entry] }) => (entry?.header.seq === 0 ? [{ key, entry }] : []));
  const entries = firsts.map(({ entry }) => entry);
  const opened = await openEntries(crypto, ring, entries, ["control"]);
  const claims: { key: WriterKey; claim: CertificateClaim }[] = [];
  firsts.forEach(({ key }, at) => {
    const certificate = certificateIn(opened[at] ?? []);
    if (certificate === "none") verdicts.set(key, "refused");
    if (typeof certificate === "object") claims.push({ key, claim: { tenant, database, writer: key, certificate } });
  });
  const verified = await verifyCertificates(
    crypto,
    claims.map(({ claim }) => claim),
  );
  claims.forEach(({ key }, at) => {
    const certificate = verified[at] ?? null;
    const verdict: WriterVerdict =
      certificate === null ? { type: "refused", code: "CERTIFICATE_MISSING" } : judge(key, certificate);
    if (verdict.type === "admitted") verdicts.set(key, verdict.admission);
    if (verdict.type === "refused") verdicts.set(key, "refused");
  });
  return verdicts;
}

/** Whose the chains are that these first entries begin; none for those that nobody let in, as far as is known. By writer in hex. */
export async function authorsOf(
  judge: ChainJudge,
  firsts: readonly VerifiedEntry[],
): Promise<ReadonlyMap<string, Admission>> {
  const chains = firsts.map((entry) => ({ key: entry.header.writer, entries: [entry] }));
  const authors = new Map<string, Admission>();
  for (const [key, verdict] of await judgeChains(judge, chains))
    if (verdict !== "refused") authors.set(toHex(key), verdict);
  return authors;
}

function certificateIn(parts: readonly OpenedPart[]): Certificate | "closed" | "none" {
  const [control] = parts;
  if (control === undefined) return "none";
  if (control.type === "no-key") return "closed";
  if (control.type !== "opened" || control.kind !== "control") return "none";
  try {
    return decodeControlPart(control.plaintext).certificate ?? "none";
  } catch (error) {
    if (error instanceof CoreError) return "none"; // malformed: the writer is refused, on every replica alike
    throw error;
  }
}
