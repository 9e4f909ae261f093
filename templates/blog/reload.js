// Only in the preview: loads the page again when a post was saved.
(() => {
  const seen = document.currentScript.dataset.version;
  const ask = async () => {
    try {
      const answer = await fetch("/-/version", { cache: "no-store" });
      if (answer.ok && (await answer.text()) !== seen) location.reload();
    } catch {
      // The preview has ended, or is just starting again.
    }
    setTimeout(ask, 700);
  };
  setTimeout(ask, 700);
})();
