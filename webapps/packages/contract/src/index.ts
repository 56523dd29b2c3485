/** What the apps know of the world outside: REST, socket frames, the session, window events. */
export * from "./api";
export * from "./events";
export * from "./frames";
export * from "./ids";
export * from "./problem";
export * from "./rest";
export * from "./session";
