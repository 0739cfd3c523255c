import { RequestError } from "@vestnik/client";
import { useConnection, useSession } from "@vestnik/client/react";
import { type FormEvent, useEffect, useState } from "react";
import { errorText } from "../../i18n/errors";
import { useText } from "../../i18n/useText";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { AlertIcon } from "../../ui/icons";
import { Mark } from "../../ui/Mark";
import { DEMO_ACCOUNTS, DEMO_PASSWORD } from "./demoAccounts";
import { LanguageSwitch } from "./LanguageSwitch";
import { chooseLanguageAtSignIn } from "./preferences";

interface SignInPageProps {
  /** Signs this demo account in without asking. */
  signInAs: string | null;
}

export function SignInPage({ signInAs }: SignInPageProps) {
  const { t } = useText();
  const { reason } = useConnection();
  const { signIn } = useSession();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const enter = async (name: string, secret: string) => {
    setBusy(true);
    setFailure(null);
    try {
      await signIn(name, secret);
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the view of a demo person opens
  useEffect(() => {
    if (signInAs) void enter(signInAs, DEMO_PASSWORD);
  }, [signInAs]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void enter(username.trim(), password);
  };

  const signedOut = reason?.kind === "signed-out-expired" || reason?.kind === "signed-out-revoked";
  return (
    <div className="grid min-h-full grid-rows-[1fr_auto] bg-paper">
      <main className="mx-auto flex w-full max-w-sm flex-col justify-center gap-7 px-5 py-10">
        <header className="flex flex-col gap-4">
          <Mark size={52} />
          <div>
            <h1 className="text-3xl font-bold tracking-tight">{t("app.name")}</h1>
            <p className="mt-1 text-ink-soft text-balance">{t("signIn.tagline")}</p>
          </div>
        </header>

        {signedOut && (
          <p role="status" className="rounded-lg bg-brass-soft p-3.5 text-sm">
            {t(reason.kind === "signed-out-expired" ? "signIn.expired" : "signIn.revoked")}
          </p>
        )}

        <form onSubmit={submit} className="flex flex-col gap-4" aria-label={t("signIn.title")}>
          <Field
            label={t("signIn.username")}
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            value={username}
            onChange={(event) => setUsername(event.target.value)}
          />
          <Field
            label={t("signIn.password")}
            name="password"
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
          <div aria-live="polite">
            {failure !== null && (
              <p className="flex gap-2 rounded-lg bg-danger-soft p-3 text-sm text-danger">
                <AlertIcon size={18} className="mt-0.5" />
                {failure instanceof RequestError && failure.status === 401
                  ? t("signIn.wrong")
                  : errorText(t, failure)}
              </p>
            )}
          </div>
          <Button look="primary" type="submit" disabled={busy}>
            {busy ? t("signIn.busy") : t("signIn.submit")}
          </Button>
        </form>

        {import.meta.env.DEV && (
          <section aria-labelledby="demo-accounts" className="border-t border-line pt-5">
            <h2 id="demo-accounts" className="text-sm text-ink-soft">
              {t("signIn.demo")}
            </h2>
            <div className="mt-3 grid grid-cols-2 gap-2">
              {DEMO_ACCOUNTS.map((account) => (
                <Button
                  key={account}
                  disabled={busy}
                  data-testid={`demo-${account}`}
                  onClick={() => void enter(account, DEMO_PASSWORD)}
                >
                  {t(`role.${account}`)}
                </Button>
              ))}
            </div>
            <a href="/demo" className="mt-4 inline-block text-sm text-accent underline underline-offset-4">
              {t("signIn.demoPage")}
            </a>
          </section>
        )}
      </main>
      <footer className="flex justify-center p-4">
        <LanguageSwitch onChoose={chooseLanguageAtSignIn} />
      </footer>
    </div>
  );
}
