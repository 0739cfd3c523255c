import { useRef, useState } from "react";
import { useText } from "../../i18n/useText";
import { Button } from "../../ui/Button";
import { Mark } from "../../ui/Mark";
import { DEMO_ACCOUNTS, type DemoAccount } from "./demoAccounts";
import { type DemoCommand, demoCommand } from "./identity";

/** Four signed-in people side by side, in development; each frame keeps a sign-in of its own. */
export default function DemoPage() {
  const { t } = useText();
  return (
    <main className="flex min-h-full flex-col gap-4 bg-sunken p-4">
      <header className="flex items-center gap-4">
        <Mark size={40} />
        <div>
          <h1 className="text-xl font-bold tracking-tight">{t("demo.title")}</h1>
          <p className="text-sm text-ink-soft">{t("demo.hint")}</p>
        </div>
      </header>
      <div className="grid flex-1 grid-cols-1 gap-4 md:grid-cols-2 2xl:grid-cols-4">
        {DEMO_ACCOUNTS.map((account) => (
          <DemoView key={account} account={account} />
        ))}
      </div>
    </main>
  );
}

function DemoView({ account }: { account: DemoAccount }) {
  const { t } = useText();
  const frame = useRef<HTMLIFrameElement>(null);
  const [dropped, setDropped] = useState(false);
  const say = (command: DemoCommand) => {
    frame.current?.contentWindow?.postMessage(demoCommand(command), window.location.origin);
    setDropped(command === "drop");
  };
  return (
    <section
      aria-label={t(`role.${account}`)}
      className="flex min-h-144 flex-col overflow-hidden rounded-2xl border border-line bg-surface"
    >
      <header className="flex items-center justify-between gap-2 border-b border-line px-3 py-1.5">
        <h2 className="font-semibold">{t(`role.${account}`)}</h2>
        <Button
          small
          look={dropped ? "primary" : "outline"}
          onClick={() => say(dropped ? "restore" : "drop")}
        >
          {dropped ? t("demo.restore") : t("demo.drop")}
        </Button>
      </header>
      <iframe ref={frame} src={`/?as=${account}`} title={t(`role.${account}`)} className="w-full flex-1" />
    </section>
  );
}
