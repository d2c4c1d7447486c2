import type { Admission, Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { FoundStatement } from "../directory/statement.ts";
import { CoreError } from "../errors.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { versionToSeal } from "./key-care.ts";
import { joinedWith, liveAdmissionOf } from "./own-admissions.ts";
import type { TenantContext } from "./tenant-context.ts";

/** The admission that gives rights now; null for who is out, or not in yet. */
export function rightsOf(own: { self(): Admission }): Admission | null {
  try {
    return own.self();
  } catch (error) {
    if (error instanceof CoreError) return null;
    throw error;
  }
}

/** What this device is in its tenant, and what it seals under, as the directory says now. */
export class OwnMembership {
  readonly #context: TenantContext;
  readonly #view: () => DirectoryView;
  /** This device's admission in the view that was last looked at. */
  #liveIn: { readonly view: DirectoryView; readonly admission: Member } | null = null;

  constructor(context: TenantContext, view: () => DirectoryView) {
    this.#context = context;
    this.#view = view;
  }

  /** The statement that founded the tenant. @throws CoreError DIRECTORY_UNKNOWN */
  found(): FoundStatement {
    const { found } = this.#view();
    if (found === null)
      throw new CoreError(
        "DIRECTORY_UNKNOWN",
        "this device has not received the tenant's directory yet: connect first",
      );
    return found;
  }

  /** The admission this device joined with; null while it has not arrived. */
  joined(): Member | null {
    return joinedWith(this.#view(), this.#context.admittedBy);
  }

  /** This device's own admission: the one it joined with, or the one it goes on under. @throws CoreError DIRECTORY_UNKNOWN | DEVICE_REVOKED */
  self(): Member {
    const view = this.#view();
    if (this.#liveIn?.view === view) return this.#liveIn.admission; // every local change asks, and a view never changes
    const joined = this.joined();
    if (joined === null)
      throw new CoreError("DIRECTORY_UNKNOWN", "this device has not received its own admission yet: connect first");
    const admission = liveAdmissionOf(view, joined);
    if (admission === undefined) throw new CoreError("DEVICE_REVOKED", "this device is no longer part of the tenant");
    this.#liveIn = { view, admission };
    return admission;
  }

  /** @throws CoreError DIRECTORY_UNKNOWN | KEY_UNKNOWN */
  directoryKey(): KeyVersion {
    return this.keyOf(this.found().directoryKey.keyId);
  }

  /** The version of a key to seal under. @throws CoreError KEY_UNKNOWN */
  keyOf(keyId: Uint8Array): KeyVersion {
    const version = versionToSeal({ view: this.#view(), ring: this.#context.ring }, keyId);
    if (version === undefined) throw new CoreError("KEY_UNKNOWN", "this device does not hold the key to seal under");
    return version;
  }
}
