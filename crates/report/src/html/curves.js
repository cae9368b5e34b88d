"use strict";
// Draws the page's curves from the data in it: hover or arrow keys to read them, drag or + and - to zoom, double click,
// Escape or the button for the whole; a legend's entry hides its curve.
(() => {
  const charts = JSON.parse(document.getElementById("curves").textContent);
  const COLORS = 7;
  const LEFT = 58, RIGHT = 14, TOP = 8, BOTTOM = 40;
  const SVG = "http://www.w3.org/2000/svg";

  const element = (name, attributes, parent) => {
    const made = document.createElement(name);
    Object.assign(made, attributes);
    if (parent) parent.append(made);
    return made;
  };
  const shape = (name, attributes, parent) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent.append(made);
    return made;
  };
  const color = (curve) => `var(--curve-${curve.color % COLORS})`;
  const dashed = (curve) => Math.floor(curve.color / COLORS) % 2 === 1;

  const short = (value) => {
    const size = Math.abs(value);
    const bare = (number) => String(Number(number.toPrecision(6)));
    if (size >= 1e9) return bare(value / 1e9) + "G";
    if (size >= 1e6) return bare(value / 1e6) + "M";
    if (size >= 1e4) return bare(value / 1e3) + "k";
    return size < 1e-12 ? "0" : bare(value);
  };
  const exact = (value) => value.toLocaleString("en", { maximumSignificantDigits: 6 });

  // Round numbers from low to high, about so many.
  const ticks = (low, high, about) => {
    const raw = (high - low) / Math.max(about, 1);
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * 0.999) * power;
    const found = [];
    for (let i = Math.ceil(low / step); i * step <= high && found.length < 50; i++) found.push(i * step);
    return found;
  };

  // The index of the point nearest to a place.
  const nearest = (points, x) => {
    let low = 0, high = points.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[middle][0] < x) low = middle + 1; else high = middle;
    }
    return low > 0 && x - points[low - 1][0] < points[low][0] - x ? low - 1 : low;
  };

  const mount = (figure) => {
    const chart = charts[Number(figure.dataset.chart)];
    const wide = figure.closest(".returns") !== null;
    const end = Math.max(1, ...chart.curves.map((curve) => curve.points[curve.points.length - 1][0]));
    const whole = [0, end];
    let view = whole, cursor = null, drag = null, scale = null;
    const hidden = new Set();
    const shown = () => chart.curves.filter((curve) => !hidden.has(curve));

    const legend = element("div", { className: "legend" });
    figure.insertBefore(legend, figure.querySelector("figcaption"));
    // A curve that is alone is what the title says.
    for (const curve of chart.curves.length > 1 ? chart.curves : []) {
      const button = element("button", { type: "button" }, legend);
      button.setAttribute("aria-pressed", "true");
      const sample = element("i", { className: dashed(curve) ? "dashed" : "" }, button);
      sample.style.color = color(curve);
      button.append(curve.label);
      button.addEventListener("click", () => {
        if (!hidden.delete(curve)) hidden.add(curve);
        button.setAttribute("aria-pressed", String(!hidden.has(curve)));
        draw();
      });
    }
    const plot = element("div", { className: "plot", tabIndex: 0 });
    plot.setAttribute("role", "application");
    plot.setAttribute("aria-label", `${chart.title}: ${chart.y} over ${chart.x}. Arrow keys read it, plus and minus zoom.`);
    figure.insertBefore(plot, figure.querySelector("figcaption"));
    const svg = shape("svg", {}, plot);
    const reset = element("button", { type: "button", className: "whole", textContent: "show all", hidden: true }, plot);
    const readout = element("div", { className: "readout", hidden: true }, plot);
    readout.setAttribute("role", "status");

    // From the lowest to the highest of what is in view.
    const extent = () => {
      let low = Infinity, high = -Infinity;
      for (const { points, band } of shown()) {
        points.forEach(([x, y], i) => {
          if (x < view[0] || x > view[1]) return;
          for (const value of i < band.length ? [y, ...band[i]] : [y]) {
            low = Math.min(low, value);
            high = Math.max(high, value);
          }
        });
      }
      if (low > high) [low, high] = scale ? scale.y : [0, 1];
      // What differs by rounding alone is one value.
      const flat = high - low <= 1e-9 * Math.max(Math.abs(low), Math.abs(high));
      const room = flat ? 0.5 * Math.max(Math.abs(low), 1) : 0.05 * (high - low);
      return [low - room, high + room];
    };

    const draw = () => {
      const width = plot.clientWidth || 320, height = wide ? Math.min(420, Math.max(260, width * 0.5)) : 240;
      const y = extent();
      const place = {
        x: (x) => LEFT + (x - view[0]) / (view[1] - view[0]) * (width - LEFT - RIGHT),
        y: (value) => TOP + (y[1] - value) / (y[1] - y[0]) * (height - TOP - BOTTOM),
      };
      scale = { width, height, y, place, back: (px) => view[0] + (px - LEFT) / (width - LEFT - RIGHT) * (view[1] - view[0]) };
      svg.replaceChildren();
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      svg.setAttribute("height", height);
      svg.setAttribute("data-view", view.join(" "));
      const bottom = height - BOTTOM;
      for (const tick of ticks(y[0], y[1], (bottom - TOP) / 38)) {
        const at = place.y(tick);
        shape("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: at, y2: at }, svg);
        shape("text", { x: LEFT - 6, y: at + 4, "text-anchor": "end" }, svg).textContent = short(tick);
      }
      for (const tick of ticks(view[0], view[1], (width - LEFT) / 90)) {
        const at = place.x(tick);
        shape("line", { class: "grid", x1: at, x2: at, y1: TOP, y2: bottom }, svg);
        shape("text", { x: at, y: bottom + 16, "text-anchor": at > width - 30 ? "end" : "middle" }, svg).textContent = short(tick);
      }
      shape("path", { class: "axis", fill: "none", d: `M${LEFT} ${TOP}V${bottom}H${width - RIGHT}` }, svg);
      shape("text", { x: (LEFT + width) / 2, y: height - 6, "text-anchor": "middle" }, svg).textContent = chart.x;
      const middle = (TOP + bottom) / 2;
      shape("text", { x: 12, y: middle, transform: `rotate(-90 12 ${middle})`, "text-anchor": "middle" }, svg).textContent = chart.y;
      const clip = `clip-${figure.dataset.chart}`;
      shape("rect", { x: LEFT, y: TOP - 4, width: width - LEFT - RIGHT + 4, height: bottom - TOP + 8 }, shape("clipPath", { id: clip }, svg));
      const curves = shape("g", { "clip-path": `url(#${clip})` }, svg);
      const path = (points) => points.map(([x, value], i) => `${i ? "L" : "M"}${place.x(x).toFixed(1)} ${place.y(value).toFixed(1)}`).join("");
      for (const curve of shown()) {
        const { points, band } = curve;
        if (band.length > 1) {
          const low = band.map(([value], i) => [points[i][0], value]), high = band.map(([, value], i) => [points[i][0], value]);
          shape("path", { class: "band", d: `${path(low)}${path(high.reverse()).replace("M", "L")}Z` }, curves).style.fill = color(curve);
        }
      }
      for (const curve of shown()) {
        const { points, of_all_runs: all } = curve;
        for (const [part, thin] of [[points.slice(0, all), ""], [points.slice(Math.max(all - 1, 0)), " thin"]]) {
          if (part.length < 2) continue;
          const line = shape("path", { class: `line${thin}`, d: path(part) }, curves);
          line.style.stroke = color(curve);
          if (dashed(curve)) line.style.strokeDasharray = "8 5";
        }
        if (curve.kind === "points" || points.length === 1) {
          for (const [x, value] of points) {
            if (x < view[0] || x > view[1]) continue;
            shape("circle", { cx: place.x(x).toFixed(1), cy: place.y(value).toFixed(1), r: 3 }, curves).style.fill = color(curve);
          }
        }
      }
      reset.hidden = view === whole;
      mark(shape("g", { "pointer-events": "none" }, svg));
    };

    // The cross, and what the curves say there.
    let marks = null;
    const mark = (group) => {
      marks = group || marks;
      marks.replaceChildren();
      const { place, width, height } = scale;
      if (drag && drag.now !== null) {
        const [from, to] = [drag.from, drag.now].sort((a, b) => a - b);
        shape("rect", { class: "chosen", x: from, width: to - from, y: TOP, height: height - TOP - BOTTOM }, marks);
      }
      readout.hidden = cursor === null || shown().length === 0;
      if (readout.hidden) return;
      readout.replaceChildren();
      const at = place.x(cursor);
      shape("line", { class: "cross", x1: at, x2: at, y1: TOP, y2: height - BOTTOM }, marks);
      for (const curve of shown()) {
        const i = nearest(curve.points, cursor), [x, value] = curve.points[i];
        if (x < view[0] || x > view[1]) continue;
        shape("circle", { cx: place.x(x), cy: place.y(value), r: 4.5 }, marks).style.fill = color(curve);
        const row = element("div", {}, readout);
        element("b", {}, row).style.background = color(curve);
        const interval = i < curve.band.length ? ` [${curve.band[i].map(exact).join(", ")}]` : "";
        row.append(`${chart.curves.length > 1 ? curve.label + " " : ""}${exact(value)}${interval} at ${exact(x)}`);
      }
      const right = at > width / 2;
      readout.style.left = right ? "auto" : `${Math.min(at + 12, width - readout.offsetWidth)}px`;
      readout.style.right = right ? `${Math.max(0, Math.min(width - at + 12, width - readout.offsetWidth))}px` : "auto";
    };

    const show = (from, to) => {
      const least = end / 10000;
      const [low, high] = [Math.max(whole[0], from), Math.min(whole[1], to)];
      view = low <= whole[0] && high >= whole[1] ? whole : high - low < least ? view : [low, high];
      draw();
    };
    const within = (event) => {
      const box = svg.getBoundingClientRect();
      return Math.min(scale.width - RIGHT, Math.max(LEFT, (event.clientX - box.left) * scale.width / box.width));
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      drag = { from: within(event), now: null };
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      const at = within(event);
      cursor = scale.back(at);
      if (drag && Math.abs(at - drag.from) > 8) drag.now = at;
      mark();
    });
    svg.addEventListener("pointerup", (event) => {
      const { from, now } = drag || { now: null };
      drag = null;
      cursor = scale.back(within(event));
      if (now === null) return mark();
      show(...[scale.back(from), scale.back(now)].sort((a, b) => a - b));
    });
    svg.addEventListener("pointercancel", () => { drag = null; cursor = null; mark(); });
    svg.addEventListener("pointerleave", () => { if (!drag) { cursor = null; mark(); } });
    svg.addEventListener("dblclick", () => show(...whole));
    reset.addEventListener("click", () => show(...whole));
    plot.addEventListener("blur", () => { cursor = null; mark(); });
    plot.addEventListener("keydown", (event) => {
      const longest = shown().reduce((a, b) => (b.points.length > a.points.length ? b : a), { points: [] }).points;
      const center = cursor === null ? (view[0] + view[1]) / 2 : cursor, span = view[1] - view[0];
      if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && longest.length > 0) {
        const step = event.key === "ArrowRight" ? 1 : -1;
        const next = cursor === null ? nearest(longest, center) : nearest(longest, cursor) + step;
        cursor = Math.min(view[1], Math.max(view[0], longest[Math.min(longest.length - 1, Math.max(0, next))][0]));
        mark();
      } else if (event.key === "+" || event.key === "=") show(center - span / 4, center + span / 4);
      else if (event.key === "-") show(center - span, center + span);
      else if (event.key === "Escape") show(...whole);
      else return;
      event.preventDefault();
    });
    new ResizeObserver(() => { if (!scale || plot.clientWidth !== scale.width) draw(); }).observe(plot);
    draw();
  };
  document.querySelectorAll("figure.chart").forEach(mount);
})();
