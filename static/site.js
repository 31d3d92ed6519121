// Everything works without this file. It adds the quick exit, a token for forms on cached pages, an empty form after
// the receipt, and focus on errors. It stores nothing and sends nothing that was typed.
(() => {
  "use strict";
  const all = (selector) => document.querySelectorAll(selector);
  const exit = document.querySelector("a[data-exit]");
  const form = document.querySelector("form.form");

  // Cover the page at once, then replace it, so that Back does not return here.
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

  // A cached page has no token: fetch one when the visitor focuses the form.
  if (form && !form.token.value) {
    form.addEventListener("focusin", async () => {
      try {
        const answer = await fetch("/contact/token");
        if (answer.ok) form.token.value = await answer.text();
      } catch {
        // The form is accepted without a token, too.
      }
    }, { once: true });
  }

  // Devices are shared: after the receipt, Back empties the restored form. Before it, Back keeps the answers.
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
    // The browser restores the answers after this event, so empty the form again later.
    if (form && sent()) [0, 50, 250].forEach((wait) => setTimeout(empty, wait));
    // For browsers without autofocus on a notice; the others have set the focus by the next frame.
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) document.querySelector("main [autofocus]")?.focus();
    });
  });
})();
