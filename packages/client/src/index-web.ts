export * from "./both-platforms.ts";
export { type ClientOptions, createClient } from "./create-client-web.ts";
