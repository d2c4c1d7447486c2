// A device whose files may not get longer than the shell allows: attaches a large file, then a small one, and says what came of it.
import { attach, createClient, listAttachments, readAttachment } from "@selkie/client";
import { fileOf, read } from "./bytes.ts";

const [store = "", password = ""] = process.argv.slice(2);
process.on("SIGXFSZ", () => undefined); // as full disks do, it fails the write instead
await using client = await createClient({ store, password });
const acme = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
const contacts = await acme.openDB<{ name: string }>("contacts");
const john = await contacts.createDocument({ name: "John Doe" });
const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;
const code = await attach(contacts, john, { name: "film", content: fileOf(20_000_000) }).catch(codeOf);
const small = fileOf(100_000);
await attach(contacts, john, { name: "small", content: small });
const names = (await listAttachments(contacts, john)).map(({ name }) => name);
const isWhole = Buffer.compare(await read(readAttachment(contacts, john, "small")), small) === 0;
process.stdout.write(JSON.stringify({ code, names, isWhole }));
