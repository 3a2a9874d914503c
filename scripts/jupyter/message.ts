/**
 * The messages of Jupyter's protocol 5.3, and their form on the wire.
 * Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html
 */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";

/** The fields of the messages that we read, of all types together. */
export interface Content {
  status?: string;
  execution_state?: string;
  execution_count?: number;
  name?: string;
  text?: string;
  ename?: string;
  evalue?: string;
  traceback?: string[];
  data?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  transient?: { display_id?: string } | null;
  wait?: boolean;
}

export interface Message {
  header: { msg_id: string; msg_type: string };
  parent_header: { msg_id?: string };
  content: Content;
}

const DELIMITER = "<IDS|MSG>";

/** The parts of a signed request that answers no other message. */
export function pack(
  message: { type: string; content: unknown; id: string; session: string },
  key: string,
): Uint8Array[] {
  const header = {
    msg_id: message.id,
    msg_type: message.type,
    session: message.session,
    username: "",
    date: new Date().toISOString(),
    version: "5.3",
  };
  const parts = [header, {}, {}, message.content].map((part) => Buffer.from(JSON.stringify(part)));
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return [Buffer.from(DELIMITER), Buffer.from(hmac.digest("hex")), ...parts];
}

/** Reads a message of the kernel; its signature is not checked, nobody else can use the socket. */
export function unpack(parts: Uint8Array[]): Message {
  const texts = parts.map((part) => new TextDecoder().decode(part));
  const start = texts.indexOf(DELIMITER) + 2;
  const [header, parent_header, , content] = texts.slice(start, start + 4).map((text) =>
    JSON.parse(text)
  );
  return { header, parent_header, content };
}
