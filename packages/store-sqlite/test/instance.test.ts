// B11: no (writer, seq) is ever signed twice. Whoever opens a store may go on with its chains only if nobody else can have.
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import Database from "better-sqlite3";
import { afterEach, describe, expect, it } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { Child } from "./child-process.ts";
import { newDirectory } from "./sqlite-place.ts";

const made: string[] = [];
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

async function newPlace(): Promise<string> {
  const directory = await newDirectory();
  made.push(directory);
  return directory;
}

/** Opens and closes; the instance it had. */
async function visit(directory: string): Promise<string> {
  await using store = await openSqliteStore({ directory, verifier: nativeVerifier });
  return toHex(store.instance);
}

/** Every file of a store by name, as a backup holds it. */
function backUp(directory: string): ReadonlyMap<string, Uint8Array> {
  return new Map(
    readdirSync(directory)
      .filter((name) => statSync(join(directory, name)).isFile())
      .map((name) => [name, readFileSync(join(directory, name))]),
  );
}

/** Writes a backup over the files that are there: they keep their inodes. */
function restoreInPlace(directory: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [name, bytes] of files) {
    const path = join(directory, name);
    const before = statSync(path).ino;
    writeFileSync(path, bytes);
    expect(statSync(path).ino).toBe(before);
  }
}

describe("the instance", () => {
  it("B11 goes on after a clean close, as often as it happens", async () => {
    const directory = await newPlace();
    const instances = new Set<string>();
    for (let i = 0; i < 5; i++) instances.add(await visit(directory));
    expect(instances.size).toBe(1);
  });

  it("B11 ends when its owner is killed", async () => {
    const directory = await newPlace();
    const instances = [await visit(directory)];
    for (let i = 0; i < 2; i++) {
      const child = new Child("hold", directory);
      await child.hear("ready");
      instances.push((child.lines[0] ?? "").replace("open ", ""));
      await child.kill();
    }
    instances.push(await visit(directory));
    // The first child was the clean successor; whoever came after a kill was not.
    expect(instances[1]).toBe(instances[0]);
    expect(new Set(instances).size).toBe(3);
  });

  it("B11 uses up the proof of a clean close, in the file and in the database, before anybody can write", async () => {
    const directory = await newPlace();
    await visit(directory);
    const tokensIn = () => {
      const db = new Database(join(directory, "selkie.db"));
      const tokens = db.prepare("SELECT value FROM meta WHERE name = 'token'").all();
      db.close();
      return tokens.length;
    };
    const file = readFileSync(join(directory, "instance"));
    expect(tokensIn()).toBe(1);
    const child = new Child("hold", directory);
    await child.hear("open ");
    await child.kill();
    expect(tokensIn()).toBe(0);
    expect(readFileSync(join(directory, "instance")).equals(file)).toBe(false);
  });

  it("B11 goes on in the original of a copied directory, never in the copy", async () => {
    const original = await newPlace();
    const instance = await visit(original);
    const copy = await newPlace();
    // As faithful as cp -a: times are preserved. What no copy has is the inode and its change time.
    cpSync(original, copy, { recursive: true, preserveTimestamps: true });
    expect(await visit(copy)).not.toBe(instance);
    expect(await visit(original)).toBe(instance);
  });

  it("B11 goes on in no copy that takes the original's place", async () => {
    const original = await newPlace();
    const instance = await visit(original);
    const copy = await newPlace();
    cpSync(original, copy, { recursive: true, preserveTimestamps: true });
    await visit(original);
    rmSync(original, { recursive: true });
    renameSync(copy, original);
    expect(await visit(original)).not.toBe(instance);
  });

  it("B11 goes on in no backup, restored to new files", async () => {
    const directory = await newPlace();
    const instances = [await visit(directory)];
    const backup = backUp(directory);
    for (let i = 0; i < 2; i++) {
      const restored = await newPlace();
      for (const [name, bytes] of backup) writeFileSync(join(restored, name), bytes);
      instances.push(await visit(restored));
    }
    expect(new Set(instances).size).toBe(3);
  });

  it("B11 goes on in no backup, restored over the same files, times and all", async () => {
    const directory = await newPlace();
    const instances = [await visit(directory)];
    const backup = backUp(directory);
    const { atime, mtime } = statSync(join(directory, "instance"));
    for (let i = 0; i < 2; i++) {
      await visit(directory);
      restoreInPlace(directory, backup);
      utimesSync(join(directory, "instance"), atime, mtime);
      instances.push(await visit(directory));
    }
    expect(new Set(instances).size).toBe(3);
  });

  it("B11 goes on with no backup of the database alone", async () => {
    const directory = await newPlace();
    const instance = await visit(directory);
    const database = new Map([...backUp(directory)].filter(([name]) => name === "selkie.db"));
    // The owner that came after the backup was killed: the lock file must tell that there was one.
    const child = new Child("hold", directory);
    await child.hear("ready");
    await child.kill();
    rmSync(join(directory, "selkie.db-wal"), { force: true });
    restoreInPlace(directory, database);
    expect(await visit(directory)).not.toBe(instance);
  });

  it("B11 goes on without no lock file, and with none that was touched", async () => {
    const directory = await newPlace();
    const instances = [await visit(directory)];
    rmSync(join(directory, "instance"));
    instances.push(await visit(directory));
    writeFileSync(join(directory, "instance"), readFileSync(join(directory, "instance")));
    instances.push(await visit(directory));
    writeFileSync(join(directory, "instance"), "");
    instances.push(await visit(directory));
    expect(new Set(instances).size).toBe(4);
  });

  it("goes on in a directory that was moved", async () => {
    const directory = await newPlace();
    const instance = await visit(directory);
    const moved = await newPlace();
    rmSync(moved, { recursive: true });
    renameSync(directory, moved);
    expect(await visit(moved)).toBe(instance);
  });
});
