let loading: Promise<unknown> | null = null;

/** Loads Automerge's WebAssembly once for this process, before virtual time begins. */
export async function loadAutomerge(): Promise<void> {
  loading ??= import("@automerge/automerge");
  await loading;
}
