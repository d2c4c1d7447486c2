// The JSON of docs/spec/vectors/sync: byte strings are lower-case hexadecimal, numbers are numbers. A case with `code` must be
// refused with that code, every other one must give what it lists.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export interface VectorFile<C> {
  readonly comment: string;
  readonly cases: readonly C[];
}
interface Case {
  readonly comment: string;
  /** The error it must be refused with. */
  readonly code?: string;
}
export interface MessageCase extends Case {
  readonly frame: string;
  readonly message?: Json;
}
export interface ProofCase extends Case {
  readonly kind: string;
  readonly role: string;
  /** Hello frames. */
  readonly dialler: string;
  readonly listener: string;
  readonly tenant: string;
  /** Secret of the key (RFC 8032 section 5.1.5), where the case has one of its own. */
  readonly seed?: string;
  readonly key: string;
  readonly origin: string;
  /** What is signed, without label. */
  readonly payload: string;
  readonly signature: string;
  readonly isValid: boolean;
}
export interface DigestCase extends Case {
  readonly diallerNonce: string;
  readonly listenerNonce: string;
  readonly database: string;
  readonly heads: Json;
  readonly digest: string;
}
export interface AccessCase extends Case {
  readonly kind: string;
  readonly bytes: string;
  readonly document?: Json;
  readonly isValid?: boolean;
}
export interface RulesCase extends Case {
  readonly tenant: string;
  /** What is presented, a claim at a time, and what becomes of each document. */
  readonly claims: readonly {
    readonly documents: readonly string[];
    readonly outcomes: readonly string[];
    /** Rights of login keys afterwards, with the tickets of this claim; null: may not connect. */
    readonly rights: readonly { readonly key: string; readonly rights: Json }[];
  }[];
}
export interface SessionCase extends Case {
  readonly diallerNonce: string;
  readonly listenerNonce: string;
  readonly database: string;
  /** Frames of each side, in order. */
  readonly dialler: readonly string[];
  readonly listener: readonly string[];
  /** The listener's position up to which the dialler holds everything, as it knows in the end. */
  readonly position: number | null;
}
export interface VectorFiles {
  readonly messages: VectorFile<MessageCase>;
  readonly proof: VectorFile<ProofCase>;
  readonly digest: VectorFile<DigestCase>;
  readonly access: VectorFile<AccessCase>;
  readonly rules: VectorFile<RulesCase>;
  readonly sessions: VectorFile<SessionCase>;
}
