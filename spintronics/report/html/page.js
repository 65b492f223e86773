"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const COLOURS = 8;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function drawn(name, attributes = {}, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

const digits = (value, n = 4) => Number(value.toPrecision(n)).toLocaleString("en", { maximumSignificantDigits: n });
const colour = (n) => `var(--c${n % COLOURS})`;

function say(text) {
  const said = document.getElementById("said");
  said.textContent = text;
  setTimeout(() => { if (said.textContent === text) said.textContent = ""; }, 3000);
}

/* Axes: round numbers within [low, high], about `count` of them. */
function ticks(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((n) => n * power >= raw);
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) found.push(n * step);
  return found;
}

/* A frame with axes; gives the drawing and what turns values into places. */
function frame(place, height, [left, right], [bottom, top], xTitle, yTitle) {
  const width = Math.max(place.clientWidth, 200);
  const margin = { left: 66, right: 12, top: 10, bottom: 34 };
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", tabindex: 0 });
  const x = (value) => margin.left + ((value - left) / (right - left || 1)) * (width - margin.left - margin.right);
  const y = (value) => height - margin.bottom - ((value - bottom) / (top - bottom || 1)) * (height - margin.top - margin.bottom);
  const back = (pixel) => left + ((pixel - margin.left) / (width - margin.left - margin.right)) * (right - left);
  for (const value of ticks(left, right, Math.max(2, width / 90))) {
    svg.append(drawn("line", { class: "axis", x1: x(value), x2: x(value), y1: y(bottom), y2: y(bottom) + 4 }));
    svg.append(drawn("text", { x: x(value), y: y(bottom) + 16, "text-anchor": "middle" }, digits(value)));
  }
  for (const value of ticks(bottom, top, 4)) {
    svg.append(drawn("line", { class: "axis", x1: margin.left, x2: width - margin.right, y1: y(value), y2: y(value) }));
    svg.append(drawn("text", { x: margin.left - 5, y: y(value) + 4, "text-anchor": "end" }, digits(value)));
  }
  svg.append(drawn("text", { x: width - margin.right, y: height - 4, "text-anchor": "end" }, xTitle));
  svg.append(drawn("text", { transform: `translate(11 ${margin.top}) rotate(-90)`, "text-anchor": "end" }, yTitle));
  const cursor = drawn("line", { class: "cursor", y1: margin.top, y2: y(bottom), visibility: "hidden" });
  svg.append(cursor);
  return { svg, x, y, back, cursor, width };
}

/* Pointer and arrow keys both choose a position among `count`. */
function explored(view, count, positionAt, show) {
  let at = 0;
  const choose = (n) => { at = Math.min(Math.max(n, 0), count - 1); show(at); };
  view.svg.addEventListener("pointermove", (event) => {
    const box = view.svg.getBoundingClientRect();
    choose(positionAt(view.back(((event.clientX - box.left) / box.width) * view.width)));
  });
  view.svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step) { event.preventDefault(); choose(at + step); }
  });
}

function histogram(place, panel) {
  const of = new Map(data.histograms.fan_ins.map((h) => [h.fan_in, h]));
  const fanIns = panel.references.map((r) => r.fan_in);
  const series = [];
  fanIns.forEach((fanIn, overlay) => {
    const h = of.get(fanIn);
    const bin = (h.last - h.first) / h.states[0].counts.length;
    for (const state of h.states) series.push({ ...state, fanIn, overlay, bin, first: h.first, shown: true, colour: colour(series.length) });
  });
  const chart = element("div", { class: "chart" });
  const readout = element("output");
  const legend = element("div", { class: "legend" });
  for (const s of series) {
    const button = element("button", { type: "button", "aria-pressed": "true", style: `--c: ${s.colour}`, "data-state": s.name }, s.name);
    button.addEventListener("click", () => {
      s.shown = !s.shown;
      button.setAttribute("aria-pressed", String(s.shown));
      draw();
    });
    legend.append(button);
  }
  const margins = element("ul", { class: "margins" });
  for (const r of panel.references)
    margins.append(element("li", {}, `fan-in ${r.fan_in}: reference ${digits(r.voltage)} mV; margin nominal ${digits(r.nominal)} mV, worst ${digits(r.worst)} mV; ${r.failures} of ${r.trials.toLocaleString("en")} trials fail`));
  place.append(element("h3", {}, panel.title), legend, chart, readout, margins);

  function draw() {
    const hs = fanIns.map((n) => of.get(n));
    const [left, right] = [Math.min(...hs.map((h) => h.first)), Math.max(...hs.map((h) => h.last))];
    const top = Math.max(...series.filter((s) => s.shown).flatMap((s) => s.counts.map((c) => c / s.bin)), 1);
    const view = frame(chart, 230, [left, right], [0, top], "sense voltage (mV)", "trials per mV");
    view.svg.setAttribute("aria-label", `${panel.title}: trials by sense voltage`);
    for (const s of series.filter((each) => each.shown)) {
      let path = `M${view.x(s.first)} ${view.y(0)}`;
      s.counts.forEach((count, n) => { path += `V${view.y(count / s.bin).toFixed(1)}H${view.x(s.first + (n + 1) * s.bin).toFixed(1)}`; });
      const filled = s.overlay === 0 ? 0.55 : 0;
      view.svg.append(drawn("path", { d: `${path}V${view.y(0)}Z`, fill: s.colour, "fill-opacity": filled, stroke: s.colour, "stroke-dasharray": s.overlay ? "4 2" : "none", "data-state": s.name }));
    }
    for (const r of panel.references) {
      view.svg.append(drawn("line", { class: "reference", x1: view.x(r.voltage), x2: view.x(r.voltage), y1: 10, y2: view.y(0) }));
      view.svg.append(drawn("text", { x: view.x(r.voltage) + 3, y: 20 + 13 * fanIns.indexOf(r.fan_in) }, fanIns.length > 1 ? `ref ${r.fan_in}` : "ref"));
    }
    const finest = series.reduce((a, b) => (b.bin < a.bin ? b : a)).bin;
    explored(view, Math.ceil((right - left) / finest), (value) => Math.floor((value - left) / finest), (n) => {
      const voltage = left + (n + 0.5) * finest;
      view.cursor.setAttribute("x1", view.x(voltage));
      view.cursor.setAttribute("x2", view.x(voltage));
      view.cursor.setAttribute("visibility", "visible");
      const here = series.filter((s) => s.shown).map((s) => ({ s, bin: Math.floor((voltage - s.first) / s.bin) })).filter(({ s, bin }) => s.counts[bin]);
      const words = here.map(({ s, bin }) => `${s.name}: ${s.counts[bin].toLocaleString("en")} trials in ${digits(s.first + bin * s.bin)} to ${digits(s.first + (bin + 1) * s.bin)} mV`);
      readout.textContent = words.join("; ") || `${digits(voltage)} mV: no trial`;
    });
    chart.replaceChildren(view.svg);
  }
  draw();
  return draw;
}

function waveforms(place, select) {
  data.waveforms.forEach((w, n) => select.append(element("option", { value: n }, w.name)));
  const preferred = data.waveforms.findIndex((w) => w.name === "AND 01");
  select.value = Math.max(preferred, 0);
  function draw() {
    place.replaceChildren();
    const wave = data.waveforms[select.value];
    for (const unit of new Set(wave.lines.map((line) => line.unit))) {
      const lines = wave.lines.filter((line) => line.unit === unit);
      const chart = element("div", { class: "chart" });
      const readout = element("output");
      const legend = element("p", { class: "legend" });
      lines.forEach((line, n) => { line.colour = colour(n); legend.append(element("span", { style: `border-bottom: 3px solid ${line.colour}` }, line.name)); });
      place.append(legend, chart, readout);
      const values = lines.flatMap((line) => line.values);
      const title = unit === "1" ? lines[0].name : `${unit.endsWith("V") ? "voltage" : "current"} (${unit})`;
      const view = frame(chart, 200, [wave.time[0], wave.time.at(-1)], [Math.min(0, ...values), Math.max(...values) * 1.05 || 1], "time (ns)", title);
      view.svg.setAttribute("aria-label", `${wave.name}: ${lines.map((line) => line.name).join(", ")} over time`);
      lines.forEach((line, n) => {
        const points = line.values.map((value, k) => `${view.x(wave.time[k]).toFixed(1)},${view.y(value).toFixed(1)}`).join(" ");
        view.svg.append(drawn("polyline", { points, fill: "none", stroke: line.colour, "stroke-width": 1.5, "stroke-dasharray": ["none", "6 3", "2 2", "8 2 2 2", "1 3"][n % 5] }));
      });
      explored(view, wave.time.length, (value) => { const n = wave.time.findIndex((t) => t >= value); return n < 0 ? wave.time.length - 1 : n; }, (n) => {
        view.cursor.setAttribute("x1", view.x(wave.time[n]));
        view.cursor.setAttribute("x2", view.x(wave.time[n]));
        view.cursor.setAttribute("visibility", "visible");
        readout.textContent = `${digits(wave.time[n])} ns: ${lines.map((line) => `${line.name} ${digits(line.values[n])} ${unit === "1" ? "" : unit}`.trim()).join(", ")}`;
      });
      chart.append(view.svg);
    }
  }
  select.addEventListener("change", draw);
  draw();
  return draw;
}

function breakdown(place, chart) {
  const select = element("select", { "aria-label": chart.title });
  chart.groups.forEach((group, n) => select.append(element("option", { value: n }, group.name)));
  const bars = element("div");
  const readout = element("output");
  const legend = element("p", { class: "legend" });
  place.append(element("h3", {}, chart.title), " ", select, bars, readout, legend);

  function draw() {
    const group = chart.groups[select.value || 0];
    const names = [...new Set(group.bars.flatMap((bar) => bar.parts.map(([name]) => name)))];
    const sums = group.bars.map((bar) => bar.parts.reduce((sum, [, value]) => sum + value, 0));
    const longest = Math.max(...sums);
    legend.replaceChildren(...names.map((name) => element("span", { style: `border-bottom: 3px solid ${colour(names.indexOf(name))}` }, name)));
    bars.replaceChildren();
    const parts = [];
    group.bars.forEach((bar, n) => {
      const line = element("div", { class: "parts" });
      for (const [name, value] of bar.parts) {
        const share = value / sums[n];
        const words = `${bar.label}, ${name}: ${digits(value)} ${chart.unit}, ${digits(100 * share, 3)} % of ${digits(sums[n])}`;
        const index = names.indexOf(name);
        const part = element("span", { style: `--c: ${colour(index)}; width: ${(100 * value) / longest}%`, role: "img", "aria-label": words, tabindex: parts.length ? -1 : 0, "data-part": name });
        if (index >= COLOURS) part.classList.add("striped");
        const show = () => { readout.textContent = words; };
        part.addEventListener("pointerenter", show);
        part.addEventListener("focus", show);
        parts.push(part);
        line.append(part);
      }
      bars.append(element("div", { class: "bar" }, element("span", {}, bar.label), line));
    });
    bars.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const next = parts[parts.indexOf(document.activeElement) + (step || 0)];
      if (!step || !next) return;
      event.preventDefault();
      document.activeElement.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    };
  }
  select.addEventListener("change", draw);
  draw();
}

/* Tables: sorted, copied, walked through; a number opens its chain. */
const content = (cell) => cell.dataset.n ?? (cell.textContent === "–" ? "" : cell.textContent);
const titles = (table) => [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim().replace(/\s+/g, " "));

function compare(a, b) {
  const [x, y] = [a, b].map((cell) => (cell.dataset.n === undefined ? NaN : Number(cell.dataset.n)));
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return a.textContent.localeCompare(b.textContent, "en");
}

function sort(table, header) {
  const down = header.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => (down ? -1 : 1) * compare(a.cells[header.cellIndex], b.cells[header.cellIndex]));
  table.tBodies[0].append(...rows);
}

function asCsv(table) {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map(content));
  return [titles(table), ...rows].map((row) => row.map(quoted).join(",")).join("\n") + "\n";
}

function asLatex(table) {
  const special = { "µ": "$\\mu$", "²": "$^2$", "Ω": "$\\Omega$", "°": "$^\\circ$", "–": "--", "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };
  const escaped = (text) => text.replace(/[&%$#_{}]/g, "\\$&").replace(/[µ²Ω°–~]/g, (c) => special[c]);
  const rows = [...table.tBodies[0].rows];
  const shown = [...table.tHead.rows[0].cells].flatMap((cell, n) => (cell.hidden ? [] : [n]));
  const right = shown.map((n) => rows.every((row) => row.cells[n].dataset.n !== undefined || row.cells[n].textContent === "–"));
  const line = (cells) => `${cells.map(escaped).join(" & ")} \\\\`;
  return [
    `\\begin{tabular}{${right.map((is) => (is ? "r" : "l")).join("")}}`, "\\toprule", line(shown.map((n) => titles(table)[n])), "\\midrule",
    ...rows.map((row) => line(shown.map((n) => row.cells[n].textContent))), "\\bottomrule", "\\end{tabular}", "",
  ].join("\n");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say("copied");
}

/* One cell of a table at a time is in the order of Tab. */
function focus(table, cell) {
  for (const other of table.querySelectorAll("td[tabindex='0']")) other.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus();
}

function labelsOf(table, chosen) {
  return [...chosen.parentElement.cells].flatMap((cell, n) => {
    const header = table.tHead.rows[0].cells[n];
    if (cell === chosen || cell.textContent === "–" || header.dataset.label === undefined) return [];
    return [`${titles(table)[n]} ${content(cell)}`];
  });
}

function openChain(table, cell) {
  focus(table, cell); // where focus goes back to
  const dialog = document.getElementById("chain");
  const title = titles(table)[cell.cellIndex];
  dialog.querySelector("h2").textContent = `${title}: ${cell.textContent}`;
  const steps = data.chains[cell.dataset.chain ?? cell.parentElement.dataset.chain].map((n) => data.steps[n]);
  const number = `Number: ${content(cell)} ${cell.dataset.unit ?? ""}`.trim();
  const items = [element("li", {}, `${number} (${[title, ...labelsOf(table, cell)].join("; ")})`)];
  for (const step of steps) {
    const text = step.href ? element("a", { href: step.href }, step.text) : step.text;
    if (step.href.startsWith("#")) text.addEventListener("click", () => { dialog.close(); reveal(step.href); });
    items.push(element("li", {}, `${step.title}: `, text));
  }
  dialog.querySelector("ol").replaceChildren(...items);
  dialog.showModal();
}

function reveal(hash) {
  const target = hash.length > 1 && document.getElementById(hash.slice(1));
  if (target && target.tagName === "DETAILS") target.open = true;
}

for (const table of document.querySelectorAll("table.data")) {
  const cells = table.querySelectorAll("td[data-n]");
  if (cells.length) cells[0].tabIndex = 0;
  table.tHead.addEventListener("click", (event) => {
    const header = event.target.closest("th");
    if (header) sort(table, header);
  });
  table.tBodies[0].addEventListener("click", (event) => {
    const cell = event.target.closest("td[data-n]");
    if (cell) openChain(table, cell);
  });
  table.tBodies[0].addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (!cell) return;
    if (event.key === "Enter") { if (cell.dataset.n !== undefined) openChain(table, cell); return; }
    const [down, across] = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key] ?? [0, 0];
    const rows = [...table.tBodies[0].rows];
    let [r, c] = [rows.indexOf(cell.parentElement) + down, cell.cellIndex + across];
    while (rows[r]?.cells[c] && rows[r].cells[c].dataset.n === undefined && across) c += across;
    const next = rows[r]?.cells[c];
    if (!(down || across) || !next) return;
    event.preventDefault();
    focus(table, next);
  });
  const tools = table.closest("details").querySelector(".tools");
  tools.addEventListener("click", (event) => {
    const how = event.target.dataset.copy;
    if (how) copy(how === "csv" ? asCsv(table) : asLatex(table));
  });
}

const redraws = [];
for (const panel of data.histograms.panels) redraws.push(histogram(document.getElementById("histograms"), panel));
if (data.waveforms.length) redraws.push(waveforms(document.getElementById("waves"), document.getElementById("transient")));
for (const chart of data.breakdowns) breakdown(document.getElementById("bars"), chart);

let width = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth !== width) { width = window.innerWidth; for (const draw of redraws) draw(); }
});
document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
for (const link of document.querySelectorAll('a[href^="#table-"]')) link.addEventListener("click", () => reveal(link.hash));
reveal(location.hash);
window.addEventListener("beforeprint", () => { for (const each of document.querySelectorAll("details")) each.open = true; });
document.documentElement.dataset.ready = "true";
