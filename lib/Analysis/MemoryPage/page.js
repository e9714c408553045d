// The page: fills in text and tables, and answers the mouse. `#at=POSITION` in the address selects a
// place of the step.

(function () {
  const ROWS = 40;
  const $ = (id) => document.getElementById(id);
  const m = decode($("report").textContent);
  const whole = () => ({ x0: 0, x1: m.positions, y0: 0, y1: Math.max(1, m.arena) });
  let view = whole(), selected = m.peak, pinned = -1, hovered = -1, painted = null, waiting = false;

  function text(id, value) { $(id).textContent = value; }

  function fillHeader() {
    document.title = "Memory of " + m.title;
    text("title", "Memory of " + m.title);
    text("summary", "@" + m.program + " needs the most: " + formatBytes(m.steps[m.peak]) + " live at " + opText(m, m.peak) + ".");
    const totals = [["arena", formatBytes(m.arena)], ["arena above the lower bound", formatBytes(m.arena - m.lowerBound)],
      ["live at the peak", formatBytes(m.steps[m.peak])], ["buffers", formatExact(m.count)], ["ops", formatExact(m.positions - 1)]];
    for (const [name, bytes] of m.programs) if (name !== m.program) totals.push(["peak of @" + name, formatBytes(bytes)]);
    for (const [name, value] of totals) {
      const box = document.createElement("div"), bold = document.createElement("b");
      bold.textContent = value;
      box.append(bold, name);
      $("totals").append(box);
    }
  }

  function fillLegend() {
    const n = m.categories.length, spans = [];
    for (let c = 0; c < n; ++c) {
      const span = document.createElement("span"), swatch = document.createElement("i");
      swatch.style.background = COLORS[c];
      span.append(swatch, m.categories[c] + " " + formatBytes(m.sums[selected * n + c]));
      if (m.sums[selected * n + c]) spans.push(span);
    }
    $("legend").replaceChildren(...spans);
  }

  function fillTable() {
    const { count, rows } = largestAt(m, selected, ROWS);
    text("caption", "The largest of " + formatExact(count) + " buffers alive " +
      (selected === m.peak ? "at the peak" : "at position " + selected) + ", " + opText(m, selected));
    $("largest").replaceChildren(...rows.map((i) => {
      const row = document.createElement("tr");
      const cells = [formatBytes(m.bytes[i]), m.categories[m.category[i]], m.strings[m.shape[i]], m.strings[m.name[i]],
        m.strings[m.location[i]], m.first[i] + "–" + m.last[i], reason(m, i)];
      cells.forEach((value, k) => {
        const cell = row.insertCell();
        cell.textContent = value;
        if (k === 0) cell.className = "number";
      });
      row.addEventListener("click", () => pin(i));
      return row;
    }));
  }

  function draw() {
    waiting = false;
    drawArea(m, $("area"), view, selected);
    painted = drawMap(m, $("map"), view, selected, hovered >= 0 ? hovered : pinned);
  }
  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(draw);
  }

  function select(position) {
    selected = Math.max(0, Math.min(m.positions - 1, position));
    fillLegend();
    fillTable();
    redraw();
  }
  function pin(i) {
    pinned = i;
    text("pinned", i < 0 ? "" : describeBuffer(m, i));
    redraw();
  }

  // Where the mouse is in a plot, in its pixels; null outside.
  function inPlot(canvas, event) {
    const box = canvas.getBoundingClientRect();
    const x = event.clientX - box.left - LEFT, y = event.clientY - box.top;
    const width = box.width - LEFT, height = box.height - BOTTOM;
    return x >= 0 && x < width && y >= 0 && y < height ? { x, y, width, height } : null;
  }

  function bufferAt(at) {
    const x = Math.min(painted.w - 1, Math.floor(at.x / at.width * painted.w));
    const y = Math.min(painted.h - 1, Math.floor(at.y / at.height * painted.h));
    return painted.owner[y * painted.w + x];
  }

  function showTip(event, value) {
    const tip = $("tip");
    tip.style.display = value ? "block" : "none";
    if (!value) return;
    tip.textContent = value;
    tip.style.left = Math.max(4, Math.min(event.clientX + 16, window.innerWidth - tip.offsetWidth - 8)) + "px";
    const below = event.clientY + 18;
    tip.style.top = (below + tip.offsetHeight < window.innerHeight ? below : Math.max(4, event.clientY - tip.offsetHeight - 12)) + "px";
  }

  // Keeps a range of the view within [0, most] and not narrower than `least`.
  function clamp(from, to, most, least) {
    const size = Math.min(most, Math.max(least, to - from));
    const start = Math.max(0, Math.min(most - size, from + (to - from - size) / 2));
    return [start, start + size];
  }
  function look(x0, x1, y0, y1) {
    [x0, x1] = clamp(x0, x1, m.positions, Math.min(4, m.positions));
    [y0, y1] = clamp(y0, y1, Math.max(1, m.arena), Math.min(1024, Math.max(1, m.arena)));
    view = { x0, x1, y0, y1 };
    redraw();
  }

  function listen(canvas, isMap) {
    let drag = null;
    canvas.addEventListener("wheel", (event) => {
      const at = inPlot(canvas, event);
      if (!at) return;
      event.preventDefault();
      const factor = Math.exp((event.deltaY || event.deltaX) * 0.0015), dx = view.x1 - view.x0, dy = view.y1 - view.y0;
      const fx = event.altKey && isMap ? 1 : factor, fy = !isMap || event.shiftKey ? 1 : factor;
      const cx = view.x0 + at.x / at.width * dx, cy = view.y1 - at.y / at.height * dy;
      look(cx - (cx - view.x0) * fx, cx + (view.x1 - cx) * fx, cy - (cy - view.y0) * fy, cy + (view.y1 - cy) * fy);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      const at = inPlot(canvas, event);
      if (!at) return;
      drag = { at, view, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const at = inPlot(canvas, event);
      if (drag && at) {
        const dx = (drag.at.x - at.x) / at.width * (view.x1 - view.x0);
        const dy = isMap ? (at.y - drag.at.y) / at.height * (view.y1 - view.y0) : 0;
        drag.moved = drag.moved || Math.abs(drag.at.x - at.x) + Math.abs(drag.at.y - at.y) > 3;
        if (drag.moved) look(drag.view.x0 + dx, drag.view.x1 + dx, drag.view.y0 + dy, drag.view.y1 + dy);
        return showTip(event, "");
      }
      const over = at && isMap ? bufferAt(at) : -1;
      if (over !== hovered) { hovered = over; redraw(); }
      showTip(event, !at ? "" : isMap ? (over < 0 ? "" : describeBuffer(m, over))
        : describePosition(m, positionAt(m, view, Math.floor(at.x), at.width)));
    });
    canvas.addEventListener("pointerup", (event) => {
      const at = inPlot(canvas, event);
      if (drag && !drag.moved && at) {
        if (isMap) pin(bufferAt(at));
        else select(positionAt(m, view, Math.floor(at.x), at.width));
      }
      drag = null;
    });
    canvas.addEventListener("pointercancel", () => { drag = null; });
    canvas.addEventListener("pointerleave", (event) => {
      hovered = -1;
      showTip(event, "");
      redraw();
    });
    canvas.addEventListener("dblclick", () => { view = whole(); redraw(); });
  }

  function followAddress() {
    const found = /^#at=(\d+)$/.exec(location.hash);
    if (found) select(Number(found[1]));
  }

  fillHeader();
  fillLegend();
  fillTable();
  listen($("area"), false);
  listen($("map"), true);
  $("whole").addEventListener("click", () => { view = whole(); redraw(); });
  $("near").addEventListener("click", () => {
    const half = Math.max(8, m.positions / 40);
    look(m.peak - half, m.peak + half, 0, m.arena);
  });
  window.addEventListener("resize", redraw);
  window.addEventListener("hashchange", followAddress);
  followAddress();
  draw();
  // Since the browser began to load the page.
  const took = Math.round(performance.now());
  document.documentElement.dataset.drawn = String(took);
  text("footer", "Written by train-compile. Loaded and drawn in " + took + " ms.");
})();
