"""A server of a few lines for the tests of stdio: legacy, or locked to the era of its first message."""
import json, os, sys, time

kind = sys.argv[1]
era = None
waiting = {}


def say(message):
    sys.stdout.write(json.dumps(dict(message, jsonrpc="2.0")) + "\n")
    sys.stdout.flush()


def result(id, value):
    say({"id": id, "result": value})


def log(text):
    with open(sys.argv[2], "a") as file:
        file.write(text + "\n")


def call(id, params):
    do = params["arguments"].get("do", "echo")
    text = str(os.getpid())
    if do == "wait":
        waiting["wait"] = id
        return
    if do == "release":
        result(waiting.pop("wait"), {"content": [], "n": "waited"})
    if do == "crash":
        print("boom", file=sys.stderr, flush=True)
        os._exit(3)
    if do == "deaf":
        time.sleep(600)
    if do == "stray":
        # An answer to what nobody asked, and two to one call.
        result(4711, {"content": [], "n": "for nobody"})
        result(id, {"content": [], "n": "first"})
        text = "second"
    if do == "env":
        text = ",".join(sorted(os.environ))
    if do == "elicit":
        waiting["e"] = id
        say({"id": "e", "method": "elicitation/create", "params": {"message": "m"}})
        return
    if do == "progress":
        for n in (1, 2):
            token = params["_meta"]["progressToken"]
            say({"method": "notifications/progress", "params": {"progressToken": token, "progress": n}})
    if do == "twice":
        sys.stdout.write('{"jsonrpc":"2.0","id":%d,"result":{},"result":{}}\n' % id)
        sys.stdout.flush()
        return
    result(id, {"content": [], "n": text})


print("a greeting that is no message", flush=True)
for line in sys.stdin:
    m = json.loads(line)
    method, id = m.get("method"), m.get("id")
    log(method or "answer " + json.dumps(m.get("result", m.get("error"))))
    if era is None and method is not None:
        era = "modern" if method == "server/discover" else "legacy"
    if method == "server/discover":
        if kind == "silent":
            continue
        if kind == "legacy" or era == "legacy":
            say({"id": id, "error": {"code": -32601, "message": "no"}})
        else:
            result(id, {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}})
    elif method == "initialize":
        if era == "modern":
            say({"id": id, "error": {"code": -32022, "message": "no"}})
        else:
            result(id, {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}})
    elif method == "tools/call":
        call(id, m["params"])
    elif method is None and m.get("id") == "e":
        result(waiting.pop("e"), {"content": [], "given": m.get("result")})
