// Each picture of lines can be exchanged for a plot that shows values and zooms.
for (const data of document.querySelectorAll("script.live")) {
  const figure = data.closest("figure"), picture = figure.querySelector("svg"), live = JSON.parse(data.textContent);
  const button = document.createElement("button");
  button.className = "zoom";
  button.textContent = "zoom and read values";
  let plot = null;
  button.onclick = () => {
    if (plot) {
      plot.destroy();
      plot = null;
      picture.style.display = "";
      button.textContent = "zoom and read values";
      return;
    }
    const style = getComputedStyle(picture), ink = getComputedStyle(document.body).color;
    const grid = {stroke: style.getPropertyValue("--rule"), width: 1}, ticks = grid;
    const short = v => v == null ? "" : Math.abs(v) >= 1e6 ? (v / 1e6).toPrecision(3) + "M" : Math.abs(v) >= 1e3 ? (v / 1e3).toPrecision(3) + "k" : String(v);
    picture.style.display = "none";
    plot = new uPlot({
      width: figure.clientWidth, height: 300,
      scales: {x: {time: false, distr: 3, log: 2}, y: {range: (u, lo, hi) => [0, hi * 1.05]}},
      axes: [{stroke: ink, grid, ticks, label: "workers", labelSize: 20}, {stroke: ink, grid, ticks, size: 60, values: (u, vs) => vs.map(short)}],
      series: [{label: "workers"}].concat(live.series.map(s => ({
        label: s.name, stroke: style.getPropertyValue("--s" + s.color % 8), dash: [undefined, [7, 4], [2, 3]][Math.floor(s.color / 8) % 3], width: 2, spanGaps: true, points: {show: true}, value: (u, v) => short(v),
      }))),
    }, [live.x].concat(live.series.map(s => s.y)), figure);
    figure.append(button);
    button.textContent = "back to the picture with intervals";
  };
  figure.append(button);
}
const open = () => {
  const cell = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (cell instanceof HTMLDetailsElement) { cell.open = true; cell.scrollIntoView(); }
};
addEventListener("hashchange", open);
addEventListener("beforeprint", () => document.querySelectorAll("details:not(.cell)").forEach(d => d.open = true));
open();
