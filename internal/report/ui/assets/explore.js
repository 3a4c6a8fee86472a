// The plot of a run that answers to the pointer: choose graph, keys, GOMAXPROCS, rate, measure and crawlers; a point
// links to its cell.
const section = document.getElementById("explore");
if (section && window.uPlot) {
  const data = JSON.parse(document.getElementById("points").textContent);
  const cells = data.cells || [];
  if (cells.length) start(section, data, cells);
}

function start(section, data, cells) {
  const dials = section.querySelector(".dials"), canvas = section.querySelector(".canvas"), chosen = section.querySelector(".chosen"), readout = section.querySelector(".readout");
  const si = v => { for (const [f, p] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) if (Math.abs(v) >= f * .9995) return (v / f).toPrecision(3) + p; return v >= 1 || v === 0 ? Number(v.toPrecision(3)) + "" : v.toPrecision(2); };
  const time = v => v < 1e-6 ? (v * 1e9).toFixed(0) + " ns" : v < 1e-3 ? (v * 1e6).toPrecision(3) + " µs" : v < 1 ? (v * 1e3).toPrecision(3) + " ms" : v.toPrecision(3) + " s";
  const measures = {
    speed: {text: "pages/s", write: si}, versus: {text: "times " + data.baseline, write: v => si(v) + "x"},
    cpu: {text: "processor time per page", write: time}, share: {text: "share of the upper bound", write: v => (100 * v).toFixed(0) + " %"},
  };
  const values = name => [...new Set(cells.map(c => c[name]))];
  const axes = {graph: "graph", keys: "keys", procs: "GOMAXPROCS", rate: "rate"};
  const dial = {};
  const add = (name, text, list, words) => {
    const label = document.createElement("label"), select = document.createElement("select");
    select.name = name;
    for (const v of list) select.add(new Option(words ? words(v) : v, v));
    label.append(text + " ", select);
    dials.append(label);
    dial[name] = select;
    select.onchange = draw;
  };
  for (const [name, text] of Object.entries(axes)) if (values(name).length > 1) add(name, text, values(name));
  add("measure", "show", Object.keys(measures).filter(m => cells.some(c => c[m][0] != null)), m => measures[m].text);
  const box = (parent, name, text, on, mark) => {
    const label = document.createElement("label"), input = document.createElement("input");
    input.type = "checkbox"; input.checked = on; input.name = name; input.onchange = draw;
    label.append(input, ...(mark ? [mark] : []), text);
    parent.append(label);
    return input;
  };
  const log = box(dials, "log", " logarithmic", false);
  const boxes = {};
  let plot = null;
  const color = i => getComputedStyle(canvas).getPropertyValue("--s" + i % 8);
  const shown = c => Object.keys(axes).every(a => !dial[a] || String(c[a]) === dial[a].value);
  const where = () => "of " + Object.keys(axes).filter(a => dial[a]).map(a => axes[a] + " " + dial[a].value).join(", ");

  function crawlers(here) {
    for (const c of here) {
      if (boxes[c.crawler]) continue;
      const mark = document.createElement("i");
      mark.style.setProperty("--c", `var(--s${c.color % 8})`);
      mark.className = ["", "dashed", "dotted"][Math.floor(c.color / 8) % 3];
      boxes[c.crawler] = box(chosen, "crawler-" + c.crawler, c.crawler, true, mark);
    }
  }

  function draw() {
    const here = cells.filter(shown), m = dial.measure.value;
    crawlers(here);
    const names = [...new Set(here.map(c => c.crawler))].filter(n => boxes[n].checked);
    const xs = [...new Set(here.map(c => c.workers))].sort((a, b) => a - b);
    const rows = [xs], series = [{label: "workers"}], bands = [], by = [null];
    for (const name of names) {
      const own = here.filter(c => c.crawler === name), find = x => own.find(c => c.workers === x);
      const of = i => xs.map(x => { const c = find(x); return c && c[m][i] != null ? c[m][i] : null; });
      const stroke = color(own[0].color), dash = [undefined, [7, 4], [2, 3]][Math.floor(own[0].color / 8) % 3];
      rows.push(of(0)); series.push({label: name, stroke, dash, width: 2, spanGaps: true, points: {show: true, size: 8, fill: stroke}}); by.push(find);
      if (of(1).some(v => v != null)) {
        rows.push(of(2), of(1)); by.push(null, null);
        series.push({stroke: "transparent", points: {show: false}}, {stroke: "transparent", points: {show: false}});
        bands.push({series: [rows.length - 2, rows.length - 1], fill: stroke + "2e"});
      }
    }
    const ink = getComputedStyle(document.body).color, rule = {stroke: getComputedStyle(canvas).getPropertyValue("--rule"), width: 1};
    const write = measures[m].write;
    if (plot) plot.destroy();
    plot = new uPlot({
      width: Math.max(280, canvas.clientWidth), height: 380, legend: {show: false},
      cursor: {y: true, points: {size: 11}, drag: {x: true, y: true, uni: 30}},
      scales: {x: {time: false, distr: xs.length > 1 ? 3 : 1, log: 2}, y: log.checked ? {distr: 3} : {range: (u, lo, hi) => u.zoomed ? [lo, hi] : [0, (hi || 1) * 1.05]}},
      axes: [{stroke: ink, grid: rule, ticks: rule, label: "workers", labelSize: 22, size: 40, splits: () => xs, values: (u, vs) => vs.map(v => v == null ? "" : v)},
        {stroke: ink, grid: rule, ticks: rule, size: 68, values: (u, vs) => vs.map(v => v == null ? "" : write(v))}],
      series, bands,
      hooks: {setCursor: [u => tell(near(u))], setSelect: [u => { u.zoomed = true; }]},
    }, rows, canvas);
    plot.over.setAttribute("role", "img");
    plot.over.setAttribute("aria-label", measures[m].text + " by workers, " + names.join(", ") + " " + where() + "; the tables below have the numbers");
    plot.over.addEventListener("dblclick", () => { plot.zoomed = false; });
    plot.over.addEventListener("click", () => { const hit = near(plot); if (hit && !plot.select.width) location.href = hit.href; });

    function near(u) {
      let best = null, far = 30;
      if (u.cursor.left < 0) return null;
      by.forEach((find, i) => {
        if (!find) return;
        rows[i].forEach((v, k) => {
          if (v == null) return;
          const d = Math.hypot(u.valToPos(xs[k], "x") - u.cursor.left, u.valToPos(v, "y") - u.cursor.top);
          if (d < far) { far = d; best = find(xs[k]); }
        });
      });
      return best;
    }
    function tell(c) {
      plot.over.style.cursor = c ? "pointer" : "crosshair";
      if (!c) return;
      const [v, lo, hi] = c[m], ends = lo != null && hi != null ? ` [${write(lo)}, ${write(hi)}]` : "";
      readout.replaceChildren(`${c.crawler}, ${c.workers} worker${c.workers > 1 ? "s" : ""}: ${write(v)}${ends} `, Object.assign(document.createElement("a"), {href: c.href, textContent: "open the cell"}));
    }
  }
  section.hidden = false;
  draw();
  let width = canvas.clientWidth;
  addEventListener("resize", () => { if (canvas.clientWidth !== width) { width = canvas.clientWidth; draw(); } });
  matchMedia("(prefers-color-scheme:dark)").addEventListener("change", draw);
}
