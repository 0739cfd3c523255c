import { Component, type ReactNode } from "react";
import { useText } from "../i18n/useText";
import { Button } from "../ui/Button";
import { Empty } from "../ui/Empty";
import { AlertIcon } from "../ui/icons";

/** The last resort: a mistake in the page shows a way out instead of a white screen. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}

function Broken() {
  const { t } = useText();
  return (
    <main className="h-full">
      <Empty icon={<AlertIcon size={28} />} title={t("common.broken")}>
        <p className="mb-4">{t("common.brokenHint")}</p>
        <Button look="primary" onClick={() => window.location.reload()}>
          {t("common.reload")}
        </Button>
      </Empty>
    </main>
  );
}
