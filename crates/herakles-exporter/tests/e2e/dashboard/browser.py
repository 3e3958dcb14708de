"""Opens pages in headless Chromium and says what is wrong with how they look.

usage: browser.py CHROMIUM DIRECTORY < views.json

Each view is an object: name, url, width, dark, scripts, hover. For each a screenshot NAME.png is
written into DIRECTORY. Prints a JSON list of findings; an empty one is what a test hopes for.
Talks to the browser over the pipe of --remote-debugging-pipe, so nothing listens anywhere.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile

BOXES = open(os.path.join(os.path.dirname(__file__), "boxes.js"), encoding="utf-8").read()


class Browser:
    def __init__(self, chromium, profile):
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()

        def wire():
            os.dup2(to_read, 3)
            os.dup2(to_write, 4)

        # Descriptors 3 and 4 must not be those that are put there.
        keep = [os.dup(fd) for fd in (to_read, to_write)]
        to_read, to_write = keep
        self.process = subprocess.Popen(
            [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
             "--disable-background-networking", "--force-device-scale-factor=1",
             f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"],
            preexec_fn=wire, close_fds=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.buffer = b""
        self.last = 0
        self.events = []

    def send(self, method, session=None, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self):
        while b"\0" not in self.buffer:
            chunk = os.read(self.read_end, 1 << 16)
            if not chunk:
                raise RuntimeError("the browser ended")
            self.buffer += chunk
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def wait_for(self, method):
        while True:
            for index, event in enumerate(self.events):
                if event.get("method") == method:
                    return self.events.pop(index)
            self.events.append(self.receive())

    def close(self):
        self.send("Browser.close")
        self.process.wait()


def look(browser, view, directory):
    target = browser.send("Target.createTarget", url="about:blank")["targetId"]
    session = browser.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def send(method, **params):
        return browser.send(method, session, **params)

    browser.events.clear()
    for domain in ("Page", "Log", "Runtime", "Network"):
        send(f"{domain}.enable")
    width = view["width"]
    send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
         mobile=width < 500)
    scheme = "dark" if view.get("dark") else "light"
    send("Emulation.setEmulatedMedia",
         features=[{"name": "prefers-color-scheme", "value": scheme}])
    send("Emulation.setScriptExecutionDisabled", value=not view.get("scripts", True))
    send("Page.navigate", url=view["url"])
    browser.wait_for("Page.loadEventFired")
    send("Emulation.setScriptExecutionDisabled", value=False)

    def evaluate(expression):
        result = send("Runtime.evaluate", expression=expression, returnByValue=True,
                      awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{view['name']}: {result['exceptionDetails']}")
        return result["result"].get("value")

    found = list(evaluate(BOXES))
    for step in view.get("steps", []):
        if not evaluate(step):
            found.append(f"did not hold: {step}")
    height = int(evaluate("document.documentElement.scrollHeight"))
    shot = send("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                clip={"x": 0, "y": 0, "width": width, "height": min(height, 4000), "scale": 1})
    with open(os.path.join(directory, view["name"] + ".png"), "wb") as file:
        file.write(base64.b64decode(shot["data"]))
    for event in browser.events:
        method, params = event.get("method"), event.get("params", {})
        if method == "Page.javascriptDialogOpening":
            found.append("a dialog: " + params["message"])
        elif method == "Runtime.exceptionThrown":
            found.append("an exception: " + json.dumps(params["exceptionDetails"])[:500])
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            found.append("the console says: " + params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            found.append("the console says: " + json.dumps(params["args"])[:500])
        elif method == "Network.responseReceived" and params["response"]["status"] >= 400:
            found.append(f"{params['response']['status']} for {params['response']['url']}")
    browser.send("Target.closeTarget", targetId=target)
    return [f"{view['name']}: {what}" for what in found]


def main():
    chromium, directory = sys.argv[1:]
    views = json.load(sys.stdin)
    os.makedirs(directory, exist_ok=True)
    findings = []
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(chromium, profile)
        try:
            for view in views:
                findings += look(browser, view, directory)
        finally:
            browser.close()
    json.dump(findings, sys.stdout, ensure_ascii=False, indent=1)


main()
