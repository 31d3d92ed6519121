// In development only: waits for the next edition and reloads the page.
(async () => {
  "use strict";
  for (;;) {
    try {
      const answer = await fetch("/dev/changes");
      if (answer.status === 205) return location.reload();
      if (answer.status === 404) return;
    } catch {
      await new Promise((wake) => setTimeout(wake, 1000));
    }
  }
})();
