# SPDX-License-Identifier: Apache-2.0
"""For reload_signal.sh: reload_signal.py PIPE CLI SOCKET DAEMON ARGUMENT…. The daemon reads its configuration from PIPE, and so waits there for as long as somebody could write to
it. An agent's broker is away: what waits for it holds up its stop."""
import json, signal, subprocess, sys, time

pipe, cli, socket, *command = sys.argv[1:]


def too_late(number, frame):
    sys.exit("it hangs")


def says(text):
    for line in daemon.stderr:
        print(line, end="", file=sys.stderr)
        if text in line:
            return True
    return False


def waiting():
    asked = subprocess.run([cli, "status", "agent", "--socket", socket, "--output", "json"], stdout=subprocess.PIPE, check=True)
    return int(json.loads(asked.stdout)["outbox"]["waiting"])


def stop_agent():
    while waiting() == 0:
        time.sleep(0.05)
    print("waits")
    daemon.terminate()
    if says("notice: stopping"):
        print("stops")
    daemon.send_signal(signal.SIGHUP)
    daemon.terminate()
    print(f"ended-by-{-daemon.wait()}")


signal.signal(signal.SIGALRM, too_late)
signal.alarm(240)
daemon = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
try:
    with open(pipe, "w"):
        daemon.send_signal(signal.SIGHUP)
    if says("notice: running"):
        print("runs")
        with open(pipe, "w"):
            print("reads-anew")
        if socket.endswith("/agent.sock"):
            stop_agent()
        else:
            daemon.terminate()
            print(f"ended-with-{daemon.wait()}")
finally:
    daemon.kill()
