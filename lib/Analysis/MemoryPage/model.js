// The report as typed arrays, and what can be asked about it: sums by category at every position,
// who is alive, and why, in words. Nothing here draws.

function decode(text) {
  const raw = JSON.parse(text), b = raw.buffers, o = raw.ops;
  const m = {
    title: raw.title, program: raw.program, strings: raw.strings, categories: raw.categories,
    arena: raw.arena, lowerBound: raw.lower_bound, peak: raw.peak, programs: raw.programs,
    steps: Float64Array.from(raw.steps), positions: raw.steps.length, count: b.bytes.length,
    name: Uint32Array.from(b.name), location: Uint32Array.from(b.location), shape: Uint32Array.from(b.shape),
    category: Uint8Array.from(b.category), bytes: Float64Array.from(b.bytes), offset: Float64Array.from(b.offset),
    first: Uint32Array.from(b.first), last: Uint32Array.from(b.last),
    uses: Uint32Array.from(b.uses), usesEnd: Uint32Array.from(b.uses_end), recompute: new Map(b.recompute),
    op: Uint32Array.from(o.name), opLocation: Uint32Array.from(o.location), opShape: Uint32Array.from(o.shape),
    milliseconds: Float64Array.from(o.ms), recomputed: new Set(o.recomputed),
  };
  m.sums = sumCategories(m);
  // Small ones first: where several share a pixel, the largest is painted last.
  m.paintOrder = Uint32Array.from({ length: m.count }, (_, i) => i)
    .sort((a, c) => m.bytes[a] - m.bytes[c] || a - c);
  return m;
}

// Bytes alive by category: sums[position * categories + category].
function sumCategories(m) {
  const n = m.categories.length, sums = new Float64Array((m.positions + 1) * n);
  for (let i = 0; i < m.count; ++i) {
    sums[m.first[i] * n + m.category[i]] += m.bytes[i];
    sums[(m.last[i] + 1) * n + m.category[i]] -= m.bytes[i];
  }
  for (let i = n; i < sums.length; ++i) sums[i] += sums[i - n];
  return sums;
}

function formatBytes(bytes) {
  const units = ["KiB", "MiB", "GiB", "TiB"];
  if (bytes < 1024) return bytes + " B";
  let unit = -1;
  while (unit < 3 && bytes >= 1024) { bytes /= 1024; ++unit; }
  return bytes.toFixed(2) + " " + units[unit];
}

function formatExact(bytes) { return String(bytes).replace(/\B(?=(\d{3})+$)/g, ","); }

function opText(m, position) {
  let name = m.strings[m.op[position]] || "op";
  if (name.length > 60) name = name.slice(0, 57) + "...";
  const place = m.strings[m.opLocation[position]];
  return name + (place ? " (" + place + ")" : "") + " @" + position;
}

function livesAlways(m, i) { return m.first[i] === 0 && m.last[i] === m.positions - 1; }

function usesOf(m, i) { return m.uses.subarray(i ? m.usesEnd[i - 1] : 0, m.usesEnd[i]); }

// The longest time that the buffer is alive and nobody touches it: [from, to], or null.
function longestWait(m, i) {
  const uses = usesOf(m, i);
  let best = null;
  for (let k = 1; k < uses.length; ++k)
    if (uses[k] - uses[k - 1] > (best ? best[1] - best[0] : 1)) best = [uses[k - 1], uses[k]];
  return best;
}

function reason(m, i) {
  if (livesAlways(m, i)) return "lives across steps";
  const text = m.first[i] === m.last[i] ? "only for " + opText(m, m.first[i])
    : "from " + opText(m, m.first[i]) + " to " + opText(m, m.last[i]);
  const wait = longestWait(m, i);
  return wait && wait[1] - wait[0] > 8 && wait[1] - wait[0] < m.last[i] - m.first[i]
    ? text + "; waits from " + opText(m, wait[0]) + " for " + opText(m, wait[1]) : text;
}

function describeBuffer(m, i) {
  const lines = [
    m.strings[m.name[i]],
    m.categories[m.category[i]] + (m.strings[m.shape[i]] ? "  " + m.strings[m.shape[i]] : "") + "  " +
      m.strings[m.location[i]],
    formatBytes(m.bytes[i]) + " (" + formatExact(m.bytes[i]) + " bytes) at offset " + formatExact(m.offset[i]),
    "alive at " + m.first[i] + " to " + m.last[i] + " of " + (m.positions - 1) + ", touched " + usesOf(m, i).length + " times",
    reason(m, i),
  ];
  const again = m.recompute.get(i);
  if (again !== undefined) lines.push("saved for the backward pass; computing it again: " + again.toFixed(3) + " ms predicted");
  return lines.join("\n");
}

function describePosition(m, position) {
  const n = m.categories.length, lines = [opText(m, position), "  " + m.strings[m.opShape[position]]];
  if (m.recomputed.has(position)) lines.push("  computed again");
  if (m.milliseconds[position]) lines.push("  " + m.milliseconds[position].toFixed(3) + " ms predicted");
  lines.push(formatBytes(m.steps[position]) + " alive");
  for (let c = 0; c < n; ++c)
    if (m.sums[position * n + c]) lines.push("  " + m.categories[c].padEnd(14) + formatBytes(m.sums[position * n + c]));
  return lines.filter((line) => line.trim()).join("\n");
}

// The largest buffers alive at a position.
function largestAt(m, position, most) {
  const live = [];
  for (let i = 0; i < m.count; ++i)
    if (m.first[i] <= position && position <= m.last[i]) live.push(i);
  live.sort((a, c) => m.bytes[c] - m.bytes[a] || a - c);
  return { count: live.length, rows: live.slice(0, most) };
}
