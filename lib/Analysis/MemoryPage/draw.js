// The two charts. Buffers are painted into the pixels themselves, beside an array that says whose pixel
// each is: a hundred thousand can be drawn while the mouse moves, and what is under the cursor is a look-up.

const COLORS = ["#4e79a7", "#e15759", "#59a14f", "#f2b447", "#b07aa1", "#76b7b2", "#9c755f", "#bab0ac"];
const LEFT = 74, BOTTOM = 20;

function toPixel(color, shade) {
  const part = (at) => Math.round(parseInt(color.slice(at, at + 2), 16) * shade);
  return (255 << 24 | part(5) << 16 | part(3) << 8 | part(1)) >>> 0;
}

// Fits a canvas to its place on the page, in the screen's own pixels; its plot is right of LEFT, above BOTTOM.
function fit(canvas) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  return { context, ratio, width: Math.max(1, width - LEFT), height: Math.max(1, height - BOTTOM) };
}

// About `count` round numbers between two.
function ticks(from, to, count, base) {
  const rough = (to - from) / count;
  let step = Math.pow(base, Math.floor(Math.log(rough) / Math.log(base)));
  for (const factor of base === 2 ? [2] : [2, 5, 10]) if (step < rough) step = step * factor >= rough ? step * factor : step;
  while (step < rough) step *= base;
  const found = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) found.push(at);
  return found;
}

function drawAxes(plot, view, low, high) {
  const { context, width, height } = plot;
  context.fillStyle = "#667085";
  context.strokeStyle = "#d9dee7";
  context.lineWidth = 1;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const at of ticks(low, high, 5, 2)) {
    const y = height - (at - low) / (high - low) * height;
    context.beginPath(); context.moveTo(LEFT - 4, y); context.lineTo(LEFT, y); context.stroke();
    context.fillText(formatBytes(Math.round(at)), LEFT - 7, Math.max(6, y));
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const at of ticks(view.x0, view.x1, 10, 10)) {
    if (at !== Math.round(at)) continue;
    const x = LEFT + (at - view.x0) / (view.x1 - view.x0) * width;
    context.fillText(String(at), Math.min(x, LEFT + width - 14), height + 5);
  }
}

function drawMark(plot, view, position, color, label) {
  const { context, width, height } = plot;
  const x = LEFT + (position + 0.5 - view.x0) / (view.x1 - view.x0) * width;
  if (x < LEFT || x > LEFT + width) return;
  context.strokeStyle = color;
  context.setLineDash([4, 3]);
  context.beginPath(); context.moveTo(x, 0); context.lineTo(x, height); context.stroke();
  context.setLineDash([]);
  if (!label) return;
  context.fillStyle = color;
  context.textBaseline = "top";
  context.textAlign = x > LEFT + width / 2 ? "right" : "left";
  context.fillText(label, x + (x > LEFT + width / 2 ? -5 : 5), 3);
}

// The position that a column of pixels stands for: the one of its positions with the most bytes.
function positionAt(m, view, x, width) {
  const scale = (view.x1 - view.x0) / width;
  const from = Math.max(0, Math.min(m.positions - 1, Math.floor(view.x0 + x * scale)));
  const to = Math.min(m.positions - 1, Math.max(from, Math.ceil(view.x0 + (x + 1) * scale) - 1));
  let best = from;
  for (let p = from + 1; p <= to; ++p) if (m.steps[p] > m.steps[best]) best = p;
  return best;
}

function drawArea(m, canvas, view, selected) {
  const plot = fit(canvas), { context, width, height } = plot, n = m.categories.length;
  const top = m.steps[m.peak] * 1.08 || 1;
  for (let x = 0; x < width; ++x) {
    const position = positionAt(m, view, x, width);
    let y = height;
    for (let c = 0; c < n; ++c) {
      const tall = m.sums[position * n + c] / top * height;
      context.fillStyle = COLORS[c];
      context.fillRect(LEFT + x, y - tall, 1, tall);
      y -= tall;
    }
  }
  drawAxes(plot, view, 0, top);
  drawMark(plot, view, m.peak, "#1c2330", "peak " + formatBytes(m.steps[m.peak]));
  if (selected !== m.peak) drawMark(plot, view, selected, "#d1495b", "@" + selected);
}

// Paints the buffers of the view and returns whose pixel each is; -1: nobody's.
function paintBuffers(m, plot, view) {
  const ratio = plot.ratio, w = Math.max(1, Math.round(plot.width * ratio)), h = Math.max(1, Math.round(plot.height * ratio));
  const image = plot.context.createImageData(w, h), pixels = new Uint32Array(image.data.buffer);
  const owner = new Int32Array(w * h).fill(-1);
  const fill = COLORS.map((color) => toPixel(color, 1)), edge = COLORS.map((color) => toPixel(color, 0.72));
  const sx = w / (view.x1 - view.x0), sy = h / (view.y1 - view.y0);
  pixels.fill(0xfff9f6f4);
  for (const i of m.paintOrder) {
    let left = Math.floor((m.first[i] - view.x0) * sx), right = Math.floor((m.last[i] + 1 - view.x0) * sx);
    let low = Math.floor((m.offset[i] - view.y0) * sy), high = Math.floor((m.offset[i] + m.bytes[i] - view.y0) * sy);
    if (right <= left) right = left + 1;
    if (high <= low) high = low + 1;
    if (right <= 0 || left >= w || high <= 0 || low >= h) continue;
    const wide = right - left >= 4, tall = high - low >= 4;
    const l = Math.max(0, left), r = Math.min(w, right), c = m.category[i];
    // Row 0 of the image is the top.
    const y0 = h - Math.min(h, high), y1 = h - Math.max(0, low);
    if (y1 - y0 === 1) {
      // Neighbours that live equally long and share a row of pixels look the same.
      const there = owner[y0 * w + l];
      if (there >= 0 && m.first[there] === m.first[i] && m.last[there] === m.last[i] && m.category[there] === c) continue;
    }
    for (let y = y0; y < y1; ++y) {
      const row = y * w, isEdge = tall && y === h - high;
      pixels.fill(isEdge ? edge[c] : fill[c], row + l, row + r);
      owner.fill(i, row + l, row + r);
      if (wide && tall && left >= 0) pixels[row + left] = edge[c];
    }
  }
  plot.context.putImageData(image, Math.round(LEFT * ratio), 0);
  return { owner, w, h };
}

function outline(m, plot, view, i, color) {
  const { context, width, height } = plot;
  const sx = width / (view.x1 - view.x0), sy = height / (view.y1 - view.y0);
  context.save();
  context.beginPath(); context.rect(LEFT, 0, width, height); context.clip();
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.strokeRect(LEFT + (m.first[i] - view.x0) * sx, height - (m.offset[i] + m.bytes[i] - view.y0) * sy,
    Math.max(2, (m.last[i] + 1 - m.first[i]) * sx), Math.max(2, m.bytes[i] * sy));
  context.restore();
}

// Returns the painted pixels' owners, for hit tests.
function drawMap(m, canvas, view, selected, marked) {
  const plot = fit(canvas), painted = paintBuffers(m, plot, view);
  drawAxes(plot, view, view.y0, view.y1);
  drawMark(plot, view, m.peak, "#1c2330", "");
  if (selected !== m.peak) drawMark(plot, view, selected, "#d1495b", "");
  if (marked >= 0) outline(m, plot, view, marked, "#1c2330");
  return painted;
}
