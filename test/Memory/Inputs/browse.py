"""Opens a page of a memory report in headless Chromium and moves the mouse over it.

    browse.py REPORT.json PAGE.html [--time]

A script added to a copy of the page sends the events and writes down what the page shows; the report says
what it should be. --time only prints how long the page took to load and draw.
"""
import html
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Drawn at once and not with the next frame, so that all is done when the page has loaded.
AT_ONCE = "<script>window.requestAnimationFrame = (draw) => draw();</script>"
PROBE = """
<script>
const seen = { errors: [] };
window.onerror = (message) => { seen.errors.push(String(message)); };
function move(canvas, type, x, y, more) {
  const box = canvas.getBoundingClientRect();
  const options = Object.assign({ clientX: box.left + x, clientY: box.top + y, bubbles: true, pointerId: 1 }, more);
  canvas.dispatchEvent(type === "wheel" ? new WheelEvent(type, Object.assign({ cancelable: true }, options)) : new PointerEvent(type, options));
}
HTMLCanvasElement.prototype.setPointerCapture = () => {};
const report = @REPORT@;
const tip = document.getElementById("tip"), map = document.getElementById("map"), area = document.getElementById("area");
const shown = () => tip.style.display === "none" ? "" : tip.textContent;
// What lies under a place of the map, by the report, where the view is [x0, x1) x [y0, y1).
function expect(x, y, view) {
  const box = map.getBoundingClientRect(), width = box.width - 74, height = box.height - 20;
  const position = Math.floor(view.x0 + (x - 74) / width * (view.x1 - view.x0));
  const offset = view.y1 - y / height * (view.y1 - view.y0);
  const found = report.buffers.find((b) => b.first_use <= position && position <= b.last_use && b.offset <= offset && offset < b.offset + b.bytes);
  return found ? found.name : "";
}
// Compares where a buffer covers a few pixels around the place: at edges rounding decides.
function compare(view) {
  let right = 0, wrong = [];
  const box = map.getBoundingClientRect();
  for (let x = 90; x < box.width - 10; x += 17)
    for (let y = 8; y < box.height - 30; y += 9) {
      const name = expect(x, y, view);
      if ([[-1.5, 0], [1.5, 0], [0, -1.5], [0, 1.5]].some(([dx, dy]) => expect(x + dx, y + dy, view) !== name)) continue;
      move(map, "pointermove", x, y);
      if (name === "" && shown() !== "") continue;  // what is too small to see gets a pixel where nothing else is
      if (shown().split("\\n")[0] === name) right += 1;
      else wrong.push([x, y, name, shown().split("\\n")[0]]);
    }
  return { right, wrong: wrong.slice(0, 5) };
}
(() => {
  const n = report.steps.length, whole = { x0: 0, x1: n, y0: 0, y1: report.peak_bytes };
  seen.caption = document.getElementById("caption").textContent;
  seen.rows = Array.from(document.querySelectorAll("#largest tr"), (row) => Array.from(row.cells, (cell) => cell.textContent));
  seen.whole = compare(whole);
  // In by a factor of four about the middle of the plot, then a drag by a quarter of the plot to the right.
  const box = map.getBoundingClientRect(), width = box.width - 74, height = box.height - 20;
  // A wheel's place is a whole number of pixels of the window.
  const x = Math.round(box.left + 74 + width / 2) - box.left, y = Math.round(box.top + height / 2) - box.top;
  move(map, "wheel", x, y, { deltaY: -Math.log(4) / 0.0015 });
  const cx = (x - 74) / width * n, cy = (1 - y / height) * report.peak_bytes;
  const near = { x0: cx * 3 / 4, x1: cx * 3 / 4 + n / 4, y0: cy * 3 / 4, y1: cy * 3 / 4 + report.peak_bytes / 4 };
  seen.near = compare(near);
  move(map, "pointerdown", 74 + width / 2, height / 2);
  move(map, "pointermove", 74 + width * 3 / 4, height / 2);
  move(map, "pointerup", 74 + width * 3 / 4, height / 2);
  seen.moved = compare({ x0: near.x0 - n / 16, x1: near.x1 - n / 16, y0: near.y0, y1: near.y1 });
  move(map, "dblclick", 200, 100);
  // A click above selects a place of the step, a click on a buffer keeps its description.
  const at = 74 + (0.25 * n + 0.5) / n * width;
  move(area, "pointermove", at, 30);
  seen.position = shown();
  move(area, "pointerdown", at, 30); move(area, "pointerup", at, 30);
  seen.selected = document.getElementById("caption").textContent;
  move(map, "pointerdown", 200, height - 4); move(map, "pointerup", 200, height - 4);
  seen.pinned = document.getElementById("pinned").textContent;
  const out = document.createElement("pre");
  out.id = "seen";
  out.textContent = JSON.stringify(seen);
  document.body.append(out);
})();
</script>
"""


def dump(page):
    with tempfile.TemporaryDirectory() as profile:
        run = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}",
             "--window-size=1200,1000", "--dump-dom", pathlib.Path(page).resolve().as_uri()],
            capture_output=True, text=True, timeout=120, env=dict(os.environ, HOME=profile))
    return run.stdout


report_path, page_path = sys.argv[1:3]
if "--time" in sys.argv:
    drawn = re.search(r'data-drawn="(\d+)"', dump(page_path))
    assert drawn, "the page drew nothing"
    print(f"{os.path.getsize(page_path)} bytes, loaded and drawn in {drawn[1]} ms")
    sys.exit()

report = json.load(open(report_path))
with tempfile.TemporaryDirectory() as folder:
    copy = pathlib.Path(folder) / "page.html"
    text = pathlib.Path(page_path).read_text()
    text = text.replace("</head>", AT_ONCE + "</head>")
    copy.write_text(text.replace("</body>", PROBE.replace("@REPORT@", json.dumps(report)) + "</body>"))
    dom = dump(copy)
found = re.search(r'<pre id="seen">(.*?)</pre>', dom, re.S)
assert found, "the page did not answer: " + dom[-2000:]
seen = json.loads(html.unescape(found[1]))
assert not seen["errors"], seen["errors"]
for view, least in (("whole", 100), ("near", 50), ("moved", 50)):
    assert not seen[view]["wrong"], (view, seen[view]["wrong"])
    assert seen[view]["right"] >= least, (view, seen[view])

peak = report["peak"]["position"]
alive = [b for b in report["buffers"] if b["first_use"] <= peak <= b["last_use"]]
largest = sorted(alive, key=lambda b: -b["bytes"])[:40]
assert [row[3] for row in seen["rows"]] == [b["name"] for b in largest]
assert [row[1] for row in seen["rows"]] == [b["category"] for b in largest]
assert f"of {len(alive)} buffers alive at the peak" in seen["caption"], seen["caption"]

# The column under the click stands for the position of it with the most bytes.
selected = int(re.search(r"@(\d+)$", seen["selected"])[1])
assert abs(selected - len(report["steps"]) // 4) <= 2, seen["selected"]
assert report["ops"][selected]["name"] in seen["position"].split("\n")[0], seen["position"]
# At the bottom of the arena lie the parameters.
assert "parameters" in seen["pinned"] and "lives across steps" in seen["pinned"], seen["pinned"]
print({view: seen[view]["right"] for view in ("whole", "near", "moved")})
