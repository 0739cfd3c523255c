/** The accounts that `manage.py demo` creates; offered as buttons in development. */
export const DEMO_ACCOUNTS = ["student", "teacher", "tutor", "parent"] as const;

export type DemoAccount = (typeof DEMO_ACCOUNTS)[number];

export const DEMO_PASSWORD = "demo";
