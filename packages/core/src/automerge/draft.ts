// The document as the callback of a change sees it: guards every value that is written, and refuses edits once the change is closed.
import { CoreError } from "../errors.ts";
import { mostPlainOps } from "./change-limits.ts";
import { type Counter, draftCounter } from "./counter.ts";
import { type Path, type TextDraft, textDraft } from "./draft-text.ts";
import { givenValue } from "./given-value.ts";
import { HandedOut } from "./handed-out.ts";
import type { PlainSets, PlainValue } from "./own-tip.ts";
import { guardKey, guardValue, isCounter, unsupported } from "./values.ts";

/** A draft and what ends it. */
export interface OpenDraft<T extends object> {
  readonly data: T;
  /** The text at a path. */
  text(path: Path): TextDraft;
  /** All that was done so far, while Automerge knows nothing of it; null once it does. */
  untold(): PlainSets | null;
  /** Tells Automerge of it. */
  tell(): void;
  /** Whether nothing was done so far but to give a few keys of maps numbers, truth values or null. */
  isPlain(): boolean;
  /** @throws CoreError VALUE_UNSUPPORTED when something was changed in a way that does not reach the document */
  requireWhole(): void;
  /** No edit gets through any more: the next one throws `CHANGE_CLOSED`, after `onLateEdit` was told. */
  close(onLateEdit: () => void): void;
}

/**
 * Methods of Automerge's lists that change them. The others read, and come from `Array.prototype` to see guarded elements; but
 * Automerge's own `indexOf` knows an object again.
 */
const listWriters: ReadonlySet<PropertyKey> = new Set([
  "deleteAt",
  "fill",
  "insertAt",
  "pop",
  "push",
  "shift",
  "splice",
  "unshift",
]);

/**
 * Wraps the root that Automerge hands to a change.
 * @param root is asked for it when it is needed
 * @param isKept whether giving a key of it a number, a truth value or null is kept from Automerge, as long as nothing else is done
 */
export function openDraft<T extends object>(root: () => T, isKept: boolean): OpenDraft<T> {
  const guard = new DraftGuard(root, isKept);
  return {
    data: guard.wrapRoot() as T,
    text: (path) => textDraft(guard.root(), path, () => guard.begin()),
    // No accessors: an object of its own with one is dear to make.
    untold: () => guard.untold,
    tell: () => void guard.root(),
    isPlain: () => guard.plain >= 0,
    requireWhole: () => guard.handedOut.requireWhole(),
    close: (onLateEdit) => guard.close(onLateEdit),
  };
}

/** Whether the change is still open, for all parts of its draft. */
class DraftGuard {
  readonly #openRoot: () => object;
  #root: Record<PropertyKey, unknown> | null = null;
  /** What keys of the root were given, each once, as long as Automerge is not asked for it; null since. */
  untold: Map<string, PlainValue> | null;
  #onLateEdit: (() => void) | null = null;
  /** How many more plain edits there may be. */
  plain: number = mostPlainOps;
  readonly handedOut: HandedOut = new HandedOut();

  constructor(openRoot: () => object, isKept: boolean) {
    this.#openRoot = openRoot;
    this.untold = isKept ? new Map() : null;
  }

  close(onLateEdit: () => void): void {
    this.#onLateEdit = onLateEdit;
    this.untold = null;
  }

  /** Automerge's root, once it was told of what was done before. */
  root(): Record<PropertyKey, unknown> {
    if (this.#root !== null) return this.#root;
    this.#root = this.#openRoot() as Record<PropertyKey, unknown>;
    for (const [key, value] of this.untold ?? []) this.#root[key] = value;
    this.untold = null;
    return this.#root;
  }

  /** Gives a key of the root a value without Automerge. @returns false when it has to be told */
  keep(key: string, value: unknown): boolean {
    if (this.untold === null || this.untold.has(key) || !isPlain(value) || Object.is(value, -0)) return false;
    this.untold.set(key, value);
    return true;
  }

  requireOpen(): void {
    if (this.#onLateEdit === null) return;
    this.#onLateEdit();
    throw new CoreError(
      "CHANGE_CLOSED",
      "the document was edited after its change had ended: edit before the first await",
    );
  }

  /** Before an edit that is no plain one. */
  begin(): void {
    this.requireOpen();
    this.plain = NOT_PLAIN;
  }

  wrapRoot(): object {
    return new Proxy({}, new MapGuard(this, null, []));
  }

  wrap<T extends object>(live: T, path: Path): T {
    // The proxy stands around an empty object of the same kind, not around Automerge's proxy: the engine compares what a proxy
    // answers with its target, and Automerge's lists throw when they are asked for anything but an index.
    const handler = Array.isArray(live) ? new ListGuard(this, live, path) : new MapGuard(this, live, path);
    return new Proxy(Array.isArray(live) ? [] : {}, handler) as T;
  }

  wrapValue(value: unknown, path: Path): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (HandedOut.isWhole(value)) return this.handedOut.hand(value, path);
    if (Reflect.get(value, isAutomergeProxy) === true) return this.wrap(value, path);
    return isCounter(value) ? draftCounter(value as Counter, () => this.begin()) : value;
  }
}

/** What stands in place of the number of plain edits that are left, once an edit was another. */
const NOT_PLAIN = -1;

function isPlain(value: unknown): value is PlainValue {
  return typeof value === "number" || typeof value === "boolean" || value === null;
}

class MapGuard implements ProxyHandler<object> {
  protected readonly guard: DraftGuard;
  readonly #live: Record<PropertyKey, unknown> | null;
  protected readonly path: Path;

  /** @param live null for the root */
  constructor(guard: DraftGuard, live: object | null, path: Path) {
    this.guard = guard;
    this.#live = live as Record<PropertyKey, unknown> | null;
    this.path = path;
  }

  /** What Automerge gives in a change. */
  protected get live(): Record<PropertyKey, unknown> {
    return this.#live ?? this.guard.root();
  }

  get(_: object, key: PropertyKey): unknown {
    const value: unknown = Reflect.get(this.live, key);
    if (typeof key !== "symbol") return this.guard.wrapValue(value, this.pathOf(key));
    this.guard.plain = NOT_PLAIN; // Automerge's own: nobody knows what is done with it
    return value;
  }

  set(_: object, key: PropertyKey, value: unknown): boolean {
    this.guard.requireOpen();
    if (typeof key !== "symbol") {
      const at = this.pathOf(key);
      guardKey(String(key), at);
      guardValue(value, at);
      this.guard.handedOut.assigned(value);
    }
    this.guard.plain = isPlain(value) ? this.guard.plain - 1 : NOT_PLAIN;
    if (this.#live === null && typeof key === "string" && this.guard.keep(key, value)) return true;
    this.live[key] = givenValue(value); // of Automerge's proxy: `Reflect.set` takes longer
    return true;
  }

  deleteProperty(_: object, key: PropertyKey): boolean {
    this.guard.begin();
    return Reflect.deleteProperty(this.live, key);
  }

  has(_: object, key: PropertyKey): boolean {
    return Reflect.has(this.live, key);
  }

  ownKeys(_: object): (string | symbol)[] {
    return Reflect.ownKeys(this.live);
  }

  getOwnPropertyDescriptor(target: object, key: PropertyKey): PropertyDescriptor | undefined {
    if (!this.has(target, key)) return undefined;
    return { value: this.get(target, key), writable: true, enumerable: true, configurable: true };
  }

  defineProperty(): boolean {
    throw new CoreError("VALUE_UNSUPPORTED", "a property of a document cannot be defined, only assigned");
  }

  setPrototypeOf(): boolean {
    throw new CoreError("VALUE_UNSUPPORTED", "a document has no prototype to set");
  }

  preventExtensions(): boolean {
    return false;
  }

  protected pathOf(key: string | number): Path {
    return [...this.path, key];
  }
}

class ListGuard extends MapGuard {
  override get(target: object, key: PropertyKey): unknown {
    if (listWriters.has(key)) return this.#writer(String(key));
    if (key in Array.prototype && key !== "length" && key !== "indexOf") return Reflect.get(Array.prototype, key);
    return super.get(target, key);
  }

  override set(target: object, key: PropertyKey, value: unknown): boolean {
    this.guard.plain = NOT_PLAIN;
    if (key === "length") return this.#shorten(Number(value));
    if (!isIndex(key) || Number(key) > this.#length())
      throw unsupported("a list with holes, or with fields", this.path);
    return super.set(target, key, value);
  }

  /** The elements behind it move up: a list has no holes. */
  override deleteProperty(_: object, key: PropertyKey): boolean {
    if (isIndex(key) && Number(key) < this.#length()) this.#writer("splice")(Number(key), 1);
    return true;
  }

  override has(_: object, key: PropertyKey): boolean {
    return isIndex(key) ? Number(key) < this.#length() : key in Array.prototype;
  }

  override ownKeys(_: object): (string | symbol)[] {
    return [...Array.from({ length: this.#length() }, (_, index) => String(index)), "length"];
  }

  override getOwnPropertyDescriptor(target: object, key: PropertyKey): PropertyDescriptor | undefined {
    if (key === "length") return { value: this.#length(), writable: true, enumerable: false, configurable: false };
    return isIndex(key) ? super.getOwnPropertyDescriptor(target, key) : undefined;
  }

  #length(): number {
    return Number(Reflect.get(this.live, "length"));
  }

  #shorten(length: number): boolean {
    const excess = this.#length() - length;
    if (!Number.isInteger(length) || length < 0 || excess < 0) throw unsupported("a list with holes", this.path);
    if (excess > 0) this.#writer("splice")(length, excess);
    return true;
  }

  protected override pathOf(key: string | number): Path {
    return super.pathOf(Number(key));
  }

  #writer(name: string): (...args: unknown[]) => unknown {
    return (...args) => {
      this.guard.begin();
      const [first, values] = addedBy(name, args, this.#length());
      for (const [at, value] of values.entries()) {
        guardValue(value, this.pathOf(first + at));
        this.guard.handedOut.assigned(value);
      }
      const method: unknown = Reflect.get(this.live, name);
      if (typeof method !== "function") throw new CoreError("VALUE_UNSUPPORTED", "a list has no such method");
      return this.guard.wrapValue(Reflect.apply(method, this.live, args.map(givenValue)), this.path);
    };
  }
}

const isAutomergeProxy = Symbol.for("_am_isProxy");

function isIndex(key: PropertyKey): boolean {
  return typeof key === "string" && /^(0|[1-9][0-9]*)$/.test(key);
}

/** Which arguments of a list method become elements, and of which index the first. */
function addedBy(
  name: string,
  args: readonly unknown[],
  length: number,
): readonly [first: number, values: readonly unknown[]] {
  const at = Number(args[name === "fill" ? 1 : 0] ?? 0);
  const first = at < 0 ? Math.max(0, length + at) : Math.min(at, length);
  if (name === "push") return [length, args];
  if (name === "unshift") return [0, args];
  if (name === "splice") return [first, args.slice(2)];
  if (name === "insertAt") return [first, args.slice(1)];
  return [first, name === "fill" ? args.slice(0, 1) : []];
}
