import { useQuery } from "@tanstack/react-query";
import type { Page, UserRef } from "@vestnik/client";
import { useRealtime } from "@vestnik/client/react";

/** The people whom this person may write to. */
export function useContacts() {
  const { api } = useRealtime();
  return useQuery({
    queryKey: ["contacts"],
    queryFn: async () => (await api.get<Page<UserRef>>("/api/contacts/")).results,
  });
}
