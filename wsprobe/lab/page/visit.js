"use strict";
/* Does the one visit that this page stands for, and hands in what script saw. */
addEventListener("load", async () => {
  const job = await (await fetch(location.pathname + "/job")).json();
  const { seen } = await runJob(job);
  await send(location.pathname, seen);
  document.title = "wsprobe: over";
});
