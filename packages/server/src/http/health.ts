// The HTTP side of a relay, and of its routes those that say whether it lives and whether it takes clients. Answers are fixed texts; nothing of a request is ever
// written back or into a log.

import type { IncomingMessage } from "node:http";
import { finished } from "node:stream";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { Logger } from "../log/log.ts";
import { describeFailure } from "../log/redaction.ts";
import type { HttpRefusalCode } from "./http-refusal.ts";

export interface HttpOptions {
  readonly logger: Logger;
  /** Whether clients may come: false while starting, stopping, or when the store fails. */
  isReady(): Promise<boolean>;
  /** TCP connections, WebSockets included; more are closed at once. */
  readonly connections: number;
  /** A request, with its body, must be here after this many ms. */
  readonly requestMs: number;
}

const HEADER_TIMEOUT_MS = 10_000;
/** What of a body was not wanted may still come for this long. */
const UNWANTED_BODY_MS = 10_000;

/** The HTTP server with `/livez` and `/readyz`, not yet listening. */
export function createHttp(options: HttpOptions): FastifyInstance {
  const app = Fastify({
    logger: false,
    // A peer that sends its request a byte at a time gives its socket back after this (slow-loris).
    requestTimeout: options.requestMs,
    connectionTimeout: HEADER_TIMEOUT_MS,
    keepAliveTimeout: HEADER_TIMEOUT_MS,
    forceCloseConnections: true,
    http: {
      headersTimeout: Math.min(HEADER_TIMEOUT_MS, options.requestMs),
      // Node looks for expired requests this often only; half a minute by default.
      connectionsCheckingInterval: Math.min(HEADER_TIMEOUT_MS, options.requestMs) / 2,
      maxHeaderSize: 8 * 1024,
    },
    frameworkErrors: (_failure, _request, reply: FastifyReply) => reply.code(400).send(BAD_REQUEST),
  });
  app.server.maxConnections = options.connections;
  // Bodies are left to the routes that want one, and know how much of it.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _body, done) => done(null));
  app.addHook("onResponse", async ({ raw }) => dropRest(raw));
  // SECURITY: the default handlers repeat the URL and the error message to the caller. Test: "F7 an HTTP answer repeats nothing".
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(NOT_FOUND));
  app.setErrorHandler((failure, _request, reply) => {
    const status = statusOf(failure);
    if (status >= 500) options.logger.log("error", "http.failed", describeFailure(failure));
    return reply.code(status).send(status >= 500 ? FAILED : BAD_REQUEST);
  });
  app.addHook("onSend", async (_request, reply) => {
    reply.header("cache-control", "no-store").header("x-content-type-options", "nosniff");
  });
  app.get("/livez", async () => ({ status: "live" }));
  app.get("/readyz", async (_request, reply) => {
    const ready = await options.isReady();
    return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "unavailable" });
  });
  return app;
}

/** Reads on past what nobody wanted, so that who sent it hears the answer; cuts who takes too long over it. */
function dropRest(request: IncomingMessage): void {
  if (request.complete) return;
  const timer = setTimeout(() => request.socket.destroy(), UNWANTED_BODY_MS);
  finished(request, () => clearTimeout(timer));
  request.resume();
}

const answerOf = (code: HttpRefusalCode) => ({ error: code });
const NOT_FOUND = answerOf("NOT_FOUND");
const BAD_REQUEST = answerOf("BAD_REQUEST");
const FAILED = answerOf("FAILED");

function statusOf(failure: unknown): number {
  const status: unknown =
    typeof failure === "object" && failure !== null && "statusCode" in failure ? failure.statusCode : undefined;
  return typeof status === "number" && status >= 400 && status < 600 ? status : 500;
}
