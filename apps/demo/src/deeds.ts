import type { Role } from "@selkie/client";
import type { VerifiedEntry } from "@selkie/entry";
import type { Contact } from "./contacts.ts";
import type { Order } from "./orders.ts";

/** A contact as a device shows it. */
export interface Shown {
  readonly heads: readonly string[];
  readonly data: Readonly<Contact>;
}

/** All contacts that a device shows, by document id. */
export type ContactList = ReadonlyMap<string, Shown>;

/** What came of meeting another device's disk. */
export interface Met {
  /** How many entries the disk had that this device lacked. */
  readonly entries: number;
  /** The reason of everything among them that was refused. */
  readonly refused: readonly string[];
  /** Whether the owner of the disk, given all entries of this device, can open the document that was asked for. */
  readonly readable: boolean;
}

/** A line of the report: a region, a quarter of it, or all at the end. */
export interface ReportLine {
  readonly level: number;
  readonly title: string;
  readonly amount: number;
  readonly orders: number;
}

/** What is asked of a device on which somebody keeps the books of companies. */
export interface BookDeeds {
  /** Founds the tenant of a company. */
  beginBooks(company: string, user: string): Promise<void>;
  /** Opens the books of a company that are on this device's disk, offline. */
  openBooks(company: string): Promise<void>;
  /** Joins a company, and connects to have its directory. */
  joinBooks(response: string, url: string): Promise<void>;
  approveForBooks(company: string, request: string): Promise<string>;
  /** Enters orders; how many. */
  enter(company: string, orders: readonly Order[]): Promise<number>;
  /** Connects the books of all companies, and syncs them. */
  sendBooks(url: string): Promise<void>;
  /** The report over all companies, as it is. */
  report(): Promise<readonly ReportLine[]>;
  /** The same as it was. @param time ms since the epoch */
  reportAt(time: number): Promise<readonly ReportLine[]>;
  /** From now on somebody looks at the report. */
  watchReport(): Promise<void>;
  /** The titles of the lines that were drawn since it was asked last, or `reset` where all were. */
  redrawn(): Promise<readonly string[]>;
}

/** What is asked of a device on which somebody attaches files. */
export interface FileDeeds {
  /** Attaches the file at this path to a contact, as it is on this device. */
  attachFile(id: string, path: string, mediaType: string): Promise<void>;
  /** Reads an attachment of a contact to its end; its SHA-256, in hex, and its length. */
  readFile(id: string, name: string): Promise<{ hash: string; size: number }>;
}

/** What the narrator asks of a person's device, which is a process of its own. */
export interface Deeds extends BookDeeds, FileDeeds {
  /** Founds a tenant and imports contacts; the tenant's id, and how many there are now. */
  found(tenant: string, user: string, list: readonly Contact[]): Promise<{ tenant: string; imported: number }>;
  askToJoin(user: string, options: { device: boolean }): Promise<{ request: string; fingerprint: string }>;
  /** Answers a request: with a role somebody new, without one a further device of this user. */
  approve(request: string, options: { role?: Role }): Promise<string>;
  join(response: string): Promise<void>;
  /** Opens a tenant that is on this device's disk, offline. */
  open(tenant: string): Promise<void>;
  /** Connects and syncs; how the connection stands then. */
  connect(url: string): Promise<string>;
  disconnect(): Promise<void>;
  synced(): Promise<void>;
  list(): Promise<ContactList>;
  create(contact: Contact, key?: string): Promise<string>;
  edit(ids: readonly string[], edit: { raise?: number; city?: string }): Promise<void>;
  createKey(name: string, share: readonly string[]): Promise<void>;
  /** Revokes a user; whether everything there was came into the cut. */
  revoke(user: string): Promise<boolean>;
  /** Waits, at most half a minute, until this device was told that it is out and its connection ended for good; why it ended. */
  learnThatItIsOut(): Promise<{ told: boolean; ended: string | null }>;
  /** Meets a device whose disk was brought here, peer to peer; `late` is a document to look for on it afterwards. */
  meetDisk(disk: string, options: { password: string; tenant: string; late: string }): Promise<Met>;
  /** How many versions of its keys this device holds. */
  countKeys(): Promise<number>;
  /** An entry of the import, as this device stores it. */
  entry(): Promise<VerifiedEntry>;
  /** What this device's clock shows, ms since the epoch. */
  clock(): Promise<number>;
}

/** A question to a device's process, and its answer. */
export interface Question {
  readonly id: number;
  readonly deed: keyof Deeds;
  readonly args: readonly unknown[];
}

export interface Answer {
  readonly id: number;
  readonly result: unknown;
  /** Why the deed was refused; null when it was done. */
  readonly refusal: { readonly code: string; readonly message: string } | null;
}
