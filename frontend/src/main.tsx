import { configureRealtime, getDefaultRealtime } from "@vestnik/client";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { demoIdentity, obeyDemoPage, storageOf } from "./features/account/identity";
import { applyTheme } from "./features/account/theme";
import { activateLocale, preferredLocale } from "./i18n/locale";
import "./styles.css";

applyTheme();

const identity = demoIdentity();
if (identity) configureRealtime({ tokenStorage: storageOf(identity), tabs: `vestnik-demo-${identity}` });

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element with the id root");

const realtime = getDefaultRealtime();
if (identity) obeyDemoPage(realtime);
realtime.connect();
await activateLocale(preferredLocale());
createRoot(root).render(<App realtime={realtime} demoIdentity={identity} />);
