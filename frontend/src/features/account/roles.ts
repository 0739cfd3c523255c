import type { MessageId } from "../../i18n/ids.gen";
import type { Translate } from "../../i18n/useText";

const ROLE_IDS: Record<string, MessageId> = {
  student: "role.student",
  teacher: "role.teacher",
  tutor: "role.tutor",
  parent: "role.parent",
  admin: "role.admin",
};

/** A role in words; a role that a project added by itself is shown as it is. */
export function roleText(t: Translate, role: string | undefined): string {
  if (!role) return "";
  const id = ROLE_IDS[role];
  return id ? t(id) : role;
}

/** Who has to do with invoices: a tutor issues them, a parent pays them. */
export function seesInvoices(role: string | undefined): boolean {
  return role === "tutor" || role === "parent" || role === "admin";
}
