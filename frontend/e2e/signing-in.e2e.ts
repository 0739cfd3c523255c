/** Signing in, and what ends it. */
import { describe, expect } from "vitest";
import { until } from "./stage/patience.ts";
import { scene } from "./stage/scene.ts";

const STUDENT = "Маша Иванова";

describe("Signing in", () => {
  scene("a wrong password is told from a server that is away", async (stage) => {
    const visitor = await stage.visitor("visitor");
    await visitor.page.goto("/");
    await visitor.page.locator("input[name=username]").fill("student");
    await visitor.page.locator("input[name=password]").fill("wrong");
    await visitor.page.locator("button[type=submit]").click();
    await visitor.page.getByText("The user name or the password is wrong.").waitFor();

    await stage.site.killBackend();
    await visitor.page.locator("button[type=submit]").click();
    await visitor.page.getByText("The server cannot be reached right now.").waitFor();
    await stage.site.startBackend();
    await visitor.signIn("student");
  });

  scene(
    "signed out elsewhere: the page asks to sign in again at once, and the draft is there",
    async (stage) => {
      const teacher = await stage.person("teacher");
      await teacher.openRoom(STUDENT);
      await teacher.composer.fill("A thought that is not finished");
      await teacher.api("/api/auth/logout-all/", "POST");

      await teacher.page
        .getByRole("status")
        .filter({ hasText: /Sign in again|Войдите снова/ })
        .waitFor();
      await stage.picture(teacher, "signed-out");
      await teacher.signIn("teacher");
      await teacher.composer.waitFor();
      expect(await teacher.composer.inputValue()).toBe("A thought that is not finished");
    },
  );

  scene("an expired sign-in asks for another one; what waited goes out after it", async (stage) => {
    const [teacher, student] = await Promise.all([stage.person("teacher"), stage.person("student")]);
    await teacher.openRoom(STUDENT);
    await student.openRoom("Анна Сергеевна Петрова");
    await stage.site.killBackend();
    await teacher.trouble();
    await teacher.write("Written before I had to sign in again");
    await teacher.sees("Written before I had to sign in again", "queued", "sending");
    await teacher.composer.fill("And a draft");
    await stage.site.manage(
      "shell",
      "-c",
      "from knox.models import AuthToken; from django.utils import timezone; " +
        "AuthToken.objects.filter(user__username='teacher').update(expiry=timezone.now() - timezone.timedelta(hours=1))",
    );
    await stage.site.startBackend();
    await teacher.page.reload();

    await teacher.page
      .getByRole("status")
      .filter({ hasText: /Sign in again|Войдите снова/ })
      .waitFor();
    await teacher.signIn("teacher");
    await teacher.sees("Written before I had to sign in again", "stored", "read");
    expect(await teacher.composer.inputValue()).toBe("And a draft");
    await student.sees("Written before I had to sign in again", "received");
  });

  scene("signing out in one tab signs the other one out", async (stage) => {
    const parent = await stage.person("parent");
    const tab = await stage.tabOf(parent);
    await tab.page.goto("/chat");
    await tab.online();
    await parent.page.goto("/settings");
    await parent.page.getByTestId("sign-out").click();
    await parent.page.locator("input[name=password]").waitFor();
    await tab.page.locator("input[name=password]").waitFor();
  });

  scene("the console says where the socket is, and a token is nowhere to be read", async (stage) => {
    const student = await stage.person("student");
    await student.openRoom("Анна Сергеевна Петрова");
    await student.write("No secrets here");
    await student.sees("No secrets here", "stored", "read");
    await stage.site.killBackend();
    await student.trouble();
    await stage.site.startBackend();
    await student.online();
    await student.page.reload();
    await student.online();

    const line = `[WebSocket Config] Using base URL from VITE_WEBSOCKET_URL env var: ${stage.site.url.replace("http", "ws")}/ws`;
    await until("the console says which rule gave the address", () =>
      student.console.filter((each) => each.includes(line)),
    );
    expect(student.console.join("\n")).toMatch(
      /\[ChatWebSocket\] Connecting to room: \{ ?roomId: \d+, hasToken: true/,
    );
    // The sign-in token and a connection token: without them the search below would find nothing however they leaked.
    expect(student.tokens.size).toBeGreaterThanOrEqual(2);
    expect(student.tokens).toContain(await student.authToken());
    stage.expectNoTrouble();
  });
});
