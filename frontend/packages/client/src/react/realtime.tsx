/** Which realtime the hooks below use. */

import { createContext, type ReactNode, useContext, useEffect } from "react";
import { getDefaultRealtime } from "../core/default-realtime.ts";
import type { Realtime } from "../core/interfaces.ts";
import type { RealtimeClient } from "../core/realtime.ts";

const RealtimeContext = createContext<RealtimeClient | null>(null);

/** Connects `realtime` (the default one when omitted) and hands it to the hooks below. */
export function RealtimeProvider({
  realtime,
  children,
}: {
  realtime?: Realtime;
  children?: ReactNode;
}): ReactNode {
  const client = (realtime ?? getDefaultRealtime()) as RealtimeClient;
  useEffect(() => client.connect(), [client]);
  return <RealtimeContext value={client}>{children}</RealtimeContext>;
}

/** The realtime of the nearest provider, or the default one. */
export function useRealtimeClient(): RealtimeClient {
  return useContext(RealtimeContext) ?? getDefaultRealtime();
}

/** The realtime of the nearest provider, or the default one. */
export function useRealtime(): Realtime {
  return useRealtimeClient();
}
