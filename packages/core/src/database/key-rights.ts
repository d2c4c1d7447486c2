import { equalBytes } from "@selkie/entry";
import { type Admission, admissionName } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { hexOf } from "../hex.ts";

/** Whether a key is due to an admission, as the documents were last built. */
interface Right {
  readonly admission: Admission;
  readonly keyId: Uint8Array;
  isDue: boolean;
}

/**
 * The keys that the authors of a database's chains may write under. A right is that of the admission that a chain names, whether or not it
 * has ended since: what was written before its cut stays. What somebody lost with a change of rights, its next admission does not give.
 * SECURITY: D11, P-11. Who kept a version of a key writes nothing under it that counts (key-rights.test.ts).
 */
export class KeyRights {
  readonly #view: () => DirectoryView;
  /** By admission and key. */
  readonly #built = new Map<string, Right>();
  /** What was asked last: entries come chain by chain, and mostly under one key. */
  #last: Right | null = null;
  /** What this device was last allowed, and by which view. */
  #taken: { readonly view: DirectoryView; readonly admission: Admission; readonly keyId: Uint8Array } | null = null;

  constructor(view: () => DirectoryView) {
    this.#view = view;
  }

  /** Whether parts under this key count: it stays what it was first asked for until `move`. */
  of(admission: Admission, keyId: Uint8Array): boolean {
    if (this.#last?.admission !== admission || this.#last.keyId !== keyId) this.#last = this.#right(admission, keyId);
    return this.#last.isDue;
  }

  /** Whether this device may seal under this key now; what it does counts until `move`. */
  take(admission: Admission, keyId: Uint8Array): boolean {
    const view = this.#view();
    const last = this.#taken;
    if (last?.view === view && last.admission === admission && equalBytes(last.keyId, keyId)) return true;
    if (!this.#isDue(admission, keyId)) return false;
    this.#right(admission, keyId);
    this.#taken = { view, admission, keyId };
    return true;
  }

  /** Takes over what the directory says now. @returns the rights that are other than they were */
  move(): readonly Pick<Right, "admission" | "keyId">[] {
    return [...this.#built.values()].filter((right) => {
      const before = right.isDue;
      right.isDue = this.#isDue(right.admission, right.keyId);
      return right.isDue !== before;
    });
  }

  #right(admission: Admission, keyId: Uint8Array): Right {
    const name = `${admissionName(admission.id)} ${hexOf(keyId)}`;
    const known = this.#built.get(name) ?? { admission, keyId, isDue: this.#isDue(admission, keyId) };
    this.#built.set(name, known);
    return known;
  }

  /** The same as of now: nothing is remembered. */
  now(admission: Admission, keyId: Uint8Array): boolean {
    return this.#isDue(admission, keyId);
  }

  /** What is left of the admission's role may have changed since its chain was judged. */
  #isDue(admission: Admission, keyId: Uint8Array): boolean {
    const view = this.#view();
    return view.isEntitled(view.admission(admission.id) ?? admission, keyId);
  }
}
