// The site is whole without this file. It adds: leaving quickly, a token for forms on shared pages, an empty form
// after the receipt, and the focus on what went wrong. It stores nothing and sends nothing that was typed.
(() => {
  "use strict";
  const all = (selector) => document.querySelectorAll(selector);
  const exit = document.querySelector("a[data-exit]");
  const form = document.querySelector("form.form");

  // Leaving: cover the page at once, then replace it, so that Back does not return here.
  const leave = (event) => {
    event?.preventDefault();
    const cover = document.createElement("div");
    cover.className = "exit-overlay";
    cover.setAttribute("role", "alert");
    cover.textContent = "Leaving this page";
    document.body.append(cover);
    location.replace(exit.href);
  };
  if (exit) {
    let pressed = [];
    for (const link of all("a[data-exit]")) link.addEventListener("click", leave);
    // Three presses of Shift within five seconds, with no other key between.
    addEventListener("keydown", (event) => {
      if (event.repeat) return;
      if (event.key !== "Shift") return void (pressed = []);
      pressed = [...pressed.filter((at) => event.timeStamp - at < 5000), event.timeStamp];
      if (pressed.length === 3) leave();
    });
  }

  // A page that everybody shares has no token of its own: fetch one when somebody begins to write.
  if (form && !form.token.value) {
    form.addEventListener("focusin", async () => {
      try {
        const answer = await fetch("/contact/token");
        if (answer.ok) form.token.value = await answer.text();
      } catch {
        // Without a token the form is taken just the same.
      }
    }, { once: true });
  }

  // Back after the receipt: devices are shared, so the restored words go. Back before it keeps them.
  const sent = () => {
    const here = window.navigation?.currentEntry?.index ?? -1;
    const after = here < 0 ? [] : navigation.entries().slice(here + 1);
    return after.some((entry) => entry.url && new URL(entry.url).pathname === "/contact/received");
  };
  const empty = () => {
    for (const field of form.elements) {
      if (field.type === "radio" || field.type === "checkbox") field.checked = false;
      else if (field.type !== "hidden") field.value = "";
    }
  };
  addEventListener("pageshow", () => {
    for (const cover of all(".exit-overlay")) cover.remove();
    // The browser restores what was typed after this event, so look again a moment later.
    if (form && sent()) [0, 50, 250].forEach((wait) => setTimeout(empty, wait));
    // Where the browser does not know autofocus on a notice; it is done with its own by the next frame.
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) document.querySelector("main [autofocus]")?.focus();
    });
  });
})();
