"""A short LSP session with the server named on the command line; prints what an editor would show."""

import json
import subprocess
import sys

WRONG = """
train.param @w : tensor<4xf32> init(#train.zeros)
train.graph @a() -> (loss: tensor<4xf32>) {
  %w = train.read @w : tensor<4xf32>
  train.return %w : tensor<4xf32>
}
"""
RIGHT = """
train.param @w : tensor<4xf32> init(#train.zeros)
train.graph @a() -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %y = train.relu %w : tensor<4xf32>
  %loss = train.reduce_sum %y over [0] : tensor<4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
"""

server = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def send(method, params, number=None):
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    if number is not None:
        message["id"] = number
    body = json.dumps(message).encode()
    server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    server.stdin.flush()


def receive(wanted):
    """The next message that `wanted` accepts."""
    while True:
        length = 0
        while line := server.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the server ended"
        message = json.loads(server.stdout.read(length))
        if wanted(message):
            return message


def open_document(name, text):
    uri = f"file:///{name}"
    send("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "mlir", "version": 1, "text": text}})
    show_diagnostics(name, uri)
    return uri


def change_document(name, version, line, start, end, text):
    uri = f"file:///{name}"
    where = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
    send("textDocument/didChange", {"textDocument": {"uri": uri, "version": version},
                                    "contentChanges": [{"range": where, "text": text}]})
    show_diagnostics(name, uri)


def show_diagnostics(name, uri):
    message = receive(lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"]["uri"] == uri)
    diagnostics = message["params"]["diagnostics"]
    for diagnostic in diagnostics:
        print(f"{name}: line {diagnostic['range']['start']['line'] + 1}: {diagnostic['message']}")
    if not diagnostics:
        print(f"{name}: no diagnostics")


send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 1)
info = receive(lambda m: m.get("id") == 1)["result"]
print("server:", "MLIR", "with hover" if info["capabilities"].get("hoverProvider") else "without hover")
send("initialized", {})
open_document("wrong.mlir", WRONG)
uri = open_document("right.mlir", RIGHT)
send("textDocument/hover", {"textDocument": {"uri": uri}, "position": {"line": 4, "character": 10}}, 2)
contents = receive(lambda m: m.get("id") == 2)["result"]["contents"]["value"]
print("hover:", " ".join(contents.split()))
# Nested beyond any stack, and by an edit within the line; undone, the document is as before.
open_document("deep.mlir", "\n  " + "(" * 1000000)
change_document("right.mlir", 2, 1, 0, 0, "\U0001d54f" + "<" * 300000)
change_document("right.mlir", 3, 1, 0, 300002, "")
send("shutdown", None, 3)
receive(lambda m: m.get("id") == 3)
send("exit", None)
server.stdin.close()
print("exit code", server.wait(timeout=60))
