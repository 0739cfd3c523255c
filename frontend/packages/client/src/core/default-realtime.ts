/** The realtime of the singletons: made at first use, with options given before that. */

import { createRealtime, type RealtimeClient, type RealtimeOptions } from "./realtime.ts";

let options: RealtimeOptions = {};
let instance: RealtimeClient | null = null;

/** Sets options of the default realtime. Throws once that exists: call it before anything else of the package. */
export function configureRealtime(chosen: RealtimeOptions): void {
  if (instance !== null) {
    throw new Error("configureRealtime: the default realtime exists already; call this before its first use");
  }
  options = chosen;
}

/** The realtime that `chatWebSocketService` and its siblings share; made, but not connected, at the first call. */
export function getDefaultRealtime(): RealtimeClient {
  instance ??= createRealtime(options);
  return instance;
}
