// Keeps a page about runs in progress up to date: an event has the texts of elements by the id of their row and by field.
const at = document.querySelector("[data-events]");
if (at) {
  const events = new EventSource(at.dataset.events);
  const set = (row, fields) => {
    for (const [name, value] of Object.entries(fields)) {
      const field = row.querySelector(`[data-field="${name}"]`);
      if (!field) continue;
      if (field instanceof HTMLProgressElement) field.value = value;
      else if (field.textContent !== String(value)) field.textContent = value;
      if (name === "state") field.className = field.className.replace(/\b(running|interrupted|complete)\b/, value);
    }
  };
  events.addEventListener("progress", e => {
    const news = JSON.parse(e.data);
    if (news.fields) set(document, news.fields);
    for (const [id, fields] of Object.entries(news.rows || {})) {
      const row = document.getElementById(id);
      if (row) set(row, fields);
      else if (news.whole) location.reload(); // a run that was not there
    }
  });
  events.addEventListener("ended", () => { events.close(); location.reload(); });
  addEventListener("pagehide", () => events.close());
}
